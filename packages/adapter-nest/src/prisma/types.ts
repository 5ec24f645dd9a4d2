/** What is needed of Prisma 7, in words of our own: its client is generated, and has no types before that. */

/** What can run statements: the client of an interactive transaction, or a client itself. */
export interface PrismaTransactionClient {
  $queryRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<unknown>
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<number>
}

/** A `PrismaClient`, extended or not. */
export interface PrismaClientLike extends PrismaTransactionClient {
  $transaction<T>(
    work: (tx: PrismaTransactionClient) => Promise<T>,
    options?: { maxWait?: number; timeout?: number },
  ): PromiseLike<T>
}

/** A `provider` of Prisma's schema. */
export type Provider = 'postgresql' | 'cockroachdb' | 'mysql' | 'sqlite' | (string & {})

/** The database that a client, or that of a transaction, talks to. Not in its types, but in each since Prisma 2. */
export function providerOf(client: object): Provider {
  return (client as { _activeProvider?: Provider })._activeProvider ?? 'postgresql'
}

/** Under MySQL's own default an append waits for locks between rows, and a read does not see what a lock has waited for. */
export function readCommitted(provider: Provider): { isolationLevel?: 'ReadCommitted' } {
  return provider === 'sqlite' ? {} : { isolationLevel: 'ReadCommitted' }
}
