import type { Knex } from 'knex'

/** The transaction of a mutation. Its promise settles with it, and resolves also if it was rolled back without an error. */
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

const endings = new WeakMap<Transaction, Promise<boolean>>()

/** Resolves when it has ended: true if it was committed. To be asked for while it is open, at least once. */
export function ended(transaction: Transaction | null): Promise<boolean> {
  if (transaction === null) return Promise.resolve(true)
  let ending = endings.get(transaction)
  if (ending === undefined) {
    let undone = false
    transaction.client.on('query', ({ sql }: { sql: string }) => {
      if (/^ROLLBACK;?$/i.test(sql)) undone = true
    })
    ending = transaction.executionPromise.then(
      () => !undone,
      () => false,
    )
    endings.set(transaction, ending)
  }
  return ending
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
