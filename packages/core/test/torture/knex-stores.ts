import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import knexOf, { type Knex } from 'knex'
import { findService, type Service } from '../../../../tools/services/index.ts'
import { createTables, knexStore, type SqlTransaction } from '../../src/index.ts'
import type { Opened, Shared } from './stores.ts'

export const sqlite: Shared = {
  async prepare() {
    const place = join(await mkdtemp(join(tmpdir(), 'unstale-torture-')), 'torture.db')
    await prepareTables(openSqlite(place), 'torture_')
    return place
  },
  open: async (place) => opened(openSqlite(place), 'torture_'),
  remove: (place) => rm(join(place, '..'), { recursive: true, force: true }),
}

export const postgres: Shared = onServer('postgres', 'pg')
export const mysql: Shared = onServer('mysql', 'mysql2')

/** The tables have a prefix of their own: the server may be somebody's. */
interface Place {
  url: string
  prefix: string
}

function onServer(name: 'postgres' | 'mysql', client: string): Shared {
  const open = ({ url }: Place) => knexOf({ client, connection: url, pool: { min: 0, max: 5 } })
  let service: Service
  return {
    async prepare() {
      const found = await findService(name)
      if ('missing' in found) throw new Error(found.missing)
      service = found
      const place: Place = { url: found.url, prefix: `torture_${randomBytes(4).toString('hex')}_` }
      await prepareTables(open(place), place.prefix)
      return JSON.stringify(place)
    },
    async open(text) {
      const place = JSON.parse(text) as Place
      return opened(open(place), place.prefix)
    },
    async remove(text) {
      const place = JSON.parse(text) as Place
      const knex = open(place)
      await dropTables(knex, place.prefix)
      await knex.destroy()
      await service.stop()
    },
  }
}

function openSqlite(filename: string): Knex {
  return knexOf({
    client: 'better-sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    pool: {
      afterCreate(connection: { pragma(text: string): unknown }, done: (error: unknown, connection: unknown) => void) {
        connection.pragma('journal_mode = WAL')
        connection.pragma('busy_timeout = 10000')
        done(null, connection)
      },
    },
  })
}

async function prepareTables(knex: Knex, prefix: string): Promise<void> {
  await createTables({ knex, prefix })
  await knex.schema.createTable(`${prefix}content`, (table) => {
    table.string('item').primary()
    table.bigInteger('value').notNullable()
  })
  await knex.destroy()
}

async function dropTables(knex: Knex, prefix: string): Promise<void> {
  const schema = knex.client.dialect === 'mysql' ? 'DATABASE()' : 'current_schema()'
  const rows: { name: string }[] = await knex
    .select({ name: 'table_name' })
    .from('information_schema.tables')
    .where('table_schema', knex.raw(schema))
  for (const { name } of rows) if (name.startsWith(prefix)) await knex.schema.dropTable(name)
}

function opened(knex: Knex, prefix: string): Opened {
  const content = `${prefix}content`
  return {
    store: knexStore({ knex, prefix }),
    write: (item, value, notice) =>
      knex.transaction(async (trx) => {
        await trx(content).insert({ item, value }).onConflict('item').merge()
        await notice(trx as unknown as SqlTransaction)
      }),
    async committed() {
      const rows = await knex<{ item: string; value: number | string }>(content).select()
      return new Map(rows.map(({ item, value }) => [item, Number(value)]))
    },
    close: () => knex.destroy(),
  }
}
