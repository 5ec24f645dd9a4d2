/**
 * What the store needs of a client; a `Redis` or `Cluster` of ioredis 5 or 6 has it. Nothing else may block on it (no
 * `BLPOP`, no subscriptions): give the store `client.duplicate()` where yours does.
 */
export interface RedisClient {
  readonly status: string
  call(command: string, args: unknown[]): Promise<unknown>
  connect(): Promise<unknown>
  /** With `true` it connects again. */
  disconnect(reconnect?: boolean): void
  duplicate(): RedisClient
  // biome-ignore lint/suspicious/noExplicitAny: each event has listeners of its own type.
  on(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  off(event: string, listener: (...args: any[]) => void): unknown
}
