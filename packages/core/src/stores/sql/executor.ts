/** How the SQL store reaches a database: by two methods that any connection can offer. */
import { hash } from 'node:crypto'
import type { Knex } from 'knex'
import { PipelineError } from '../../errors.ts'
import type { SqlExecutor, SqlResult, SqlTransaction, SqlValue } from '../../ports.ts'
import { type Connection, connectionsOf, type Pool } from './connections.ts'
import { isUnprepared } from './failure.ts'

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
  const ask = (knex.client as { driverName?: unknown }).driverName === 'pg' ? askingPg() : askingThrough(knex)

  /** A session whose connection was broken off may hold locks on the server until somebody ends it. */
  async function endAbandoned(run: SqlExecutor['run']): Promise<void> {
    if (end === null) return
    for (const session of connections.abandoned()) await run(end, [session]).catch(() => {})
  }

  return {
    run: (sql, bindings) => connections.use((connection) => ask(connection, sql, bindings, 'alone')),
    // Knex's own transactions wait for ever for the answers to their BEGIN and COMMIT.
    transaction: (fn, { relaxed = false } = {}) =>
      connections.use(async (connection) => {
        const run: SqlExecutor['run'] = (sql, bindings) => ask(connection, sql, bindings)
        const inside: SqlExecutor = { run, transaction: (step) => step(inside) }
        await endAbandoned(run)
        for (const statement of begin(timeout, relaxed)) await run(statement, [])
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

/** Runs a statement; `alone`: in no transaction. */
type Ask = (connection: Connection, sql: string, bindings: readonly SqlValue[], alone?: 'alone') => Promise<SqlResult>

function askingThrough(knex: Knex): Ask {
  return async (connection, sql, bindings) => toResult(await knex.raw(sql, bindings as SqlValue[]).connection(connection))
}

/** What is needed of a client of pg. */
interface PgClient {
  query(query: { text: string; values?: unknown[]; name?: string }): Promise<unknown>
}

/**
 * Straight to the driver, which lets Postgres parse and plan a statement once a connection: that takes as long as to run it.
 * Not for what is read in no transaction, so not under our `enable_seqscan`: planned while a table is empty, it would read
 * all of it for ever. Behind a pooler that knows no prepared statements it does without.
 */
function askingPg(): Ask {
  let prepares = true
  const texts = new Map<string, { text: string; name: string }>()

  function prepared(sql: string): { text: string; name: string } {
    let known = texts.get(sql)
    if (known === undefined) {
      const text = toNumbered(sql)
      known = { text, name: `unstale_${hash('sha256', text).slice(0, 32)}` }
      if (texts.size >= 1_000) texts.clear()
      texts.set(sql, known)
    }
    return known
  }

  return async (connection, sql, bindings, alone) => {
    const client = connection as PgClient
    if (bindings.length === 0) return toResult(await client.query({ text: sql }))
    const { text, name } = prepared(sql)
    const values = [...bindings]
    const named = prepares && (alone === undefined || sql.startsWith('INSERT'))
    try {
      return toResult(await client.query(named ? { text, values, name } : { text, values }))
    } catch (error) {
      if (!named || !isUnprepared(error)) throw error
      prepares = false
      // In a transaction, all of it has to be run again.
      if (alone === undefined) throw error
      return toResult(await client.query({ text, values }))
    }
  }
}

/** How a transaction begins (one statement a line), and how the session of a given number is ended. */
const SPEECH: Readonly<Record<string, { begin(timeout: number, relaxed: boolean): readonly string[]; end: string }>> = {
  postgresql: {
    // One round trip. The server itself ends what we have lost sight of; a lock that is waited for may be held by that. A
    // few rows are found by their index, though a table may have grown since the server last looked.
    begin: (timeout, relaxed) => [
      [
        'BEGIN ISOLATION LEVEL READ COMMITTED',
        `SET LOCAL idle_in_transaction_session_timeout = ${timeout}`,
        `SET LOCAL lock_timeout = ${Math.ceil(timeout / 2)}`,
        'SET LOCAL enable_seqscan = off',
        'SET LOCAL jit = off',
        ...(relaxed ? ['SET LOCAL synchronous_commit = off'] : []),
      ].join('; '),
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
