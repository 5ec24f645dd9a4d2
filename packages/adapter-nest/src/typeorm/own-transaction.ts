/** A transaction around a statement, so that its notice is written with it or not at all. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Builder, Described } from './metadata.ts'
import type { QueryRunnerLike } from './types.ts'

/** The runner whose transaction this code is in, where we have begun it. */
const inside = new AsyncLocalStorage<QueryRunnerLike>()
/** The ends of transactions that we have begun on the one connection of SQLite. */
const turns = new WeakMap<QueryRunnerLike, Promise<void>>()

/** Runs `work` in the transaction of the builder's query runner, or in one of its own. */
export async function inTransaction<T>(builder: Builder, work: (runner: QueryRunnerLike) => Promise<T>): Promise<T> {
  const given = builder.queryRunner
  const dataSource = (builder.dataSource ?? builder.connection) as Described
  const runner = given ?? dataSource.createQueryRunner()
  // The builder takes the one that it has.
  builder.queryRunner = runner
  try {
    if (dataSource.options.type === 'better-sqlite3') return await inTurn(runner, () => transact(runner, work))
    return await transact(runner, work)
  } finally {
    builder.queryRunner = given
    if (given === undefined) await runner.release()
  }
}

async function transact<T>(runner: QueryRunnerLike, work: (runner: QueryRunnerLike) => Promise<T>): Promise<T> {
  if (runner.isTransactionActive) return work(runner)
  await runner.startTransaction()
  try {
    const result = await work(runner)
    await runner.commitTransaction()
    return result
  } catch (error) {
    // What cannot be rolled back ends with its connection.
    await runner.rollbackTransaction().catch(() => {})
    throw error
  }
}

/**
 * Two updates at once on the one connection of SQLite: the second would be part of the first one's transaction, and undone
 * with it. Where it is called from within the first (by a subscriber) it is.
 */
async function inTurn<T>(runner: QueryRunnerLike, work: () => Promise<T>): Promise<T> {
  if (inside.getStore() === runner) return work()
  for (let other = turns.get(runner); other !== undefined; other = turns.get(runner)) await other
  const result = inside.run(runner, work)
  const turn = result.then(
    () => {},
    () => {},
  )
  turns.set(runner, turn)
  try {
    return await result
  } finally {
    if (turns.get(runner) === turn) turns.delete(runner)
  }
}
