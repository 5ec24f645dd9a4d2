import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import knexOf, { type Knex } from 'knex'
import { describe, it } from 'vitest'
import { createTables, knexExecutor, knexStore, sqliteExecutor, sqliteStore, sqlStore } from '../../src/stores/sql/index.ts'
import { storeContract } from '../../src/testing/index.ts'
import { breakable } from './harness.ts'

// In memory where there is such a place: what is tested is not how long a disk takes.
const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

async function folder(): Promise<{ filename: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(root, 'unstale-'))
  return { filename: join(path, 'test.db'), remove: () => rm(path, { recursive: true, force: true }) }
}

const quick = { synchronous: 'normal' } as const

storeContract(
  'sqlite',
  async () => {
    const { filename, remove } = await folder()
    const store = await sqliteStore({ filename, ...quick })
    const database = new SQLite(filename, { timeout: 20 })
    const mine = sqliteExecutor(database)
    const { executor, breaking } = breakable(mine)
    const breaks = sqlStore({ executor, dialect: 'sqlite' })
    let append = store.append
    return {
      store: { ...store, append: (entries) => append(entries) },
      async breaking(write, act) {
        append = breaks.append
        await breaking(write, act)
        append = store.append
      },
      another: () => sqliteStore({ filename, ...quick }),
      async reopen() {
        await store.close()
        return sqliteStore({ filename, ...quick })
      },
      transaction: (fn) => mine.transaction(fn),
      async dispose() {
        await store.close()
        database.close()
        await remove()
      },
    }
  },
  { describe, it },
  { seeds: 12 },
)

/** Two connections of one process must not wait for each other in SQLite, where nothing else of the process can go on. */
function openKnex(filename: string): Knex {
  const afterCreate = (connection: { pragma(text: string): unknown }, done: (error: null, connection: unknown) => void) => {
    connection.pragma('busy_timeout = 5')
    connection.pragma('synchronous = off')
    done(null, connection)
  }
  return knexOf({ client: 'better-sqlite3', connection: { filename }, useNullAsDefault: true, pool: { afterCreate } })
}

storeContract(
  'knex on sqlite',
  async () => {
    const { filename, remove } = await folder()
    const all: Knex[] = []
    const open = () => {
      const knex = openKnex(filename)
      all.push(knex)
      return knex
    }
    const first = open()
    await createTables({ knex: first })
    const { executor, breaking } = breakable(knexExecutor(first))
    return {
      store: sqlStore({ executor, dialect: 'sqlite' }),
      breaking,
      another: async () => knexStore({ knex: open() }),
      async reopen() {
        await first.destroy()
        return knexStore({ knex: open() })
      },
      transaction: (fn) => first.transaction(async (trx) => fn(trx as never)),
      async dispose() {
        for (const knex of all) await knex.destroy()
        await remove()
      },
    }
  },
  { describe, it },
  { seeds: 3 },
)
