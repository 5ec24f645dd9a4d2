import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { printTables, sqliteExecutor, sqlStore } from '../../src/stores/sql/index.ts'
import { seeded } from '../simulation/random.ts'
import { sqlDoubles, storeDoubles } from './doubles.ts'
import { raceSuite } from './suite.ts'
import { unhurried } from './unhurried.ts'

// In memory where there is such a place: what is tested is not how long a disk takes.
const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

raceSuite(
  'sqlite',
  async (count, double) => {
    const folder = await mkdtemp(join(root, 'unstale-'))
    const databases = Array.from({ length: count }, () => new SQLite(join(folder, 'test.db'), { timeout: 0 }))
    for (const database of databases) database.pragma('journal_mode = WAL')
    for (const database of databases) database.pragma('synchronous = OFF')
    databases[0]?.exec(printTables('sqlite'))
    const executors = databases.map((database, n) => unhurried(sqliteExecutor(database), seeded(n)))
    const broken = double !== null && 'sql' in double ? executors.map(double.sql) : executors
    const stores = broken.map((executor) => sqlStore({ executor, dialect: 'sqlite' }))
    return {
      stores: double !== null && 'stores' in double ? double.stores(stores) : stores,
      transaction: (fn) => executors[0]?.transaction(fn) ?? Promise.reject(),
      async close() {
        for (const store of stores) await store.close()
        for (const database of databases) database.close()
        await rm(folder, { recursive: true, force: true })
      },
    }
  },
  { doubles: { ...storeDoubles, ...sqlDoubles }, without: ['transactions side by side'] },
)
