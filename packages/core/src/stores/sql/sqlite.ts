import type { Database } from 'better-sqlite3'
import { kindOf, PipelineError } from '../../errors.ts'
import type { SqlExecutor, SqlResult, SqlValue, Store } from '../../ports.ts'
import { retrying, toStoreError } from './failure.ts'
import { sqlStore } from './store.ts'
import { createTables, DEFAULT_PREFIX } from './tables.ts'

export interface SqliteOptions {
  /** Path of the database; it is created, its folder is not. `:memory:` keeps nothing. */
  filename: string
  /** `full` (default): what was published outlives a loss of power; `normal`: a crash of the process, and it is faster. */
  synchronous?: 'full' | 'normal'
  /** Begins each table's name. Default `unstale_`. */
  prefix?: string
}

/**
 * Keeps everything in one SQLite file, which several processes of one machine may share. Creates its tables. Needs the
 * package better-sqlite3. A process that itself writes into the file gives its own Knex to `knexStore` instead: two
 * connections of one process wait for each other while nothing else can run.
 */
export async function sqliteStore(options: SqliteOptions): Promise<Store> {
  const { filename, synchronous = 'full', prefix = DEFAULT_PREFIX } = options
  if (typeof filename !== 'string' || filename === '') {
    throw new PipelineError('CONFIG_INVALID', `sqliteStore: filename must be a path, not ${kindOf(filename)}`)
  }
  const SQLite = await loadDriver()
  let database: Database | undefined
  try {
    // What is held by another process is tried again without holding up this one.
    database = new SQLite(filename, { timeout: 20 })
    const executor = sqliteExecutor(database)
    await prepare(database, synchronous)
    await createTables({ executor, dialect: 'sqlite', prefix })
    return sqlStore({ executor, dialect: 'sqlite', prefix, name: 'sqlite', close: async () => void database?.close() })
  } catch (error) {
    database?.close()
    throw toStoreError('sqlite', `open ${filename} (its folder has to exist, and both have to be writable)`, error, prefix)
  }
}

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

/**
 * An executor on a connection of better-sqlite3, e.g. to write into the inbox in a transaction of your own. One
 * transaction at a time: whatever else is run on it waits.
 */
export function sqliteExecutor(database: SqliteConnection): SqlExecutor {
  const prepared = new Map<string, SqliteStatement>()
  let last: Promise<unknown> = Promise.resolve()

  function execute(sql: string, bindings: readonly SqlValue[]): SqlResult {
    let statement = prepared.get(sql)
    if (statement === undefined) {
      statement = database.prepare(sql)
      if (prepared.size >= 200) prepared.delete(prepared.keys().next().value ?? '')
      prepared.set(sql, statement)
    }
    if (statement.reader) return { rows: statement.all(...bindings) as SqlResult['rows'], changes: 0 }
    return { rows: [], changes: statement.run(...bindings).changes }
  }

  function inTurn<T>(fn: () => Promise<T>): Promise<T> {
    const result = last.then(fn)
    last = result.catch(() => {})
    return result
  }

  const inside: SqlExecutor = { run: async (sql, bindings) => execute(sql, bindings), transaction: (fn) => fn(inside) }
  return {
    run: (sql, bindings) => inTurn(async () => execute(sql, bindings)),
    transaction: (fn) =>
      inTurn(async () => {
        execute('BEGIN IMMEDIATE', [])
        try {
          const result = await fn(inside)
          execute('COMMIT', [])
          return result
        } catch (error) {
          // A full disk has rolled back already.
          if (database.inTransaction) execute('ROLLBACK', [])
          throw error
        }
      }),
  }
}

/** Tried again, since two processes that open a new file at once cannot both change its mode. */
function prepare(database: Database, synchronous: 'full' | 'normal'): Promise<void> {
  return retrying(() => {
    database.pragma('journal_mode = WAL')
    database.pragma(`synchronous = ${synchronous === 'normal' ? 'NORMAL' : 'FULL'}`)
    // Small checkpoints, so that no commit waits for a large one.
    database.pragma('wal_autocheckpoint = 250')
  })
}

async function loadDriver(): Promise<typeof import('better-sqlite3')> {
  try {
    return (await import('better-sqlite3')).default
  } catch (cause) {
    throw new PipelineError(
      'STORE_UNSUPPORTED',
      'sqliteStore needs the package better-sqlite3; install it: npm install better-sqlite3',
      { cause },
    )
  }
}
