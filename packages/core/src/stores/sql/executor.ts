/** How the SQL store reaches a database: by two methods that any connection can offer. */
import type { Knex } from 'knex'
import type { SqlExecutor, SqlResult, SqlTransaction, SqlValue } from '../../ports.ts'

/** An executor on a Knex, or on one of its transactions (then `transaction` is a savepoint). */
export function knexExecutor(knex: Knex): SqlExecutor {
  // What an append may wait for under MySQL's own default are locks between rows, of which a busy table has many.
  const config =
    knex.client?.dialect === 'mysql' && !knex.isTransaction ? { isolationLevel: 'read committed' as const } : undefined
  return {
    run: async (sql, bindings) => toResult(await knex.raw(sql, bindings as SqlValue[])),
    transaction: (fn) => knex.transaction((trx) => fn(knexExecutor(trx)), config),
  }
}

/** Runs one statement in a user's transaction: that of an executor, or of Knex. */
export async function runIn(transaction: SqlTransaction, sql: string, bindings: readonly SqlValue[]): Promise<void> {
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
