import type { SqlTransaction } from '../../ports.ts'
import type { HookEvent } from './types.ts'

interface KnexTransaction {
  isTransaction: true
  executionPromise?: Promise<unknown>
  parentTransaction?: KnexTransaction
}

/** What the notice of an event commits with. */
export function transactionOf({ transaction, database }: HookEvent): SqlTransaction | undefined {
  if (transaction !== undefined) return transaction ?? undefined
  return isKnexTransaction(database) ? (database as unknown as SqlTransaction) : undefined
}

function isKnexTransaction(database: unknown): database is KnexTransaction {
  const held = (typeof database === 'function' || typeof database === 'object') && database !== null
  return held && (database as Partial<KnexTransaction>).isTransaction === true
}

/** Resolves with the commit, rejects with a rollback; undefined: it does not tell. */
export function commitOf(transaction: SqlTransaction): Promise<unknown> | undefined {
  if ('run' in transaction && transaction.committed !== undefined) return transaction.committed
  if (!isKnexTransaction(transaction)) return undefined
  // A savepoint is only as good as what it stands in.
  let outermost: KnexTransaction = transaction
  while (outermost.parentTransaction !== undefined) outermost = outermost.parentTransaction
  return outermost.executionPromise
}
