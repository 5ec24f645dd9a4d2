/** What the SQL stores' test files share: how a test gets an empty store, and the ways in which to trouble it. */
import { randomBytes } from 'node:crypto'
import knexOf, { type Knex } from 'knex'
import { createPool } from 'mysql2/promise'
import { Pool } from 'pg'
import { afterAll, expect } from 'vitest'
import { PipelineError } from '../../src/errors.ts'
import type { SqlExecutor, Store } from '../../src/ports.ts'
import { createTables, knexExecutor, knexStore, type SqlPlace, sqlStore, toNumbered } from '../../src/stores/sql/index.ts'
import { tablesOf } from '../../src/stores/sql/tables.ts'
import type { StoreHarness } from '../../src/testing/index.ts'

/** What `promise` is rejected with, which has to be an error of ours. */
export async function failure(promise: Promise<unknown>): Promise<PipelineError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(PipelineError)
  return error as PipelineError
}

/** Lets every statement through, unless it was told which of the coming writes fails. */
export function breakable(executor: SqlExecutor): { executor: SqlExecutor; breaking: NonNullable<StoreHarness['breaking']> } {
  let left = Infinity
  const guard = (inner: SqlExecutor): SqlExecutor => ({
    async run(sql, bindings) {
      if (/^(INSERT|DELETE|UPDATE (?!.*1 = 0))/.test(sql) && --left === 0) throw new Error('the write was broken')
      return inner.run(sql, bindings)
    },
    transaction: (fn, options) => inner.transaction((tx) => fn(guard(tx)), options),
  })
  return {
    executor: guard(executor),
    async breaking(write, act) {
      left = write
      await act()
      left = Infinity
    },
  }
}

/** The two servers that have a Knex client, a pool of their own, and a dialect of ours. */
export type ServerDialect = 'postgres' | 'mysql'

export function openKnex(dialect: ServerDialect, url: string, max = 5): Knex {
  // Knex prints what it also rejects with.
  const log = { warn() {}, error() {}, debug() {}, deprecate() {} }
  return knexOf({ client: dialect === 'postgres' ? 'pg' : 'mysql2', connection: url, pool: { min: 0, max }, log })
}

/** An executor and what closes its connections. */
export interface Connection {
  executor: SqlExecutor
  close(): Promise<void>
}

/** The bridge to the pool of `pg`. */
function overPg(url: string): Connection {
  const pool = new Pool({ connectionString: url, max: 5 })
  const runOn = (client: Pick<Pool, 'query'>): SqlExecutor['run'] => {
    return async (sql, bindings) => {
      const { rows, rowCount } = await client.query(toNumbered(sql), [...bindings])
      return { rows, changes: rowCount ?? 0 }
    }
  }
  const transaction: SqlExecutor['transaction'] = async (fn) => {
    const client = await pool.connect()
    const tx: SqlExecutor = { run: runOn(client), transaction: (step) => step(tx) }
    try {
      await client.query('BEGIN')
      const result = await fn(tx)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    } finally {
      client.release()
    }
  }
  return { executor: { run: runOn(pool), transaction }, close: () => pool.end() }
}

/** The bridge to the pool of `mysql2`. */
function overMysql2(url: string): Connection {
  const pool = createPool({ uri: url, connectionLimit: 5 })
  const runOn = (client: Pick<typeof pool, 'query'>): SqlExecutor['run'] => {
    return async (sql, bindings) => {
      const [answer] = await client.query(sql, [...bindings])
      return Array.isArray(answer)
        ? { rows: answer as Record<string, unknown>[], changes: 0 }
        : { rows: [], changes: answer.affectedRows }
    }
  }
  const transaction: SqlExecutor['transaction'] = async (fn) => {
    const client = await pool.getConnection()
    const tx: SqlExecutor = { run: runOn(client), transaction: (step) => step(tx) }
    try {
      await client.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
      await client.beginTransaction()
      const result = await fn(tx)
      await client.commit()
      return result
    } catch (error) {
      await client.rollback()
      throw error
    } finally {
      client.release()
    }
  }
  return { executor: { run: runOn(pool), transaction }, close: () => pool.end() }
}

export const overPool: Record<ServerDialect, (url: string) => Connection> = { postgres: overPg, mysql: overMysql2 }

/** Tables of a test file's own in a server that it shares with others; they are dropped when the file ends. */
export interface Tables {
  prefix: string
  /** Creates them the first time; then it is much faster to empty them. */
  empty(): Promise<void>
}

export function tablesIn(dialect: ServerDialect, url: string): Tables {
  const prefix = `test_${randomBytes(6).toString('hex')}_`
  const knex = openKnex(dialect, url)
  const { version, ...filled } = tablesOf(prefix)
  let created: Promise<void> | undefined
  afterAll(async () => {
    for (const name of [version, ...Object.values(filled)]) await knex.schema.dropTableIfExists(name)
    await knex.destroy()
  })
  return {
    prefix,
    async empty() {
      created ??= createTables({ knex, prefix })
      await created
      await knex(version).where({ one: 2 }).delete()
      await Promise.all(Object.values(filled).map((name) => knex(name).delete()))
    },
  }
}

/** What a test opened, and closes in the end. */
function opened() {
  const steps: (() => unknown)[] = []
  return {
    closing<T>(thing: T, close: () => unknown): T {
      steps.push(close)
      return thing
    },
    async close() {
      for (const step of steps.splice(0).reverse()) await step()
    },
  }
}

/** For `storeContract`, over Knex: two connections of one user, one of them in transactions. */
export function knexHarness(dialect: ServerDialect, url: string): () => Promise<StoreHarness> {
  const { prefix, empty } = tablesIn(dialect, url)
  return async () => {
    await empty()
    const { closing, close } = opened()
    const open = () => {
      const knex = openKnex(dialect, url)
      return closing(knex, () => knex.destroy())
    }
    const keep = (store: Store) => closing(store, () => store.close())
    const first = open()
    const { executor, breaking } = breakable(knexExecutor(first))
    const store = keep(sqlStore({ executor, dialect, prefix }))
    return {
      store,
      breaking,
      another: async () => keep(knexStore({ knex: open(), prefix })),
      async reopen() {
        await store.close()
        await first.destroy()
        return keep(knexStore({ knex: open(), prefix }))
      },
      transaction: (fn) => first.transaction(async (trx) => fn(trx)),
      dispose: close,
    }
  }
}

/** For `storeContract`, over the executor port: no Knex comes between the store and the driver's own pool. */
export function poolHarness(dialect: ServerDialect, url: string): () => Promise<StoreHarness> {
  const { prefix, empty } = tablesIn(dialect, url)
  return async () => {
    await empty()
    const { closing, close } = opened()
    const open = (): { executor: SqlExecutor; place: SqlPlace } => {
      const { executor, close: end } = overPool[dialect](url)
      closing(executor, end)
      return { executor, place: { executor, dialect, prefix } }
    }
    const keep = (store: Store) => closing(store, () => store.close())
    const { executor, breaking } = breakable(open().executor)
    return {
      store: keep(sqlStore({ executor, dialect, prefix })),
      breaking,
      another: async () => keep(sqlStore(open().place)),
      reopen: async () => keep(sqlStore(open().place)),
      transaction: (fn) => executor.transaction(fn),
      dispose: close,
    }
  }
}
