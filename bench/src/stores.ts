/** Every store that is measured, each time an empty one. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createTables, knexStore, memoryStore, redisStore, type Store, sqliteStore } from '@unstale/core'
import { Redis } from 'ioredis'
import knexOf, { type Knex } from 'knex'
import { diskFolder, type Urls } from './servers.ts'

export type StoreName = 'memory' | 'redis' | 'redisAlways' | 'sqlite' | 'postgres' | 'mysql'

/** Runs `work` on an empty store and removes it. */
export type OnStore = <T>(work: (store: Store) => Promise<T>) => Promise<T>

/** As a row tells them. */
export const STORES: Readonly<Record<StoreName, string>> = {
  memory: 'memory',
  redis: 'Redis, synced every second',
  redisAlways: 'Redis, synced always',
  sqlite: 'SQLite',
  postgres: 'Postgres',
  mysql: 'MariaDB',
}

/** Those that need no server, and those whose server is there. */
export type Stores = Record<'memory' | 'sqlite', OnStore> & Partial<Record<StoreName, OnStore>>

export function storesOn({ redis, postgres, mysql }: Urls): Stores {
  return {
    memory: (work) => work(memoryStore()),
    ...(redis && {
      redis: (work) => onRedis(redis, 'everysec', work),
      redisAlways: (work) => onRedis(redis, 'always', work),
    }),
    sqlite: onSqlite,
    ...(postgres && { postgres: (work) => onTables({ client: 'pg', url: postgres }, work) }),
    ...(mysql && { mysql: (work) => onTables({ client: 'mysql2', url: mysql }, work) }),
  }
}

/** Any of them, in the order of the tables. */
export function storeNames(stores: Partial<Record<StoreName, unknown>>): StoreName[] {
  return Object.keys(stores) as StoreName[]
}

export async function onRedis<T>(
  url: string,
  appendfsync: 'everysec' | 'always',
  work: (store: Store, client: Redis) => Promise<T>,
): Promise<T> {
  const client = new Redis(url)
  try {
    await client.flushall()
    await client.config('SET', 'appendfsync', appendfsync)
    const store = redisStore({ client })
    const result = await work(store, client)
    await store.close()
    return result
  } finally {
    client.disconnect()
  }
}

export async function onSqlite<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(diskFolder(), 'unstale-bench-'))
  const store = await sqliteStore({ filename: join(folder, 'bench.sqlite') })
  try {
    return await work(store)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

export interface Database {
  client: 'pg' | 'mysql2'
  url: string
}

/** Holds our tables and nothing else: a schema of Postgres, a database of MySQL. */
const PLACE = 'unstale_bench'

export function knexOn({ client, url }: Database): Knex {
  if (client === 'pg') return knexOf({ client, connection: url, searchPath: [PLACE] })
  const inPlace = new URL(url)
  inPlace.pathname = `/${PLACE}`
  return knexOf({ client, connection: inPlace.href })
}

export async function onTables<T>(database: Database, work: (store: Store, knex: Knex) => Promise<T>): Promise<T> {
  const { client, url } = database
  const outside = knexOf({ client, connection: url })
  await outside.raw(client === 'pg' ? `DROP SCHEMA IF EXISTS ${PLACE} CASCADE` : `DROP DATABASE IF EXISTS ${PLACE}`)
  await outside.raw(`CREATE SCHEMA ${PLACE}`)
  await outside.destroy()
  const knex = knexOn(database)
  try {
    await createTables({ knex })
    const store = knexStore({ knex })
    const result = await work(store, knex)
    await store.close()
    return result
  } finally {
    await knex.destroy()
  }
}
