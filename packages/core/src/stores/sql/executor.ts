/** How the SQL store reaches a database: by two methods that any connection can offer. */
import type { Knex } from 'knex'
import { PipelineError } from '../../errors.ts'
import type { SqlExecutor, SqlResult, SqlTransaction, SqlValue } from '../../ports.ts'
import { type Connection, connectionsOf, type Pool } from './connections.ts'

/**
 * An executor on a Knex, or on one of its transactions (then `transaction` is a savepoint). Where the database does not
 * answer a call within `timeout` milliseconds (default 10,000), its connection is closed and leaves the pool.
 */
export function knexExecutor(knex: Knex, { timeout = 10_000 }: { timeout?: number } = {}): SqlExecutor {
  if (knex.isTransaction) {
    return {
      run: async (sql, bindings) => toResult(await knex.raw(sql, bindings as SqlValue[])),
      transaction: (fn) => knex.transaction((trx) => fn(knexExecutor(trx))),
    }
  }
  const { begin, end } = SPEECH[knex.client?.dialect as string] ?? { begin: () => ['BEGIN'], end: null }
  const connections = connectionsOf(knex.client as Pool, timeout)
  const runOn = (connection: Connection) => async (sql: string, bindings: readonly SqlValue[]) =>
    toResult(await knex.raw(sql, bindings as SqlValue[]).connection(connection))

  /** A session whose connection was broken off may hold locks on the server until somebody ends it. */
  async function endAbandoned(run: SqlExecutor['run']): Promise<void> {
    if (end === null) return
    for (const session of connections.abandoned()) await run(end, [session]).catch(() => {})
  }

  return {
    run: (sql, bindings) => connections.use((connection) => runOn(connection)(sql, bindings)),
    // Knex's own transactions wait for ever for the answers to their BEGIN and COMMIT.
    transaction: (fn) =>
      connections.use(async (connection) => {
        const run = runOn(connection)
        const inside: SqlExecutor = { run, transaction: (step) => step(inside) }
        await endAbandoned(run)
        for (const statement of begin(timeout)) await run(statement, [])
        try {
          const result = await fn(inside)
          await run('COMMIT', [])
          return result
        } catch (error) {
          await run('ROLLBACK', []).catch((cause: unknown) => {
            connection.__knex__disposed ??= cause
          })
          throw error
        }
      }),
  }
}

/** How a transaction begins (one statement a line), and how the session of a given number is ended. */
const SPEECH: Readonly<Record<string, { begin(timeout: number): readonly string[]; end: string }>> = {
  postgresql: {
    // One round trip. The server itself ends what we have lost sight of.
    begin: (timeout) => [
      `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = ${timeout}; SET LOCAL lock_timeout = ${timeout}`,
    ],
    end: 'SELECT pg_terminate_backend(?)',
  },
  mysql: {
    // What an append may wait for under MySQL's own default are locks between rows, of which a busy table has many.
    begin: () => ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'BEGIN'],
    end: 'KILL ?',
  },
}

/** Runs one statement in a user's transaction: that of an executor, or of Knex. */
export async function runIn(transaction: SqlTransaction, sql: string, bindings: readonly SqlValue[]): Promise<void> {
  if ((transaction as Partial<Knex.Transaction>).isCompleted?.()) {
    const message = 'transaction: is over; publish before it commits, or without it'
    throw new PipelineError('TRANSACTION_UNSUPPORTED', message)
  }
  if ('run' in transaction) await transaction.run(sql, bindings)
  else await transaction.raw(sql, bindings)
}

/** Whether it can be written in. */
export function isTransaction(value: unknown): value is SqlTransaction {
  const { run, raw } = (value ?? {}) as { run?: unknown; raw?: unknown }
  return typeof run === 'function' || typeof raw === 'function'
}

/** For drivers that number their parameters: each `?` becomes `$1`, `$2`, … No statement of the store has one in a text. */
export function toNumbered(sql: string): string {
  let n = 0
  return sql.replaceAll('?', () => `$${++n}`)
}

/** What `knex.raw` answers differs from driver to driver. */
function toResult(answer: unknown): SqlResult {
  // mysql2: [rows or header, fields]; better-sqlite3 and sqlite3: rows.
  if (Array.isArray(answer)) {
    const [head] = answer as unknown[]
    if (answer.length === 2 && Array.isArray(head)) return { rows: head as SqlResult['rows'], changes: 0 }
    if (answer.length === 2 && isHeader(head)) return { rows: [], changes: Number(head.affectedRows) }
    return { rows: answer as SqlResult['rows'], changes: 0 }
  }
  const { rows, rowCount, changes } = (answer ?? {}) as { rows?: SqlResult['rows']; rowCount?: number | null; changes?: number }
  return { rows: rows ?? [], changes: rowCount ?? changes ?? 0 }
}

function isHeader(value: unknown): value is { affectedRows: number } {
  return typeof value === 'object' && value !== null && 'affectedRows' in value
}
