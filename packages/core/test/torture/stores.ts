import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import knexOf, { type Knex } from 'knex'
import { createTables, knexStore, type SqlTransaction, type Store } from '../../src/index.ts'

/** One process's connection to the store under torture. */
export interface Opened {
  store: Store
  /** Stores in one transaction that `key` is now `value`, and what `notice` writes into it. Absent where there is no inbox. */
  write?(key: string, value: number, notice: (transaction: SqlTransaction) => Promise<void>): Promise<void>
  /** What was committed by `write`. */
  committed(): Promise<Map<string, number>>
  close(): Promise<void>
}

/** A store that several processes share, by name. */
export interface Shared {
  /** Creates it empty; what it answers is passed to every process. */
  prepare(): Promise<string>
  open(place: string): Promise<Opened>
  remove(place: string): Promise<void>
}

export const stores: Record<string, Shared> = {
  sqlite: {
    async prepare() {
      const place = join(await mkdtemp(join(tmpdir(), 'unstale-torture-')), 'torture.db')
      await prepareTables(sqlite(place))
      return place
    },
    open: async (place) => openKnex(sqlite(place)),
    remove: (place) => rm(join(place, '..'), { recursive: true, force: true }),
  },
}

function sqlite(filename: string): Knex {
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

async function prepareTables(knex: Knex): Promise<void> {
  await createTables({ knex })
  await knex.schema.createTable('torture_items', (table) => {
    table.string('key').primary()
    table.bigInteger('value').notNullable()
  })
  await knex.destroy()
}

function openKnex(knex: Knex): Opened {
  return {
    store: knexStore({ knex }),
    write: (key, value, notice) =>
      knex.transaction(async (trx) => {
        await trx('torture_items').insert({ key, value }).onConflict('key').merge()
        await notice(trx as unknown as SqlTransaction)
      }),
    async committed() {
      const rows = await knex<{ key: string; value: number | string }>('torture_items').select()
      return new Map(rows.map(({ key, value }) => [key, Number(value)]))
    },
    close: () => knex.destroy(),
  }
}
