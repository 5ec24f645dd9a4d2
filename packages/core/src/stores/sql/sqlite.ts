import { kindOf, PipelineError } from '../../errors.ts'
import type { Store } from '../../ports.ts'
import { toStoreError } from './failure.ts'
import { type OpenedSqlite, openSqlite, type Synchronous } from './sqlite-connection.ts'
import { sqlStore } from './store.ts'
import { createTables, DEFAULT_PREFIX } from './tables.ts'

export { type SqliteConnection, type SqliteStatement, sqliteExecutor } from './sqlite-executor.ts'

export interface SqliteOptions {
  /** Path of the database; it is created, its folder is not. `:memory:` keeps nothing. */
  filename: string
  /** `full` (default): what was published outlives a loss of power; `normal`: a crash of the process, and it is faster. */
  synchronous?: Synchronous
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
  let opened: OpenedSqlite | undefined
  try {
    opened = await openSqlite(SQLite, filename, synchronous)
    const place = { executor: opened.executor, dialect: 'sqlite', prefix } as const
    await createTables(place)
    return sqlStore({ ...place, name: 'sqlite', close: opened.close })
  } catch (error) {
    await opened?.close()
    throw toStoreError('sqlite', `open ${filename} (its folder has to exist, and both have to be writable)`, error, prefix)
  }
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
