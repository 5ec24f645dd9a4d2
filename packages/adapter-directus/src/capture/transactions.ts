import type { Knex } from 'knex'

/** The transaction of a mutation. Its promise settles with it; also one that was rolled back without an error resolves. */
export interface Transaction extends Knex {
  isTransaction: true
  executionPromise: Promise<unknown>
  parentTransaction?: Transaction
}

/** The outermost transaction that is open on this connection; null: none is. */
export function outermost(database: Knex): Transaction | null {
  if (!database.isTransaction) return null
  let transaction = database as Transaction
  while (transaction.parentTransaction !== undefined) transaction = transaction.parentTransaction
  return transaction
}

/** Resolves when it has ended: true if it was committed, as far as can be told. */
export function ended(transaction: Transaction | null): Promise<boolean> {
  if (transaction === null) return Promise.resolve(true)
  return transaction.executionPromise.then(
    () => true,
    () => false,
  )
}

/** Reads in a transaction of somebody else's: on Postgres a statement that fails would take it along, unless it is in a savepoint. */
export function withoutHarm<T>(database: Knex, read: (database: Knex) => Promise<T>): Promise<T> {
  const careful = database.isTransaction && database.client.dialect === 'postgresql'
  return careful ? database.transaction(read) : read(database)
}

/** MySQL has rolled the whole transaction back: whoever runs it has to hear of that, and tries again. */
export function isFatal(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if ((at as { code?: unknown }).code === 'ER_LOCK_DEADLOCK') return true
  return false
}
