/** The stores that a suite runs on: each test has one that is empty. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTables, knexStore, memoryStore, redisStore, type Store } from '@unstale/core'
import { Redis } from 'ioredis'
import knexOf, { type Knex } from 'knex'
import { describe } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'

export interface Place {
  store: Store
  /** The same data, as another process has it. */
  another(): Promise<Store>
  dispose(): Promise<void>
}

export async function onEveryStore(tests: (open: () => Promise<Place>) => void): Promise<void> {
  describe('in memory', () => tests(inMemory))
  describe('on SQLite, through Knex', () => tests(onSqlite))
  await withService('postgres', ({ url }) => void describe('on Postgres', () => tests(() => onPostgres(url))))
  await withService('redis', ({ url }) => void describe('on Redis', () => tests(() => onRedis(url))))
}

async function inMemory(): Promise<Place> {
  const store = memoryStore()
  return { store, another: async () => store, dispose: () => store.close() }
}

async function onSqlite(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'unstale-'))
  // Two connections of one process must not wait for each other: nothing else of the process could go on.
  const afterCreate = (connection: { pragma(text: string): unknown }, done: (error: null, connection: unknown) => void) => {
    connection.pragma('busy_timeout = 5')
    done(null, connection)
  }
  const connection = { filename: join(folder, 'db.sqlite') }
  const open = () => knexOf({ client: 'better-sqlite3', connection, useNullAsDefault: true, pool: { afterCreate } })
  const place = await onKnex(open, 'unstale_')
  return {
    ...place,
    async dispose() {
      await place.dispose()
      await rm(folder, { recursive: true })
    },
  }
}

let places = 0

async function onPostgres(url: string): Promise<Place> {
  const prefix = `admin_${process.pid}_${++places}_`
  const open = () => knexOf({ client: 'pg', connection: url, pool: { min: 0, max: 3 } })
  const place = await onKnex(open, prefix)
  return {
    ...place,
    async dispose() {
      await place.dispose()
      const knex = open()
      const names = await knex('pg_tables').where('tablename', 'like', `${prefix}%`).pluck<string[]>('tablename')
      for (const name of names) await knex.schema.dropTable(name)
      await knex.destroy()
    },
  }
}

async function onKnex(open: () => Knex, prefix: string): Promise<Place> {
  const opened: { knex: Knex; store: Store }[] = []
  const storeOn = (knex: Knex) => {
    const store = knexStore({ knex, prefix })
    opened.push({ knex, store })
    return store
  }
  const first = open()
  await createTables({ knex: first, prefix })
  return {
    store: storeOn(first),
    another: async () => storeOn(open()),
    async dispose() {
      for (const { knex, store } of opened) {
        await store.close()
        await knex.destroy()
      }
    },
  }
}

async function onRedis(url: string): Promise<Place> {
  const prefix = `admin-${process.pid}-${++places}`
  const opened: { client: Redis; store: Store }[] = []
  const open = () => {
    const client = new Redis(url)
    const store = redisStore({ client, prefix, warn() {} })
    opened.push({ client, store })
    return store
  }
  return {
    store: open(),
    another: async () => open(),
    async dispose() {
      for (const { store } of opened) await store.close()
      const client = new Redis(url)
      const keys = await client.keys(`{${prefix}}:*`)
      if (keys.length > 0) await client.del(...keys)
      for (const one of [client, ...opened.map((each) => each.client)]) one.disconnect()
    },
  }
}
