/** A transaction of TypeORM's, for `publish`. */
import { PipelineError, type SqlResult, type SqlTransaction, toNumbered } from '@unstale/core'
import { typeormDialect } from './executor.ts'
import { type DataSourceLike, dataSourceOf, type EntityManagerLike, type QueryRunnerLike } from './types.ts'

/** One transaction, as far as its outermost end. */
interface Ongoing {
  ended: boolean
  committed: Promise<void>
  end(committed: boolean): void
}

const ongoing = new WeakMap<QueryRunnerLike, Ongoing>()

/** Told of the end of every transaction, and of every savepoint, of the DataSources that it was added to. */
const witness = {
  afterTransactionCommit: (event: { queryRunner: QueryRunnerLike }): void => end(event.queryRunner, true),
  afterTransactionRollback: (event: { queryRunner: QueryRunnerLike }): void => end(event.queryRunner, false),
}

function end(runner: QueryRunnerLike, committed: boolean): void {
  // A savepoint.
  if (runner.isTransactionActive) return
  ongoing.get(runner)?.end(committed)
  ongoing.delete(runner)
}

/**
 * The transaction that `pipeline.publish` writes in, of the `EntityManager` that `dataSource.transaction` gives, or of a
 * `QueryRunner` on which one was started:
 *
 *     await dataSource.transaction(async (manager) => {
 *       await manager.save(post)
 *       await pipeline.publish({ collection: 'posts', event: 'update', key: post.id }, { transaction: typeormTransaction(manager) })
 *     })
 *
 * The pipeline hears of the commit at once. Throws TRANSACTION_UNSUPPORTED where no transaction is active.
 */
export function typeormTransaction(of: EntityManagerLike | QueryRunnerLike): SqlTransaction {
  const runner = 'isTransactionActive' in of ? of : of.queryRunner
  if (runner === undefined || !runner.isTransactionActive || runner.isReleased) {
    const fix = 'publish within dataSource.transaction(async (manager) => …), with that manager'
    throw new PipelineError('TRANSACTION_UNSUPPORTED', `transaction: no transaction is active there: ${fix}`)
  }
  const dataSource = dataSourceOf(runner)
  const numbered = typeormDialect(dataSource) === 'postgres'
  const current = observe(runner, dataSource)
  return {
    committed: current.committed,
    async run(sql, bindings) {
      if (current.ended) {
        const message = 'transaction: is over; publish before it commits, or without it'
        throw new PipelineError('TRANSACTION_UNSUPPORTED', message)
      }
      const { records, affected } = await runner.query(numbered ? toNumbered(sql) : sql, [...bindings], true)
      return { rows: (records ?? []) as SqlResult['rows'], changes: affected ?? 0 }
    },
  }
}

function observe(runner: QueryRunnerLike, dataSource: DataSourceLike): Ongoing {
  // TypeORM makes the list anew when a DataSource is initialized again.
  if (!dataSource.subscribers.includes(witness)) dataSource.subscribers.push(witness)
  let current = ongoing.get(runner)
  if (current === undefined) {
    current = begin()
    ongoing.set(runner, current)
  }
  return current
}

function begin(): Ongoing {
  let settle = (_committed: boolean): void => {}
  const committed = new Promise<void>((resolve, reject) => {
    settle = (done) => (done ? resolve() : reject(new Error('the transaction was rolled back')))
  })
  // Nobody has to listen.
  committed.catch(() => {})
  const current: Ongoing = {
    ended: false,
    committed,
    end(done) {
      current.ended = true
      settle(done)
    },
  }
  return current
}
