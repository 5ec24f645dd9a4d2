/** The store's own statements, on the connections of a DataSource. */
import { PipelineError, type SqlDialect, type SqlExecutor, type SqlResult, toNumbered } from '@unstale/core'
import { sqliteOn } from './sqlite.ts'
import type { DataSourceLike, QueryRunnerLike } from './types.ts'

const DIALECTS: Readonly<Record<string, SqlDialect>> = {
  postgres: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  'better-sqlite3': 'sqlite',
}

/** The dialect that `sqlStore` and `createTables` want. Throws STORE_UNSUPPORTED for a database that they do not speak. */
export function typeormDialect(dataSource: DataSourceLike): SqlDialect {
  const { type } = (dataSource as Partial<DataSourceLike> | undefined)?.options ?? { type: 'unknown' }
  if (Object.hasOwn(DIALECTS, type)) return DIALECTS[type] as SqlDialect
  const supported = Object.keys(DIALECTS).join(', ')
  const message = `a DataSource of type ${JSON.stringify(type)} cannot hold the SQL store; one of type ${supported} can`
  throw new PipelineError('STORE_UNSUPPORTED', message)
}

/**
 * The executor that `sqlStore` and `createTables` want, on the connections of an initialized DataSource: no second pool.
 *
 *     sqlStore({ executor: typeormExecutor(dataSource), dialect: typeormDialect(dataSource) })
 *
 * Its statements go straight to the driver, so that neither TypeORM's logger nor your subscribers see them. A connection
 * that does not answer is given up by whoever owns it: give the DataSource `extra: { query_timeout: 10_000 }` on Postgres.
 *
 * On SQLite TypeORM has one connection for everybody. The store's statements wait while a transaction of yours is open on it,
 * and yours wait while one of the store's is: so do not wait, within a transaction, for a `publish` that is not part of it.
 */
export function typeormExecutor(dataSource: DataSourceLike): SqlExecutor {
  const dialect = typeormDialect(dataSource)
  if (dialect === 'sqlite') return sqliteOn(dataSource)
  const { ask, begin } = SERVERS[dialect]
  return {
    async run(sql, bindings) {
      const runner = dataSource.createQueryRunner()
      try {
        return await ask(await runner.connect(), sql, bindings)
      } finally {
        await runner.release()
      }
    },
    async transaction(fn, { relaxed = false } = {}) {
      const runner = dataSource.createQueryRunner()
      let broken: unknown
      try {
        const connection = await runner.connect()
        const tx: SqlExecutor = {
          run: (sql, bindings) => ask(connection, sql, bindings),
          transaction: (step) => step(tx),
        }
        try {
          for (const statement of begin(relaxed)) await tx.run(statement, [])
          const result = await fn(tx)
          await tx.run('COMMIT', [])
          return result
        } catch (error) {
          await tx.run('ROLLBACK', []).catch((cause: unknown) => {
            broken = cause
          })
          throw error
        }
      } finally {
        await (broken === undefined ? runner.release() : discard(runner, broken))
      }
    },
  }
}

interface Server {
  /** Runs a statement on a connection of the driver. */
  ask(connection: unknown, sql: string, bindings: readonly unknown[]): Promise<SqlResult>
  begin(relaxed: boolean): readonly string[]
}

interface PgClient {
  query(sql: string, values: unknown[]): Promise<{ rows?: SqlResult['rows']; rowCount?: number | null }>
}

interface MysqlConnection {
  query(sql: string, values: unknown[], done: (error: unknown, answer: unknown) => void): unknown
  destroy(): void
}

const SERVERS: Readonly<Record<'postgres' | 'mysql', Server>> = {
  postgres: {
    async ask(connection, sql, bindings) {
      const { rows, rowCount } = await (connection as PgClient).query(toNumbered(sql), [...bindings])
      return { rows: rows ?? [], changes: rowCount ?? 0 }
    },
    begin: (relaxed) => [
      'BEGIN ISOLATION LEVEL READ COMMITTED',
      // Undone with the transaction, so that the session stays as it is.
      ...(relaxed ? ['SET LOCAL synchronous_commit = off'] : []),
    ],
  },
  mysql: {
    ask: (connection, sql, bindings) =>
      new Promise((resolve, reject) => {
        ;(connection as MysqlConnection).query(sql, [...bindings], (error, answer) => {
          if (error) reject(error)
          else if (Array.isArray(answer)) resolve({ rows: answer as SqlResult['rows'], changes: 0 })
          else resolve({ rows: [], changes: Number((answer as { affectedRows?: number }).affectedRows ?? 0) })
        })
      }),
    begin: () => ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'BEGIN'],
  },
}

/** A connection that could not even roll back is closed: what it holds is then undone by the server. */
async function discard(runner: QueryRunnerLike, cause: unknown): Promise<void> {
  const { releasePostgresConnection } = runner as { releasePostgresConnection?: (cause: unknown) => Promise<void> }
  if (releasePostgresConnection !== undefined) return releasePostgresConnection.call(runner, cause)
  const connection = (await runner.connect()) as Partial<MysqlConnection>
  connection.destroy?.()
  await runner.release()
}
