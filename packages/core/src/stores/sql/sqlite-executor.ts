/** An executor on a connection of better-sqlite3. */
import { setImmediate } from 'node:timers/promises'
import type { SqlExecutor, SqlResult, SqlValue } from '../../ports.ts'
import { retrying } from './failure.ts'

/** What is needed of a connection of better-sqlite3; in words of our own, so that its types are not needed by those who do not use it. */
export interface SqliteConnection {
  prepare(sql: string): SqliteStatement
  readonly inTransaction: boolean
}

export interface SqliteStatement {
  /** Whether it answers rows. */
  readonly reader: boolean
  all(...bindings: SqlValue[]): unknown[]
  run(...bindings: SqlValue[]): { changes: number }
}

/** What a connection that nobody else uses does besides. */
export interface Own {
  /** Before a transaction, in its turn. Null: at once. */
  ready(): Promise<void> | null
  /**
   * After a commit that changed something. It counts when this resolves; the next transaction may begin before. `relaxed`: it
   * counts at once, and is on the disk some time later; `quiet`: nothing else waits for its turn.
   */
  committed(how: 'relaxed' | 'quiet' | 'busy'): Promise<void> | null
}

/** Milliseconds for which statements may keep everything else of the process waiting. */
const SLICE = 0.5
/** Milliseconds between two looks at a file that is locked, and their number: then whoever asked decides. */
const LOCKED = { every: 1, times: 25 }

/**
 * An executor on a connection of better-sqlite3, e.g. to write into the inbox in a transaction of your own. One
 * transaction at a time: whatever else is run on it waits.
 */
export function sqliteExecutor(database: SqliteConnection): SqlExecutor {
  return executorOn(database).executor
}

/** `alone` runs something between two transactions. */
export function executorOn(
  database: SqliteConnection,
  own?: Own,
): { executor: SqlExecutor; alone<T>(fn: () => Promise<T>): Promise<T> } {
  const prepared = new Map<string, SqliteStatement>()
  let last: Promise<unknown> = Promise.resolve()
  /** Turns that have not ended. */
  let turns = 0
  /** Whether this turn has changed a row. */
  let changed = false
  /** When everything else last had a turn that we know of. */
  let turnedAt = performance.now()

  function execute(sql: string, bindings: readonly SqlValue[]): SqlResult {
    let statement = prepared.get(sql)
    if (statement === undefined) {
      statement = database.prepare(sql)
      if (prepared.size >= 200) prepared.delete(prepared.keys().next().value ?? '')
      prepared.set(sql, statement)
    }
    if (statement.reader) return { rows: statement.all(...bindings) as SqlResult['rows'], changes: 0 }
    const { changes } = statement.run(...bindings)
    if (changes > 0) changed = true
    return { rows: [], changes }
  }

  /** Lets everything else of the process have a turn, if the last is too long ago. */
  function breath(): Promise<void> | null {
    if (performance.now() - turnedAt < SLICE) return null
    return setImmediate().then(() => {
      turnedAt = performance.now()
    })
  }

  function inTurn<T>(fn: () => Promise<T>): Promise<T> {
    turns += 1
    const result = last.then(fn).finally(() => {
      turns -= 1
    })
    last = result.catch(() => {})
    return result
  }

  async function run(sql: string, bindings: readonly SqlValue[]): Promise<SqlResult> {
    // On a connection that others use, too, their statements would get into the transaction.
    const pause = own && breath()
    if (pause) await pause
    return execute(sql, bindings)
  }

  /** The first statement of a transaction, or its only one. SQLite itself would wait for a lock with the whole process. */
  async function first(sql: string, bindings: readonly SqlValue[]): Promise<SqlResult> {
    const pause = own?.ready()
    if (pause) await pause
    return retrying(() => run(sql, bindings), waitForLock)
  }

  const inside: SqlExecutor = { run, transaction: (fn) => fn(inside) }

  async function transact<T>(fn: (tx: SqlExecutor) => Promise<T>): Promise<T> {
    await first('BEGIN IMMEDIATE', [])
    try {
      const result = await fn(inside)
      execute('COMMIT', [])
      return result
    } catch (error) {
      // A full disk has rolled back already.
      if (database.inTransaction) execute('ROLLBACK', [])
      throw error
    }
  }

  /** In its turn; what it wrote is waited for when the next has already begun. */
  async function counted<T>(fn: () => Promise<T>, relaxed = false): Promise<T> {
    const { result, counts } = await inTurn(async () => {
      changed = false
      const result = await fn()
      return { result, counts: changed ? own?.committed(relaxed ? 'relaxed' : turns > 1 ? 'busy' : 'quiet') : null }
    })
    if (counts) await counts
    return result
  }

  return {
    executor: {
      run: (sql, bindings) => counted(() => first(sql, bindings)),
      transaction: (fn, { relaxed } = {}) => counted(() => transact(fn), relaxed),
    },
    alone: inTurn,
  }
}

function waitForLock(error: unknown, tries: number): number | null {
  const { code } = (error ?? {}) as { code?: unknown }
  return String(code).startsWith('SQLITE_BUSY') && tries <= LOCKED.times ? LOCKED.every : null
}
