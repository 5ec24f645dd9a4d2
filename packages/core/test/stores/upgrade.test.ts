import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import knexOf, { type Knex } from 'knex'
import { afterEach, describe, expect, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import { createTables, knexStore, type SqlDialect } from '../../src/stores/sql/index.ts'
import { tablesOf } from '../../src/stores/sql/tables.ts'
import { DELIVERED, keysOf, subjectOf, T0 } from '../../src/testing/contract/subject.ts'
import { failure, openKnex } from './harness.ts'

/** What version 1 printed as its tables, and rows that it wrote into them. */
const fixture = (name: string) => readFileSync(new URL(`version-1/${name}`, import.meta.url), 'utf8')
const ROWS = JSON.parse(fixture('rows.json')) as Record<'lanes' | 'entries' | 'dead' | 'inbox', Record<string, unknown>[]>

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

describe('on sqlite', () => {
  upgrades('sqlite', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unstale-'))
    cleanUp.push(() => rm(folder, { recursive: true, force: true }))
    const connection = { filename: join(folder, 'test.db') }
    return () => knexOf({ client: 'better-sqlite3', connection, useNullAsDefault: true })
  })
})
for (const dialect of ['postgres', 'mysql'] as const) {
  await withService(dialect, ({ url }) => {
    describe(`on ${dialect}`, () => upgrades(dialect, async () => () => openKnex(dialect, url)))
  })
}

function upgrades(dialect: SqlDialect, place: () => Promise<() => Knex>): void {
  const prefix = `test_${process.pid}_v1_`
  const tables = tablesOf(prefix)

  /** Tables as version 1 left them, and how to connect to them. */
  async function version1(): Promise<{ knex: Knex; connect: () => Knex }> {
    const open = await place()
    const connect = () => {
      const knex = open()
      cleanUp.push(() => knex.destroy())
      return knex
    }
    const knex = connect()
    const drop = async () => {
      for (const table of Object.values(tables)) await knex.schema.dropTableIfExists(table)
    }
    await drop()
    cleanUp.push(drop)
    const statements = fixture(`${dialect}.sql`).replaceAll('unstale_', prefix).split(';\n')
    for (const statement of statements) if (statement.trim() !== '') await knex.raw(statement)
    for (const name of ['lanes', 'entries', 'dead', 'inbox'] as const) await knex(tables[name]).insert(ROWS[name])
    return { knex, connect }
  }

  it('tables of version 1 are not touched before createTables has brought them forward', async () => {
    const { knex } = await version1()
    const { code, message } = await failure(knexStore({ knex, prefix }).stats(['a']))
    expect([code, message]).toEqual(['STORE_TABLES_MISSING', expect.stringMatching(/version 1.*run createTables/)])
    expect(await knex(tables.entries).where({ flying: 1 }).pluck('ord')).toEqual([3, 4].map((ord) => count(ord)))
  })

  /** Postgres answers BIGINTs as texts. */
  const count = (n: number) => (dialect === 'postgres' ? String(n) : n)

  it('tables of version 1 are brought forward from two connections at once, and what they hold is delivered', async () => {
    const { connect } = await version1()
    await Promise.all([createTables({ knex: connect(), prefix }), createTables({ knex: connect(), prefix })])
    // Once more does no harm.
    await createTables({ knex: connect(), prefix })
    const [store, other] = [knexStore({ knex: connect(), prefix }), knexStore({ knex: connect(), prefix })]
    const { put, claim, take, settle, nextDueAt } = subjectOf({ store, dispose: async () => {} })

    const seen = (await other.stats(['a', 'b', 'c'])).map(({ pending, inFlight, dead, suspended }) => [
      pending,
      inFlight,
      dead,
      suspended,
    ])
    expect(seen).toEqual([
      [2, 2, 1, null],
      [2, 0, 0, null],
      [0, 0, 0, 'gone'],
    ])

    // What flies keeps its id, its entries, and its lease.
    expect(await claim(T0 + 49)).toBeNull()
    const flying = await take(T0 + 50)
    expect([flying.id, flying.seq, flying.attempt, flying.reclaimed]).toEqual(['flying', 2, 1, true])
    expect(keysOf(flying)).toEqual(['flies', 'flies too'])
    expect(flying.entries.map(({ first }) => [first.event, first.previous])).toEqual([
      ['create', undefined],
      ['update', '{"slug":"old"}'],
    ])
    // What came back while it flew has a lower number, and is pending.
    await put({ key: 'new', at: T0 + 51 })
    await settle(flying, DELIVERED, T0 + 51)
    const rest = await take(T0 + 51)
    expect([rest.seq, keysOf(rest)]).toEqual([3, ['redriven', 'waits', 'new']])
    await settle(rest, DELIVERED, T0 + 52)

    const [letter] = await other.listDead({ limit: 9 })
    expect([letter?.entry.last.key, letter?.reason, letter?.diedAt]).toEqual(['dead', 'refused', T0])
    expect(await other.redrive({ target: 'a', now: T0 + 53 })).toBe(1)
    const redriven = await take(T0 + 53)
    expect(keysOf(redriven)).toEqual(['dead'])
    await settle(redriven, DELIVERED, T0 + 54)

    const rows = (await other.inbox?.read(9)) ?? []
    const entries = rows.flatMap((row) => row.entries)
    expect(rows.map(({ change }) => change.key)).toEqual(['i'])
    expect(await store.inbox?.fold(rows, entries)).not.toBeNull()
    const second = await take(T0 + 60, { target: 'b' })
    expect(second.entries.map(({ first, last }) => [last.key, first.event, last.fields])).toEqual([
      ['b1', 'create', '{"id":"b1","title":"newest"}'],
      ['b1', 'update', '{"id":"b1","title":"newest"}'],
      ['i', 'update', expect.any(String)],
    ])
    await settle(second, DELIVERED, T0 + 61)

    expect(await nextDueAt(T0 + 99, 'a', 'b', 'c')).toBeNull()
    await store.targets?.put({ key: 'site', uid: 'u1', target: { url: 'http://site.test/' } })
    expect((await other.targets?.read())?.rows).toHaveLength(1)
  })

  it('tables of a newer version are refused, by createTables too, and stay as they are', async () => {
    const { knex } = await version1()
    await createTables({ knex, prefix })
    await knex(tables.version).where({ one: 1 }).update({ version: 99 })
    for (const call of [createTables({ knex, prefix }), knexStore({ knex, prefix }).stats(['a'])]) {
      const { code, message } = await failure(call)
      expect([code, message]).toEqual(['STORE_TABLES_MISSING', expect.stringMatching(/version 99.*update @unstale\/core/)])
    }
    expect(await knex(tables.version).where({ one: 1 }).pluck('version')).toEqual([count(99)])
  })
}
