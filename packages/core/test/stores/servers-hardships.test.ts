import { randomBytes } from 'node:crypto'
import type { Knex } from 'knex'
import { describe, expect, it, onTestFinished } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import { createPipeline } from '../../src/index.ts'
import type { Inbox, SqlExecutor, Store } from '../../src/ports.ts'
import { createTables, knexExecutor, knexStore, sqlStore } from '../../src/stores/sql/index.ts'
import { tablesOf } from '../../src/stores/sql/tables.ts'
import { DELIVERED, type EntryInput, entryOf, keysOf, subjectOf, T0 } from '../../src/testing/contract/subject.ts'
import { scriptedTransport } from '../../src/testing/scripted-transport.ts'
import { failure, openKnex, type ServerDialect } from './harness.ts'

const put = (store: Store, ...entries: EntryInput[]) => store.append(entries.map(entryOf))
const on = (store: Store) => subjectOf({ store, dispose: async () => {} })

for (const dialect of ['postgres', 'mysql'] as const) {
  await withService(dialect, ({ url }) => void describe(`the SQL store on ${dialect}`, () => hardships(dialect, url)))
}

function hardships(dialect: ServerDialect, url: string): void {
  const connect = (as = url): Knex => {
    const knex = openKnex(dialect, as)
    onTestFinished(() => knex.destroy())
    return knex
  }

  /** A prefix that nobody has, and a connection; what is created under it is dropped. */
  function unused(): { knex: Knex; prefix: string } {
    const [knex, prefix] = [connect(), `test_${randomBytes(6).toString('hex')}_`]
    onTestFinished(async () => {
      for (const table of Object.values(tablesOf(prefix))) await knex.schema.dropTableIfExists(table)
    })
    return { knex, prefix }
  }

  async function created(): Promise<{ knex: Knex; prefix: string; store: Store }> {
    const place = unused()
    await createTables(place)
    return { ...place, store: knexStore(place) }
  }

  it('says which call creates missing tables, and works once they are there', async () => {
    const place = unused()
    const store = knexStore(place)
    const { code, message } = await failure(put(store, { key: '1' }))
    expect([code, message]).toEqual(['STORE_TABLES_MISSING', expect.stringMatching(/createTables/)])
    await createTables(place)
    await put(store, { key: '1' })
    expect(keysOf(await on(store).claim(T0))).toEqual(['1'])
  })

  it('touches no tables of a newer version', async () => {
    const { knex, prefix, store } = await created()
    await knex(tablesOf(prefix).version).where({ one: 1 }).update({ version: 99 })
    for (const call of [() => put(store, { key: '1' }), () => createTables({ knex, prefix })]) {
      const { code, message } = await failure(call())
      expect([code, message]).toEqual(['STORE_TABLES_MISSING', expect.stringMatching(/version 99.*update @unstale\/core/)])
    }
  })

  it.each(['version', 'lanes', 'entries', 'inbox'] as const)(
    'names a table of somebody else that has one of its names: %s',
    async (name) => {
      const place = unused()
      const table = tablesOf(place.prefix)[name]
      await place.knex.schema.createTable(table, (columns) => columns.integer('theirs'))
      const { code, message } = await failure(createTables(place))
      expect([code, message]).toEqual(['STORE_TABLES_MISSING', expect.stringContaining(table)])
      expect(await place.knex(table).select('theirs')).toEqual([])
    },
  )

  it('says that the user of the database may not do that', async () => {
    const { knex, prefix } = await created()
    const [user, { hostname, port, pathname }] = [`${prefix}user`, new URL(url)]
    const database = pathname.slice(1)
    if (dialect === 'postgres') await knex.raw(`CREATE ROLE ${user} LOGIN PASSWORD 'none'`)
    else await knex.raw(`CREATE USER ${user} IDENTIFIED BY 'none'`)
    onTestFinished(() => knex.raw(`DROP ${dialect === 'postgres' ? 'ROLE' : 'USER'} ${user}`))
    if (dialect === 'mysql') await knex.raw(`GRANT CREATE ON ${database}.${prefix}nothing TO ${user}`)
    const theirs = connect(`${dialect}://${user}:none@${hostname}:${port}/${database}`)
    const { code, message } = await failure(put(knexStore({ knex: theirs, prefix }), { key: '1' }))
    expect([code, message]).toEqual(['STORE_FAILED', expect.stringMatching(/the database user may not do that/)])
  })

  it('claims and settles many targets at once, each as if it were alone', async () => {
    const { knex, prefix, store } = await created()
    const uids = Array.from({ length: 20 }, (_, n) => `target ${n}`)
    await put(
      store,
      ...uids.flatMap((target) => [
        { target, key: '1' },
        { target, key: '2', at: T0 + 1 },
      ]),
    )
    await store.peek({ now: T0, targets: uids })
    const { claim, settle } = on(store)
    const batches = await Promise.all(uids.map((target) => claim(T0 + 50, { target, entries: 1 })))
    expect(batches.map((batch) => [batch?.target, keysOf(batch)])).toEqual(uids.map((target) => [target, ['1']]))
    // One of them was taken away meanwhile.
    await knexStore({ knex, prefix }).forget('target 7', T0 + 60)
    const settled = await Promise.all(batches.map((batch) => batch && settle(batch, DELIVERED, T0 + 60)))
    expect(settled.every((result) => result?.ok)).toBe(true)
    const rest = await Promise.all(uids.map((target) => claim(T0 + 70, { target })))
    expect(rest.map(keysOf)).toEqual(uids.map((target) => (target === 'target 7' ? null : ['2'])))
  })

  if (dialect === 'postgres') {
    it('does without prepared statements where a pooler keeps none, and loses nothing by it', async () => {
      const { knex, prefix } = await created()
      const one = openKnex('postgres', url, 1)
      onTestFinished(() => one.destroy())
      const store = knexStore({ knex: one, prefix })
      await put(store, { key: '1' })
      expect(keysOf(await on(store).claim(T0 + 50, { entries: 1 }))).toEqual(['1'])
      // As the next session of the server that a pooler lends.
      await one.raw('DEALLOCATE ALL')
      await put(store, { key: '2' })
      await one.raw('DEALLOCATE ALL')
      expect((await store.stats(['a']))[0]?.pending).toBe(1)
      expect(await knex(tablesOf(prefix).entries).count('* as n')).toEqual([{ n: '2' }])
    })
  }

  it('creates its tables from four connections at once, and again', async () => {
    const { knex, prefix } = unused()
    await Promise.all([1, 2, 3, 4].map(() => createTables({ knex: connect(), prefix })))
    const stores = [1, 2, 3, 4].map(() => knexStore({ knex: connect(), prefix }))
    await Promise.all(stores.map((store, n) => put(store, { key: String(n) })))
    await createTables({ knex, prefix })
    expect(keysOf(await on(knexStore({ knex, prefix })).claim(T0))?.toSorted()).toEqual(['0', '1', '2', '3'])
  })

  it('brings tables of version 1 forward, with what is in them, also from four connections at once', async () => {
    const { knex, prefix, store } = await created()
    const { put: append, take, settle } = on(store)
    await append({ key: 'redriven' })
    await settle(await take(T0), { kind: 'dead', reason: 'refused' }, T0)
    await append({ key: 'flies', at: T0 + 1 }, { key: 'waits', at: T0 + 2 })
    const { id } = await take(T0 + 2, { entries: 1, leaseUntil: T0 + 50 })
    await store.redrive({ target: 'a', now: T0 + 3 })
    await backToVersion1(knex, prefix)

    const { code, message } = await failure(put(knexStore({ knex, prefix }), { key: '1' }))
    expect([code, message]).toEqual(['STORE_TABLES_MISSING', expect.stringMatching(/version 1.*run createTables/)])
    await Promise.all([1, 2, 3, 4].map(() => createTables({ knex: connect(), prefix })))
    const upgraded = on(knexStore({ knex, prefix }))
    const batch = await upgraded.take(T0 + 50)
    expect([batch.id, keysOf(batch)]).toEqual([id, ['flies']])
    await upgraded.settle(batch, DELIVERED, T0 + 51)
    expect(keysOf(await upgraded.take(T0 + 51))).toEqual(['redriven', 'waits'])
  })

  /** As that version kept it: each entry said whether it flies. */
  async function backToVersion1(knex: Knex, prefix: string): Promise<void> {
    const { entries, lanes, version, arrivals, targets, log, logItems } = tablesOf(prefix)
    await knex.schema.alterTable(entries, (table) => table.smallint('flying').notNullable().defaultTo(0))
    for (const { id, state } of await knex(lanes).select('id', 'state')) {
      const { flyingUntil } = JSON.parse(state) as { flyingUntil: number }
      await knex(entries).where({ lane: id, put_back: 0 }).where('ord', '<=', flyingUntil).update({ flying: 1 })
    }
    await knex.schema.alterTable(entries, (table) => table.dropColumn('put_back'))
    for (const table of [arrivals, targets, log, logItems]) await knex.schema.dropTable(table)
    await knex(version).where({ one: 1 }).update({ version: 1 })
  }

  it('is one store for all that name the same prefix', async () => {
    const { store, prefix } = await created()
    const other = knexStore({ knex: connect(), prefix })
    await put(store, { key: '1' })
    await put(other, { key: '2', at: T0 + 1 })
    const batch = await on(other).take(T0 + 1)
    expect(keysOf(batch)).toEqual(['1', '2'])
    expect(await on(store).claim(T0 + 1)).toBeNull()
    expect(await on(store).settle(batch, DELIVERED, T0 + 2)).toEqual({ ok: true })
  })

  it('tries anew what a deadlock with somebody else has undone', async () => {
    const { knex, prefix, store } = await created()
    await put(store, { key: '1', target: 'a' }, { key: '1', target: 'b' })
    await store.stats(['a'])

    const failed: unknown[] = []
    const mine = sqlStore({ executor: noting(knexExecutor(connect()), failed), dialect, prefix })
    const rival = await connect().transaction()
    const lock = (target: string) => rival.raw(`SELECT id FROM ${tablesOf(prefix).lanes} WHERE target = ? FOR UPDATE`, [target])
    await makeHeavy(rival, prefix)
    await lock('b')
    const appended = put(mine, { key: '2', target: 'a' }, { key: '2', target: 'b' }).then(() => mine.stats(['a', 'b']))
    await untilBlocked(knex, prefix)
    await lock('a')
    await rival.rollback()

    expect((await appended).map(({ pending }) => pending)).toEqual([2, 2])
    expect(failed).toEqual([expect.objectContaining({ code: dialect === 'postgres' ? '40P01' : 'ER_LOCK_DEADLOCK' })])
  })

  /** So that of the two it is the store that the server picks as the one to fail. */
  async function makeHeavy(rival: Knex.Transaction, prefix: string): Promise<void> {
    if (dialect === 'postgres') await rival.raw("SET LOCAL deadlock_timeout = '1min'")
    else await rival(tablesOf(prefix).inbox).insert(Array.from({ length: 100 }, () => ({ body: '{}' })))
  }

  async function untilBlocked(knex: Knex, prefix: string): Promise<void> {
    const blocked =
      dialect === 'postgres'
        ? "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE ?"
        : "SELECT trx_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE ?"
    // Looked at more often, MariaDB would answer the same for ever.
    const seldom = { interval: 200, timeout: 10_000 }
    await expect.poll(async () => (await knexExecutor(knex).run(blocked, [`%${prefix}%`])).rows.length, seldom).toBe(1)
  }

  it('refuses a transaction that is over, and stores nothing', async () => {
    const { knex, store } = await created()
    const inbox = store.inbox as Inbox
    for (const end of ['commit', 'rollback'] as const) {
      const transaction = await knex.transaction()
      await transaction[end]()
      const { code, message } = await failure(inbox.write(transaction, [row('1')]))
      expect([code, message]).toEqual(['TRANSACTION_UNSUPPORTED', expect.stringMatching(/over/)])
    }
    expect(await inbox.read(9)).toEqual([])
  })

  it('takes keys of every kind through the inbox', async () => {
    const { knex, store } = await created()
    const inbox = store.inbox as Inbox
    const keys = ['a', 'A', 'a ', 'á', 'a\u0301', '\u0000', `'"\\?$1`, '🦊', '\ud83d', 'x'.repeat(10_000), '']
    await knex.transaction((trx) => inbox.write(trx, keys.map(row)))
    const rows = await inbox.read(99)
    expect(rows.map(({ change }) => change.key)).toEqual(keys)
    await inbox.fold(
      rows,
      rows.flatMap(({ entries }) => entries),
    )
    expect(keysOf(await on(store).claim(T0))).toEqual(keys)
  })

  it('refuses an entry that nothing could be merged with any more, and goes on', async () => {
    const { store } = await created()
    const change = { fields: JSON.stringify({ text: 'x'.repeat(10_000_000) }) }
    const { code, message } = await failure(put(store, { key: 'too large', change }))
    expect([code, message]).toEqual([
      'STORE_FAILED',
      expect.stringMatching(/could not append: .*10000.{3} characters.*at most 2000000/),
    ])
    await put(store, { key: '1' })
    expect(keysOf(await on(store).claim(T0))).toEqual(['1'])
  })

  it('takes a change of 10 MB from a pipeline, and sends its key', async () => {
    const { store } = await created()
    const transport = scriptedTransport()
    const targets = [
      {
        key: 'a',
        url: 'https://a.test/',
        rules: [{ collection: 'posts', payload: ['text'] }],
        window: { quiet: 0, max: 0, size: 1 },
      },
    ]
    const pipeline = createPipeline({ store, targets, transport, notifiers: [] })
    await pipeline.publish({ collection: 'posts', event: 'update', key: 1, fields: { text: 'x'.repeat(10_000_000) } })
    await pipeline.tick()
    expect(transport.bodies).toMatchObject([[{ fields: { id: 1 } }]])
    await pipeline.stop()
  })

  it('appends 100,000 changes in one go', async () => {
    const { store } = await created()
    await store.append(Array.from({ length: 100_000 }, (_, n) => entryOf({ key: String(n), target: `t${n % 4}`, at: T0 + n })))
    expect((await store.stats(['t0', 't1', 't2', 't3'])).map(({ pending }) => pending)).toEqual([25_000, 25_000, 25_000, 25_000])
  }, 60_000)

  if (dialect === 'mysql') {
    it('appends in one go what together is more than the server takes in one', async () => {
      const { store } = await created()
      const change = { fields: JSON.stringify({ text: 'x'.repeat(100_000) }) }
      await put(store, ...Array.from({ length: 250 }, (_, n) => ({ key: String(n), change })))
      expect((await store.stats(['a']))[0]?.pending).toBe(250)
    })
  }
}

function noting(inner: SqlExecutor, failed: unknown[]): SqlExecutor {
  return {
    run: (sql, bindings) =>
      inner.run(sql, bindings).catch((error: unknown) => {
        failed.push(error)
        throw error
      }),
    transaction: (fn, options) => inner.transaction((tx) => fn(noting(tx, failed)), options),
  }
}

function row(key: string): Parameters<Inbox['write']>[1][number] {
  const change = { collection: 'articles', event: 'update', key, fields: { id: key }, timestamp: T0 } as const
  return { at: T0, change, entries: [entryOf({ key })] }
}
