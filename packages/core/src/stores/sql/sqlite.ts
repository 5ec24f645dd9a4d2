import type { Database } from 'better-sqlite3'
import { kindOf, PipelineError } from '../../errors.ts'
import type { SqlExecutor, Store } from '../../ports.ts'
import { startCheckpointer } from './checkpointer.ts'
import { retrying, toStoreError } from './failure.ts'
import { executorOn, type Own, sqliteExecutor } from './sqlite-executor.ts'
import { sqlStore } from './store.ts'
import { createTables, DEFAULT_PREFIX } from './tables.ts'
import { openWal } from './wal.ts'

export { type SqliteConnection, type SqliteStatement, sqliteExecutor } from './sqlite-executor.ts'

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
  const { filename, prefix = DEFAULT_PREFIX } = options
  if (typeof filename !== 'string' || filename === '') {
    throw new PipelineError('CONFIG_INVALID', `sqliteStore: filename must be a path, not ${kindOf(filename)}`)
  }
  const SQLite = await loadDriver()
  let database: Database | undefined
  try {
    // What is held by another process is tried again without holding up this one.
    database = new SQLite(filename, { timeout: 0 })
    const opened = await open(SQLite, database, options)
    return sqlStore({ ...opened, dialect: 'sqlite', prefix, name: 'sqlite' })
  } catch (error) {
    database?.close()
    throw toStoreError('sqlite', `open ${filename} (its folder has to exist, and both have to be writable)`, error, prefix)
  }
}

async function open(
  driver: unknown,
  database: Database,
  { synchronous = 'full', prefix = DEFAULT_PREFIX }: SqliteOptions,
): Promise<{ executor: SqlExecutor; close(): Promise<void> }> {
  const mode = await prepare(database)
  // Node's permission model forbids to sync a file.
  const aside = mode === 'wal' && process.permission === undefined
  if (!aside && synchronous === 'full') database.pragma(`synchronous = ${mode === 'wal' ? 'FULL' : 'EXTRA'}`)
  await createTables({ executor: sqliteExecutor(database), dialect: 'sqlite', prefix })
  const [{ file }] = database.pragma('database_list') as [{ file: string }]
  const own: Own = {
    ready: () => wal?.ready() ?? null,
    committed: (changes) => wal?.committed(changes) ?? null,
  }
  const { executor, alone } = executorOn(database, own)
  const wal =
    mode === 'wal'
      ? openWal({
          database,
          filename: file,
          synced: aside && synchronous === 'full',
          alone,
          startCheckpointer: () => startCheckpointer(driver, file),
        })
      : null
  const close = wal?.close ?? (() => alone(async () => void database.close()))
  try {
    // The tables.
    await own.committed(1)
  } catch (error) {
    await close()
    throw error
  }
  return { executor, close }
}

/**
 * Answers the journal's mode: `wal` but in memory, and where there is no shared memory (some network file systems). Tried
 * again, since two processes that open a new file at once cannot both change it.
 */
function prepare(database: Database): Promise<unknown> {
  return retrying(() => {
    const mode = database.pragma('journal_mode = WAL', { simple: true })
    // A commit is handed to the operating system; `openWal` says when it is on the disk.
    database.pragma('synchronous = NORMAL')
    database.pragma('wal_autocheckpoint = 0')
    return mode
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
