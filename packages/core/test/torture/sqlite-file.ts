import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import SQLite from 'better-sqlite3'
import { type SqlTransaction, sqliteExecutor, sqliteStore } from '../../src/index.ts'
import type { Opened, Shared } from './stores.ts'

/** `sqliteStore`; the user's own writes into the same file go over a second connection of the process. */
export const sqliteFile: Shared = {
  async prepare() {
    const place = join(await mkdtemp(join(tmpdir(), 'unstale-torture-')), 'torture.db')
    await (await sqliteStore({ filename: place })).close()
    const database = new SQLite(place)
    database.exec('CREATE TABLE content (item TEXT PRIMARY KEY, value INTEGER NOT NULL)')
    database.close()
    return place
  },
  open,
  remove: (place) => rm(join(place, '..'), { recursive: true, force: true }),
}

async function open(filename: string): Promise<Opened> {
  const store = await sqliteStore({ filename })
  // The two must not wait for each other while nothing else of the process can go on.
  const database = new SQLite(filename, { timeout: 0 })
  const mine = sqliteExecutor(database)
  const upsert = 'INSERT INTO content VALUES (?, ?) ON CONFLICT (item) DO UPDATE SET value = excluded.value'

  async function write(key: string, value: number, notice: (transaction: SqlTransaction) => Promise<void>): Promise<void> {
    try {
      await mine.transaction(async (tx) => {
        await tx.run(upsert, [key, value])
        await notice(tx)
      })
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'SQLITE_BUSY') throw error
      await setTimeout(5)
      await write(key, value, notice)
    }
  }
  return {
    store,
    write,
    async committed() {
      const rows = database.prepare('SELECT item, value FROM content').all() as { item: string; value: number }[]
      return new Map(rows.map(({ item, value }) => [item, value]))
    },
    async close() {
      await store.close()
      database.close()
    },
  }
}
