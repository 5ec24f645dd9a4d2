import { deepEqual, equal, rejects } from 'node:assert/strict'
import type { Inbox, InboxRow, SqlTransaction, Store } from '../../ports.ts'
import { type Case, entryOf, keysOf, T0 } from './subject.ts'

export const inboxLaws: readonly Case[] = [
  {
    law: 'inbox',
    sentence: 'what is written in a transaction is seen once it commits, and never if it rolls back',
    needs: 'transaction',
    async run({ store, transaction }) {
      const inbox = inboxOf(store)
      await rejects(async () => {
        await transaction?.(async (tx) => {
          await inbox.write(tx, [row('gone')])
          throw new Error('rolled back')
        })
      }, /rolled back/)
      deepEqual(await inbox.read(9), [])
      equal((await store.peek({ now: T0, targets: [] })).inbox, false)
      await transaction?.((tx: SqlTransaction) => inbox.write(tx, [row('1'), row('2')]))
      equal((await store.peek({ now: T0, targets: ['a'] })).inbox, true)
      const rows = await inbox.read(9)
      deepEqual(
        rows.map(({ id: _, ...rest }) => rest),
        [row('1'), row('2')],
      )
    },
  },
  {
    law: 'inbox',
    sentence: '`read` answers the oldest committed rows, in the order of their writing',
    needs: 'transaction',
    async run({ store, transaction }) {
      const inbox = inboxOf(store)
      for (const key of ['1', '2', '3']) await transaction?.((tx) => inbox.write(tx, [row(key)]))
      deepEqual(
        (await inbox.read(2)).map(({ change }) => change.key),
        ['1', '2'],
      )
    },
  },
  {
    law: 'inbox',
    sentence: '`fold` removes the rows and appends the entries in one step, exactly once under two concurrent folders',
    needs: 'transaction',
    async run({ store, another, transaction, take }) {
      const stores = [store, another === undefined ? store : await another()]
      const inbox = inboxOf(store)
      for (let round = 0; round < 5; round++) {
        await transaction?.((tx) => inbox.write(tx, [row('1'), row('2')]))
        const rows = await inbox.read(9)
        const folds = await Promise.all(
          stores.map((each) =>
            inboxOf(each).fold(
              rows,
              rows.flatMap(({ entries }) => entries),
            ),
          ),
        )
        deepEqual(
          folds.filter((result) => result !== null),
          [{ overflowed: [], collapsible: [] }],
        )
        equal((await store.stats(['a']))[0]?.pending, 2)
      }
      deepEqual(await inbox.read(9), [])
      deepEqual(keysOf(await take(T0)), ['1', '2'])
      if (stores[1] !== store) await stores[1]?.close()
    },
  },
  {
    law: 'inbox',
    sentence: '`fold` does nothing if one of the rows is gone, and removes rows that nobody asked for',
    needs: 'transaction',
    async run({ store, transaction }) {
      const inbox = inboxOf(store)
      await transaction?.((tx) => inbox.write(tx, [row('1'), row('2'), row('3')]))
      const rows = await inbox.read(9)
      deepEqual(await inbox.fold(rows.slice(0, 1), []), { overflowed: [], collapsible: [] })
      equal(await inbox.fold(rows, [entryOf({ key: '1' })]), null)
      deepEqual(
        (await inbox.read(9)).map(({ change }) => change.key),
        ['2', '3'],
      )
      equal((await store.stats(['a']))[0]?.pending, 0)
    },
  },
]

function inboxOf(store: Store): Inbox {
  if (store.inbox === undefined) throw new Error('the store has no inbox')
  return store.inbox
}

function row(key: string): Omit<InboxRow, 'id'> {
  const fields = { id: key, title: '🦊 "quoted" \\ \u0000 ?' }
  return { at: T0, change: { collection: 'articles', event: 'update', key, fields, timestamp: T0 }, entries: [entryOf({ key })] }
}
