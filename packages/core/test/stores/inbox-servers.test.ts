import type { Knex } from 'knex'
import { afterAll, describe, expect, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import type { Inbox, InboxRow } from '../../src/ports.ts'
import { knexStore } from '../../src/stores/sql/index.ts'
import { tablesOf } from '../../src/stores/sql/tables.ts'
import { entryOf, T0 } from '../../src/testing/contract/subject.ts'
import { openKnex, type ServerDialect, tablesIn } from './harness.ts'

const row = (key: string): Omit<InboxRow, 'id'> => ({
  at: T0,
  change: { collection: 'articles', event: 'update', key, fields: { id: key }, timestamp: T0 },
  entries: [entryOf({ key })],
})

function inboxOn(dialect: ServerDialect, url: string): void {
  const { prefix, empty } = tablesIn(dialect, url)
  const tables = tablesOf(prefix)

  async function fresh(): Promise<{ user: Knex; ours: Knex; inbox: Inbox; store: ReturnType<typeof knexStore> }> {
    await empty()
    const [user, ours] = [openKnex(dialect, url), openKnex(dialect, url)]
    opened.push(user, ours)
    const store = knexStore({ knex: ours, prefix })
    return { user, ours, store, inbox: store.inbox as Inbox }
  }
  const opened: Knex[] = []
  afterAll(() => Promise.all(opened.map((knex) => knex.destroy())))

  describe(`the inbox on ${dialect}`, () => {
    it('lets a transaction write and commit while workers hold every lock that they may take', async () => {
      const { user, ours, inbox, store } = await fresh()
      await store.append([entryOf({ key: 'known' })])
      await store.stats(['a'])
      await store.append([entryOf({ key: 'arrived' })])
      await user.transaction((trx) => inbox.write(trx, [row('before')]))
      // Nothing of this is committed before the user's transaction is.
      const isolated = { isolationLevel: 'read committed' } as const
      await ours.transaction(async (locks) => {
        for (const table of [tables.inbox, tables.arrivals, tables.lanes, tables.entries]) {
          expect((await locks(table).select().forUpdate()).length, table).toBeGreaterThan(0)
          await locks(table).delete()
        }
        await user.transaction(async (trx) => {
          await inbox.write(trx, [row('1')])
          await inbox.write(trx, [row('2')])
        })
      }, isolated)
      expect((await inbox.read(9)).map(({ change }) => change.key)).toEqual(['1', '2'])
    })

    it('folds what is committed, and neither waits for nor misses a transaction that commits later', async () => {
      const { user, inbox, store } = await fresh()
      await user.transaction(async (slow) => {
        await inbox.write(slow, [row('slow')])
        await user.transaction((quick) => inbox.write(quick, [row('quick')]))
        const rows = await inbox.read(9)
        expect(rows.map(({ change }) => change.key)).toEqual(['quick'])
        await inbox.fold(
          rows,
          rows.flatMap(({ entries }) => entries),
        )
        expect(await store.stats(['a'])).toMatchObject([{ pending: 1 }])
      })
      const rows = await inbox.read(9)
      expect(rows.map(({ change }) => change.key)).toEqual(['slow'])
    })

    it('writes one plain INSERT per publish, and nothing else', async () => {
      const { user, inbox } = await fresh()
      const statements: string[] = []
      await user.transaction(async (trx) => {
        trx.on('query', ({ sql }: { sql: string }) => statements.push(sql))
        await inbox.write(trx, [row('1'), row('2')])
      })
      expect(statements.filter((sql) => !/^(COMMIT|BEGIN)/i.test(sql))).toEqual([
        expect.stringMatching(/^INSERT INTO \w+_inbox \(body\) VALUES/),
      ])
    })
  })
}

await withService('postgres', ({ url }) => inboxOn('postgres', url))
await withService('mysql', ({ url }) => inboxOn('mysql', url))
