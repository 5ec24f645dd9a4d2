import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SQLite, { type Database } from 'better-sqlite3'
import knexOf from 'knex'
import { afterEach, expect, it } from 'vitest'
import type { Store } from '../../src/ports.ts'
import {
  createTables,
  knexExecutor,
  knexStore,
  printTables,
  sqliteExecutor,
  sqliteStore,
  sqlStore,
  toNumbered,
} from '../../src/stores/sql/index.ts'
import { type EntryInput, entryOf, keysOf, subjectOf, T0 } from '../../src/testing/contract/subject.ts'
import { failure } from './harness.ts'

const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

async function newFile(): Promise<string> {
  const path = await mkdtemp(join(root, 'unstale-'))
  cleanUp.push(() => rm(path, { recursive: true, force: true }))
  return join(path, 'test.db')
}

function connect(filename: string, options: SQLite.Options = {}): Database {
  const database = new SQLite(filename, { timeout: 10, ...options })
  cleanUp.push(() => database.close())
  return database
}

const on = (database: Database): Store => sqlStore({ executor: sqliteExecutor(database), dialect: 'sqlite' })
const claim = (store: Store) => subjectOf({ store, dispose: async () => {} }).claim(T0 + 9)
const put = (store: Store, ...entries: EntryInput[]) => store.append(entries.map(entryOf))

it('says which call creates missing tables, and works once they are there', async () => {
  const database = connect(await newFile())
  const store = on(database)
  const { code, message } = await failure(put(store, { key: '1' }))
  expect(code).toBe('STORE_TABLES_MISSING')
  expect(message).toMatch(/createTables/)
  await createTables({ executor: sqliteExecutor(database), dialect: 'sqlite' })
  await put(store, { key: '1' })
  expect(keysOf(await claim(store))).toEqual(['1'])
})

it('touches no tables of a newer version', async () => {
  const database = connect(await newFile())
  database.exec(printTables('sqlite'))
  database.exec('UPDATE unstale_version SET version = 99')
  const { code, message } = await failure(put(on(database), { key: '1' }))
  expect([code, message]).toEqual(['STORE_TABLES_MISSING', expect.stringMatching(/version 99.*update @unstale\/core/)])
})

it('creates its tables from several connections at once, and again', async () => {
  const filename = await newFile()
  const stores = await Promise.all([1, 2, 3, 4].map(() => sqliteStore({ filename })))
  cleanUp.push(() => Promise.all(stores.map((store) => store.close())))
  await Promise.all(stores.map((store, n) => put(store, { key: String(n) })))
  const [one, two] = stores as [Store, Store]
  expect(keysOf(await claim(one))?.toSorted()).toEqual(['0', '1', '2', '3'])
  expect(await claim(two)).toBeNull()
})

it('keeps to a prefix of its own', async () => {
  const filename = await newFile()
  const [one, two] = [await sqliteStore({ filename }), await sqliteStore({ filename, prefix: 'other_' })]
  cleanUp.push(() => Promise.all([one.close(), two.close()]))
  await put(one, { key: '1' })
  expect(await claim(two)).toBeNull()
  expect((await failure(sqliteStore({ filename, prefix: 'x"; --' }))).code).toBe('CONFIG_INVALID')
})

it('waits while another process holds the file', async () => {
  const filename = await newFile()
  const store = await sqliteStore({ filename })
  cleanUp.push(() => store.close())
  const other = connect(filename)
  other.exec('BEGIN IMMEDIATE')
  const appended = put(store, { key: '1' })
  await new Promise((resolve) => setImmediate(resolve))
  expect(await Promise.race([appended.then(() => 'appended'), Promise.resolve('waits')])).toBe('waits')
  other.exec('COMMIT')
  await appended
  expect(keysOf(await claim(store))).toEqual(['1'])
})

it('says that the disk is full, keeps what it had, and goes on when there is room', async () => {
  const database = connect(await newFile())
  database.exec(printTables('sqlite'))
  const store = on(database)
  await put(store, { key: '1' })
  database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true })) + 2}`)
  const large = { fields: JSON.stringify({ text: 'x'.repeat(100_000) }) }
  const { code, message, cause } = await failure(put(store, { key: '2', change: large }))
  expect([code, message]).toEqual(['STORE_FAILED', 'the sqlite store could not append: the disk is full, SQLITE_FULL'])
  expect(cause).toMatchObject({ code: 'SQLITE_FULL' })
  database.pragma('max_page_count = 100000')
  await put(store, { key: '3' })
  expect(keysOf(await claim(store))).toEqual(['1', '3'])
})

it('says that the database is read-only, or that the file cannot be opened', async () => {
  const filename = await newFile()
  connect(filename).exec(printTables('sqlite'))
  const store = on(connect(filename, { readonly: true }))
  expect((await failure(put(store, { key: '1' }))).message).toMatch(/could not append: the database is read-only/)
  expect((await failure(sqliteStore({ filename: join(filename, 'nowhere', 'x.db') }))).code).toBe('STORE_FAILED')
  expect((await failure(sqliteStore({ filename: '' }))).code).toBe('CONFIG_INVALID')
})

it('fails one append of a group without the others', async () => {
  const store = await sqliteStore({ filename: await newFile() })
  cleanUp.push(() => store.close())
  const unwritable = { ...entryOf({ key: 'bad' }), change: { ...entryOf({ key: 'bad' }).change, key: 1n as unknown as string } }
  const results = await Promise.allSettled([put(store, { key: '1' }), store.append([unwritable]), put(store, { key: '2' })])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(keysOf(await claim(store))).toEqual(['1', '2'])
})

it('repeats no value in a message, though Knex does', async () => {
  const filename = await newFile()
  const knex = knexOf({ client: 'better-sqlite3', connection: { filename }, useNullAsDefault: true })
  cleanUp.push(() => knex.destroy())
  await createTables({ knex })
  await knex.raw("CREATE TRIGGER no BEFORE INSERT ON unstale_arrivals BEGIN SELECT RAISE(ABORT, 'not today'); END")
  const { code, message, cause } = await failure(
    put(knexStore({ knex }), { key: '1', change: { fields: '{"password":"secret"}' } }),
  )
  expect(code).toBe('STORE_FAILED')
  expect(message).not.toMatch(/secret/)
  expect(String(cause)).toMatch(/not today/)
})

it('refuses databases that it does not speak, naming those it does', () => {
  const knex = { client: { dialect: 'mssql' } } as unknown as Parameters<typeof knexStore>[0]['knex']
  expect(() => knexStore({ knex })).toThrow(/"mssql".*sqlite, postgres, mysql/)
  const looksLikePostgres = { client: { dialect: 'postgresql', driverName: 'cockroachdb' } } as unknown as typeof knex
  expect(() => knexStore({ knex: looksLikePostgres })).toThrow(/"cockroachdb"/)
  expect(() => printTables('oracle' as 'sqlite')).toThrow(/"oracle"/)
})

it('claims an entry as it is now, whatever another process has made of what this one wrote', async () => {
  const filename = await newFile()
  connect(filename).exec(printTables('sqlite'))
  const [ours, theirs] = [on(connect(filename)), on(connect(filename))]
  const text = (fields: string) => ({ change: { fields: JSON.stringify({ text: fields }) } })
  await put(ours, { key: '1', ...text('old') }, { key: '2', ...text('old') })
  expect((await ours.stats(['a']))[0]?.pending).toBe(2)
  await put(theirs, { key: '2', at: T0 + 1, ...text('new') }, { key: '3', at: T0 + 1, ...text('theirs') })
  expect((await theirs.stats(['a']))[0]?.pending).toBe(3)
  const batch = await claim(ours)
  expect(keysOf(batch)).toEqual(['1', '2', '3'])
  expect(batch?.entries.map(({ last }) => JSON.parse(last.fields).text)).toEqual(['old', 'new', 'theirs'])
})

it('claims nothing that was undone: numbers are given again, and entries are told apart', async () => {
  const database = connect(await newFile())
  database.exec(printTables('sqlite'))
  const executor = sqliteExecutor(database)
  let undo = false
  const store = sqlStore({
    dialect: 'sqlite',
    executor: {
      run: executor.run,
      transaction: (fn) =>
        executor.transaction(async (tx) => {
          const result = await fn(tx)
          if (undo) throw new Error('undone')
          return result
        }),
    },
  })
  undo = true
  await put(store, { key: 'undone' })
  expect((await failure(store.stats(['a']))).code).toBe('STORE_FAILED')
  undo = false
  // Somebody else takes it in under the same number, after another one.
  const theirs = on(database)
  database.exec('DELETE FROM unstale_arrivals')
  await put(theirs, { key: 'theirs' })
  expect((await theirs.stats(['a']))[0]?.pending).toBe(1)
  expect(keysOf(await claim(store))).toEqual(['theirs'])
})

it('takes in what it has noted before a large append, which needs no note', async () => {
  const database = connect(await newFile())
  database.exec(printTables('sqlite'))
  const store = on(database)
  const text = (value: string) => ({ change: { fields: JSON.stringify({ text: value }) } })
  const notes = () => database.prepare('SELECT COUNT(*) FROM unstale_arrivals').pluck().get()
  // Of a target that it does not know yet, the first is taken in.
  await put(store, { key: '0' })
  await put(store, { key: '1', ...text('noted') })
  expect(notes()).toBe(1)
  await put(store, ...Array.from({ length: 150 }, (_, n) => ({ key: String(n), ...text('newer') })))
  expect(notes()).toBe(0)
  const batch = await claim(store)
  expect(batch?.entries).toHaveLength(150)
  expect(batch?.entries.filter(({ last }) => JSON.parse(last.fields).text !== 'newer')).toEqual([])
})

it('writes into an inbox only in a transaction', async () => {
  const store = await sqliteStore({ filename: await newFile() })
  cleanUp.push(() => store.close())
  const { code } = await failure(store.inbox?.write({} as never, []) ?? Promise.resolve())
  expect(code).toBe('TRANSACTION_UNSUPPORTED')
})

it('numbers parameters for drivers that want it', () => {
  expect(toNumbered('a = ? AND b IN (?, ?)')).toBe('a = $1 AND b IN ($2, $3)')
})

it('takes an executor from Knex whose answers are rows', async () => {
  const knex = knexOf({ client: 'better-sqlite3', connection: ':memory:', useNullAsDefault: true })
  cleanUp.push(() => knex.destroy())
  const executor = knexExecutor(knex)
  await executor.run('CREATE TABLE t (a INTEGER)', [])
  expect(await executor.run('INSERT INTO t VALUES (?), (?)', [1, 2])).toMatchObject({ changes: 2 })
  expect((await executor.run('SELECT a FROM t WHERE a > ?', [0])).rows).toEqual([{ a: 1 }, { a: 2 }])
  await expect(
    executor.transaction(async (tx) => {
      await tx.run('DELETE FROM t', [])
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect((await executor.run('SELECT a FROM t', [])).rows).toHaveLength(2)
})
