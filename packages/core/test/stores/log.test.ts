import SQLite from 'better-sqlite3'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import {
  type DeliveryLog,
  type DeliveryQuery,
  type ItemRef,
  knexExecutor,
  type LogBounds,
  memoryLog,
  type Outcome,
  printTables,
  type SqlExecutor,
  sqliteExecutor,
  sqlLog,
} from '../../src/index.ts'
import { openKnex, type ServerDialect, tablesIn } from './harness.ts'

const T0 = 1_700_000_000_000
const DAY = 86_400_000

/** An empty log, opened as often as asked. */
type Open = (bounds?: LogBounds) => Promise<() => DeliveryLog>

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

const VERDICTS: Record<string, Outcome['verdict']> = {
  delivered: { kind: 'delivered', limit: null },
  retry: { kind: 'retry', at: T0 + 1000, failing: false },
  split: { kind: 'split', at: T0 + 1000, limit: 2, failing: true },
  dead: { kind: 'dead', reason: 'refused' },
}

interface Attempt {
  at?: number
  target?: string
  batch?: string
  attempt?: number
  verdict?: keyof typeof VERDICTS
  items?: readonly (string | ItemRef)[]
}

let made = 0

function outcomeOf({
  at = T0,
  target = 'uid',
  batch = `msg_${++made}`,
  attempt = 1,
  verdict = 'delivered',
  items = ['1'],
}: Attempt): Outcome {
  return {
    target: { uid: target, key: `key of ${target}`, name: 'Shop', url: 'https://shop.test/flush' },
    batch: {
      id: batch,
      seq: 7,
      epoch: T0,
      attempt,
      openedAt: at - 50,
      items: items.map((item) => (typeof item === 'string' ? { collection: 'posts', key: item, event: 'update' } : item)),
      bytes: 321,
    },
    result: { kind: 'response', status: verdict === 'delivered' ? 204 : 503, tookMs: 12, body: 'Łódź \u0000 "so" 🦊' },
    verdict: VERDICTS[verdict] as Outcome['verdict'],
    at,
  }
}

/** The batches that a query answers, in order. */
async function batches(log: DeliveryLog, query: Partial<DeliveryQuery>): Promise<string[]> {
  return (await log.list({ limit: 1000, ...query })).map(({ batch }) => batch.id)
}

async function pruned(log: DeliveryLog, now: number): Promise<void> {
  while (await log.prune(now));
}

function suite(name: string, open: Open, alone: boolean): void {
  describe(`the delivery log: ${name}`, () => {
    const one = async (bounds?: LogBounds) => (await open(bounds))()

    it('gives an attempt back as it was told, with an id', async () => {
      const log = await one()
      const outcome = outcomeOf({ verdict: 'retry', items: ['1', { collection: 'pages', key: 0, event: 'delete' }] })
      await log.add([outcome])
      const [record] = await log.list({ limit: 10 })
      expect(record).toEqual({ ...outcome, id: expect.any(String), count: 2 })
    })

    it('is newest first, in pages that meet', async () => {
      const log = await one()
      const told = [5, 3, 1, 2, 4].map((n) => outcomeOf({ at: T0 + n, batch: `msg_${n}` }))
      await log.add(told.slice(0, 2))
      await log.add(told.slice(2))
      const first = await log.list({ limit: 2 })
      expect(first.map(({ at }) => at - T0)).toEqual([5, 4])
      expect(await batches(log, { limit: 2, before: first[1]!.id })).toEqual(['msg_3', 'msg_2'])
      expect(await batches(log, { before: first[1]!.id, until: T0 + 3 })).toEqual(['msg_2', 'msg_1'])
    })

    it('keeps attempts of one instant apart', async () => {
      const log = await one()
      await log.add([outcomeOf({ batch: 'msg_a' }), outcomeOf({ batch: 'msg_b' }), outcomeOf({ batch: 'msg_a', attempt: 2 })])
      expect(await batches(log, {})).toHaveLength(3)
      const [newest, ...others] = await log.list({ limit: 3 })
      expect(await log.list({ limit: 3, before: newest!.id })).toEqual(others)
    })

    it('takes what it was given twice once', async () => {
      const log = await one()
      const outcome = outcomeOf({ batch: 'msg_a' })
      await log.add([outcome])
      await log.add([outcomeOf({ batch: 'msg_b', at: T0 + 1 }), outcome])
      expect(await batches(log, {})).toEqual(['msg_b', 'msg_a'])
      expect(await batches(log, { item: { collection: 'posts', key: '1' } })).toEqual(['msg_b', 'msg_a'])
    })

    it('finds by target, batch, verdict, time and item, and by any of them together', async () => {
      const log = await one()
      const page = { collection: 'pages', key: 1, event: 'update' } as const
      await log.add([
        outcomeOf({ at: T0 + 1, batch: 'a', verdict: 'retry', items: ['1', '2'] }),
        outcomeOf({ at: T0 + 2, batch: 'a', attempt: 2, verdict: 'split', items: ['1', '2'] }),
        outcomeOf({ at: T0 + 3, batch: 'b', items: ['1'] }),
        outcomeOf({ at: T0 + 4, batch: 'c', verdict: 'dead', items: ['2'] }),
        outcomeOf({ at: T0 + 5, batch: 'd', target: 'other', items: [page, { ...page, event: 'delete' }] }),
      ])
      const found = (query: Partial<DeliveryQuery>) => batches(log, query)
      expect(await found({ target: 'uid' })).toEqual(['c', 'b', 'a', 'a'])
      expect(await found({ target: 'UID' })).toEqual([])
      expect((await log.list({ batch: 'a', limit: 9 })).map(({ batch }) => batch.attempt)).toEqual([2, 1])
      expect(await found({ verdicts: ['delivered'] })).toEqual(['d', 'b'])
      expect(await found({ verdicts: ['retry', 'dead', 'split'] })).toEqual(['c', 'a', 'a'])
      expect(await found({ verdicts: ['retry', 'dead', 'split'], limit: 1 })).toEqual(['c'])
      expect(await found({ verdicts: [] })).toEqual([])
      expect(await found({ since: T0 + 2, until: T0 + 4 })).toEqual(['b', 'a'])
      expect(await found({ item: { collection: 'posts', key: 1 } })).toEqual(['b', 'a', 'a'])
      expect(await found({ item: { collection: 'pages', key: '1' } })).toEqual(['d'])
      expect(await found({ item: { collection: 'pages', key: 2 } })).toEqual([])
      expect(await found({ item: { collection: 'posts' } })).toEqual(['c', 'b', 'a', 'a'])
      expect(await found({ item: { collection: 'pages' }, target: 'uid' })).toEqual([])
      expect(
        await found({ item: { collection: 'posts', key: '2' }, target: 'uid', verdicts: ['dead', 'retry'], until: T0 + 4 }),
      ).toEqual(['a'])
      expect(await found({ target: 'uid', verdicts: ['dead'], since: T0 + 5 })).toEqual([])
    })

    it('tells items apart as bytes, however strange', async () => {
      const log = await one()
      const keys = ['a', 'A', 'á', 'a ', '\u0000', "'; --", '🦊', 'x'.repeat(10_000), '*']
      await log.add(keys.map((key, n) => outcomeOf({ batch: `msg_${n}`, items: [key] })))
      for (const [n, key] of keys.entries()) {
        expect(await batches(log, { item: { collection: 'posts', key } })).toEqual([`msg_${n}`])
      }
    })

    it('lists 500 items of a batch and counts them all', async () => {
      const log = await one()
      await log.add([outcomeOf({ items: Array.from({ length: 700 }, (_, n) => String(n)) })])
      const [record] = await log.list({ limit: 1 })
      expect([record?.batch.items.length, record?.count]).toEqual([500, 700])
      expect(await batches(log, { item: { collection: 'posts', key: 499 } })).toHaveLength(1)
    })

    it('removes what is too old, in steps', async () => {
      const log = await one({ maxAge: 2 * DAY })
      const items = Array.from({ length: 300 }, (_, n) => String(n))
      await log.add([0, 0, 1, 1, 2, 3].map((day, n) => outcomeOf({ at: T0 + day * DAY, batch: `msg_${n}`, items })))
      await pruned(log, T0 + 2 * DAY)
      expect(await batches(log, {})).toHaveLength(6)
      await pruned(log, T0 + 4 * DAY - 1)
      expect(await batches(log, {})).toEqual(['msg_5', 'msg_4'])
      expect(await batches(log, { item: { collection: 'posts', key: 7 } })).toEqual(['msg_5', 'msg_4'])
    })

    it('removes what is too much', async () => {
      const log = await one({ records: 20 })
      await log.add(Array.from({ length: 50 }, (_, n) => outcomeOf({ at: T0 + n, batch: `msg_${n}` })))
      await pruned(log, T0 + DAY)
      expect((await log.list({ limit: 100 })).map(({ at }) => at - T0)).toEqual(Array.from({ length: 20 }, (_, n) => 49 - n))
    })

    it('removes what has too many items, though it is few records', async () => {
      const log = await one({ records: 20 })
      const items = Array.from({ length: 60 }, (_, n) => String(n))
      await log.add(Array.from({ length: 15 }, (_, n) => outcomeOf({ at: T0 + n, items })))
      await pruned(log, T0 + DAY)
      const left = await log.list({ limit: 100 })
      expect(left.length).toBeGreaterThanOrEqual(3)
      expect(left.length).toBeLessThanOrEqual(4)
      expect(left[0]?.at).toBe(T0 + 14)
    })

    it('names what is wrong with its bounds', async () => {
      for (const records of [0, 1.5, Number.NaN])
        await expect(one({ records })).rejects.toThrow(/records: must be a whole number/)
      await expect(one({ maxAge: 0 })).rejects.toThrow(/maxAge: must be above 0/)
    })

    // What is in memory is this process's own.
    if (alone) return
    it('is one for all processes, also while they write and prune at once', async () => {
      const again = await open({ records: 50 })
      const [log, other] = [again(), again()]
      const items = ['1', '2', '3', '4', '5']
      const ours = (from: number) =>
        Array.from({ length: 100 }, (_, n) => outcomeOf({ at: T0 + from + 2 * n, batch: `msg_${from}_${n}`, items }))
      await Promise.all([log.add(ours(0)), other.add(ours(1)), log.add(ours(0))])
      expect(await batches(log, {})).toEqual(await batches(other, {}))
      expect(await batches(log, { item: { collection: 'posts', key: 3 } })).toHaveLength(200)
      await Promise.all([pruned(log, T0 + DAY), pruned(other, T0 + DAY), other.add([outcomeOf({ at: T0 + DAY, batch: 'last' })])])
      await pruned(log, T0 + 2 * DAY)
      expect((await batches(other, {})).slice(0, 2)).toEqual(['last', 'msg_1_99'])
      expect((await batches(other, {})).length).toBe(50)
    })
  })
}

suite(
  'memory',
  async (bounds) => {
    const log = memoryLog(bounds)
    return () => log
  },
  true,
)

/** No plan of the database reads the whole log, whatever is asked for. */
function indexed(
  name: string,
  open: () => Promise<SqlExecutor>,
  dialect: 'sqlite' | ServerDialect,
  prefix: string,
  scans: RegExp,
): void {
  it(`${name} searches 10,000 attempts by an index`, async () => {
    const executor = await open()
    const asked: [string, readonly (string | number | null)[]][] = []
    const spy: SqlExecutor = {
      run: (sql, bindings) => {
        if (/^SELECT l\.id/.test(sql)) asked.push([sql, bindings])
        return executor.run(sql, bindings)
      },
      transaction: (fn) => executor.transaction(fn),
    }
    const log = sqlLog({ executor: spy, dialect, prefix })
    for (let from = 0; from < 10_000; from += 500) {
      await log.add(
        Array.from({ length: 500 }, (_, n) => {
          const at = T0 + from + n
          const verdict = at % 100 === 0 ? 'dead' : at % 10 === 0 ? 'retry' : 'delivered'
          return outcomeOf({ at, target: `uid_${at % 20}`, batch: `msg_${at}`, verdict, items: [String(at % 1000), String(at)] })
        }),
      )
    }
    for (const table of ['log', 'log_items']) {
      await executor.run(`ANALYZE ${dialect === 'mysql' ? 'TABLE ' : ''}${prefix}${table}`, [])
    }
    const window = { since: T0 + 1000, until: T0 + 9000 }
    const queries: Omit<DeliveryQuery, 'limit'>[] = [
      {},
      { target: 'uid_7' },
      { target: 'uid_7', verdicts: ['dead'] },
      { verdicts: ['dead', 'retry'] },
      { batch: `msg_${T0 + 4321}` },
      { item: { collection: 'posts', key: '321' } },
      { item: { collection: 'posts', key: '321' }, target: 'uid_1' },
      { item: { collection: 'posts' } },
    ]
    for (const query of queries.flatMap((query) => [query, { ...query, ...window }])) {
      expect((await log.list({ ...query, limit: 20 })).length, JSON.stringify(query)).toBeLessThanOrEqual(20)
    }
    for (const [sql, bindings] of asked) {
      const { rows } = await executor.run(`EXPLAIN ${dialect === 'sqlite' ? 'QUERY PLAN ' : ''}${sql}`, bindings)
      expect(JSON.stringify(rows), sql).not.toMatch(scans)
    }
  })
}

function sqlite(): SqlExecutor {
  const database = new SQLite(':memory:')
  cleanUp.push(() => database.close())
  database.exec(printTables('sqlite'))
  return sqliteExecutor(database)
}

suite(
  'SQLite',
  async (bounds = {}) => {
    const executor = sqlite()
    return () => sqlLog({ executor, dialect: 'sqlite', ...bounds })
  },
  false,
)
indexed('SQLite', async () => sqlite(), 'sqlite', 'unstale_', /SCAN|TEMP B-TREE/)

const SCANS: Record<ServerDialect, RegExp> = { postgres: /Seq Scan/, mysql: /"ALL"|filesort|temporary/ }

for (const dialect of ['postgres', 'mysql'] as const) {
  await withService(dialect, ({ url }) => {
    const { prefix, empty } = tablesIn(dialect, url)
    const knex = openKnex(dialect, url)
    afterAll(() => knex.destroy())
    const executor = knexExecutor(knex)
    suite(
      dialect,
      async (bounds = {}) => {
        await empty()
        return () => sqlLog({ executor, dialect, prefix, ...bounds })
      },
      false,
    )
    indexed(
      dialect,
      async () => {
        await empty()
        return executor
      },
      dialect,
      prefix,
      SCANS[dialect],
    )
  })
}
