/** Opens a SQLite file so that nothing waits for the disk in our thread. */
import type { SqlExecutor } from '../../ports.ts'
import { startCheckpointer } from './checkpointer.ts'
import { retrying } from './failure.ts'
import { executorOn, type SqliteConnection } from './sqlite-executor.ts'
import { openWal, type WalConnection } from './wal.ts'

/** The module better-sqlite3. */
export type SqliteDriver = new (filename: string, options: { timeout: number }) => SqliteConnection & WalConnection

/** `full`: what was committed is on the disk when its promise resolves; `normal`: it outlives this process. */
export type Synchronous = 'full' | 'normal'

export interface OpenedSqlite {
  executor: SqlExecutor
  close(): Promise<void>
}

export async function openSqlite(driver: SqliteDriver, filename: string, synchronous: Synchronous): Promise<OpenedSqlite> {
  // What is locked by another process is tried again without holding up this one.
  const database = new driver(filename, { timeout: 0 })
  try {
    return await prepare(driver, database, synchronous)
  } catch (error) {
    database.close()
    throw error
  }
}

async function prepare(
  driver: SqliteDriver,
  database: InstanceType<SqliteDriver>,
  synchronous: Synchronous,
): Promise<OpenedSqlite> {
  // Of a new file: a batch lies on half as many pages, and each is written by a call of its own.
  database.pragma('page_size = 8192')
  // Two processes that open a new file at once cannot both change its mode.
  const mode = await retrying(() => database.pragma('journal_mode = WAL', { simple: true }))
  database.pragma('wal_autocheckpoint = 0')
  // 32 MB: what waits for a while should not have to be read back.
  database.pragma('cache_size = -32768')
  // Not where Node's permission model is on: it forbids to sync a file. SQLite then does it here.
  const aside = mode === 'wal' && process.permission === undefined
  database.pragma(`synchronous = ${aside || synchronous === 'normal' ? 'NORMAL' : mode === 'wal' ? 'FULL' : 'EXTRA'}`)
  if (mode !== 'wal') {
    // In memory, or where there is no shared memory (some network file systems).
    const { executor, alone } = executorOn(database, { ready: () => null, committed: () => null })
    return { executor, close: () => alone(async () => database.close()) }
  }
  const [{ file }] = database.pragma('database_list') as [{ file: string }]
  // There is a log as soon as something was read.
  await retrying(() => database.pragma('user_version'))
  const { executor, alone } = executorOn(database, {
    ready: () => wal.ready(),
    committed: (how) => wal.committed(how),
  })
  const wal = openWal({
    database,
    filename: file,
    synced: aside && synchronous === 'full',
    alone,
    startCheckpointer: () => startCheckpointer(driver, file),
  })
  return { executor, close: wal.close }
}
