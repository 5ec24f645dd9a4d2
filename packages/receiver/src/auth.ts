import { fail } from './errors.ts'

/** What functions that give secrets or tokens are called with. */
export interface AuthContext {
  /** What the host passed to `handle`: a worker's bindings, a runtime configuration. */
  env?: unknown
  /** A header of the request; empty if there is none. */
  header: (name: string) => string
}

/** A value, or how to get it for a request. */
export type PerRequest<Value> = Value | ((context: AuthContext) => Value | Promise<Value>)

export interface Credentials extends AuthContext {
  /** The body as it was sent. Rejects if the host did not keep it. */
  rawBody: () => Promise<Uint8Array>
  /** Epoch milliseconds. */
  now: () => number
}

/**
 * One way to know the sender: resolves with the index of the secret or token that matched, rejects with a ReceiverError,
 * CREDENTIALS_MISSING if the request holds nothing for it to look at.
 */
export type Authenticator = (credentials: Credentials) => Promise<number>

/**
 * Reads one or many secrets. Fixed ones are read at once, so that a receiver without any is never made; `read` refuses
 * one that is empty.
 */
export function listOf<Given, Key>(
  given: PerRequest<Given | readonly Given[]>,
  read: (secret: Given) => Key,
): (context: AuthContext) => Promise<[index: number, key: Key][]> {
  const readAll = (secrets: Given | readonly Given[]): [number, Key][] => {
    const list = [secrets].flat() as Given[]
    return list.length > 0 ? [...list.map(read).entries()] : fail(500, 'NOT_CONFIGURED', 'no secret')
  }
  const give = given as (context: AuthContext) => Given | readonly Given[]
  const fixed = typeof given !== 'function' && readAll(given as Given | readonly Given[])
  return async (context) => fixed || readAll(await give(context))
}
