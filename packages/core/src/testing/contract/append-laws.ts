import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { type Case, DELIVERED, entryOf, keysOf, retryAt, T0 } from './subject.ts'

export const appendLaws: readonly Case[] = [
  {
    law: 1,
    sentence: '`append` is all-or-nothing across its entries',
    needs: 'breaking',
    async run({ store, breaking, put, dueAt }) {
      const three = (key: string) => put({ key }, { key, target: 'b' }, { key, target: 'c' })
      const pending = async () => (await store.stats(['a', 'b', 'c'])).map((stats) => stats.pending)
      let stored = 0
      // A write may fail that the entries do not need to be stored; the first is not one of those.
      for (let write = 1; write <= 4; write++) {
        await breaking?.(write, async () => {
          if (write === 1) await rejects(three(`broken ${write}`))
          else
            await three(`broken ${write}`).then(
              () => stored++,
              () => {},
            )
        })
        deepEqual(await pending(), [stored, stored, stored])
        equal((await dueAt(T0, 'a', 'b', 'c')).length, stored === 0 ? 0 : 3)
      }
      await three('whole')
      deepEqual(await pending(), [stored + 1, stored + 1, stored + 1])
    },
  },
  {
    law: 1,
    sentence: 'appends of a process commit in call order',
    async run({ store, put, take }) {
      const keys = Array.from({ length: 60 }, (_, n) => `k${n}`)
      await Promise.all(keys.map((key, n) => put({ key }, { key: 'same', change: { fields: `{"n":${n}}` } })))
      const batch = await take(T0)
      deepEqual(keysOf(batch), ['k0', 'same', ...keys.slice(1)])
      equal(batch.entries[1]?.last.fields, '{"n":59}')
      await store.append([])
    },
  },
  {
    law: 2,
    sentence:
      'the first entry of an empty pending set fixes its `closeBy`; each append moves its due instant to `min(quietUntil, closeBy)`',
    async run({ put, nextDueAt, claim, take, settle }) {
      await put({ key: '1', quietUntil: T0 + 50, closeBy: T0 + 300 })
      equal(await nextDueAt(T0), T0 + 50)
      await put({ key: '2', at: T0 + 40, quietUntil: T0 + 90, closeBy: T0 + 340 })
      equal(await nextDueAt(T0 + 40), T0 + 90)
      equal(await claim(T0 + 89), null)
      await put({ key: '1', at: T0 + 290, quietUntil: T0 + 340, closeBy: T0 + 590 })
      equal(await nextDueAt(T0 + 290), T0 + 300)
      await settle(await take(T0 + 300), DELIVERED, T0 + 310)
      equal(await nextDueAt(T0 + 310), null)
      await put({ key: '3', at: T0 + 400, quietUntil: T0 + 450, closeBy: T0 + 700 })
      equal(await nextDueAt(T0 + 400), T0 + 450)
    },
  },
  {
    law: 2,
    sentence: '… and to its own instant once `size` entries are pending, also while a batch is in flight',
    async run({ put, nextDueAt, take, settle }) {
      const window = { quietUntil: T0 + 50, closeBy: T0 + 300, size: 2 }
      await put({ key: '1', ...window })
      await put({ key: '1', ...window, at: T0 + 1 })
      equal(await nextDueAt(T0), T0 + 50)
      await put({ key: '2', ...window, at: T0 + 2 })
      equal(await nextDueAt(T0), T0 + 2)
      const batch = await take(T0 + 2)
      await put({ key: '3', ...window, at: T0 + 3 }, { key: '4', ...window, at: T0 + 3 })
      await settle(batch, DELIVERED, T0 + 4)
      equal(await nextDueAt(T0), T0 + 3)
    },
  },
  {
    law: 2,
    sentence: 'what a claim leaves behind stays due, whatever is appended to it',
    async run({ put, take, settle, nextDueAt }) {
      await put({ key: '1' }, { key: '2' })
      const batch = await take(T0 + 5, { entries: 1 })
      await put({ key: '3', at: T0 + 6, quietUntil: T0 + 56, closeBy: T0 + 306 })
      await settle(batch, DELIVERED, T0 + 7)
      ok(Number(await nextDueAt(T0 + 7)) <= T0 + 7)
    },
  },
  {
    law: 2,
    sentence: '`wake`, `redrive` and returned entries set both to their instant',
    async run({ store, put, take, settle, nextDueAt }) {
      const window = { quietUntil: T0 + 5_000, closeBy: T0 + 9_000 }
      await put({ key: '1', ...window })
      await store.wake('a', T0 + 10)
      equal(await nextDueAt(T0), T0 + 10)
      await put({ key: '2', ...window })
      equal(await nextDueAt(T0), T0 + 10)
      await settle(await take(T0 + 10), { kind: 'return' }, T0 + 20)
      await put({ key: '3', ...window })
      equal(await nextDueAt(T0), T0 + 20)
      await settle(await take(T0 + 20), { kind: 'dead', reason: 'refused' }, T0 + 30)
      await store.redrive({ target: 'a', now: T0 + 40 })
      await put({ key: '4', ...window })
      equal(await nextDueAt(T0), T0 + 40)
    },
  },
  {
    law: 3,
    sentence: 'same identity: `first` is the older one, by `at`, at a tie the earlier appended',
    async run({ put, take, settle }) {
      await put({ key: '1', change: { event: 'create', fields: '{"n":1}' } })
      await put({ key: '1', at: T0 + 1, revision: 'r2', change: { fields: '{"n":2}' } })
      const batch = await take(T0 + 9)
      const { entries } = batch
      equal(entries.length, 1)
      const [entry] = entries
      deepEqual([entry?.first.event, entry?.first.fields, entry?.last.fields], ['create', '{"n":1}', '{"n":2}'])
      deepEqual([entry?.appendedAt, entry?.lastAt, entry?.revision], [T0, T0 + 1, 'r2'])
      await put({ key: '2', change: { fields: '{"n":1}' } }, { key: '2', change: { fields: '{"n":2}' } })
      // Reported late: it came before what is known.
      await put({ key: '2', at: T0 - 5, revision: 'r0', change: { event: 'create', fields: '{"n":0}' } })
      await settle(batch, DELIVERED, T0 + 9)
      const late = (await take(T0 + 9)).entries[0]
      deepEqual(
        [late?.first.fields, late?.last.fields, late?.appendedAt, late?.lastAt, late?.revision],
        ['{"n":0}', '{"n":2}', T0 - 5, T0, 'r1'],
      )
    },
  },
  {
    law: 3,
    sentence: 'same item: `last` of all its pending entries becomes the newer one, at a tie the later appended',
    async run({ put, take }) {
      const slug = (old: string, n: number) => ({ previous: `{"slug":"${old}"}`, fields: `{"n":${n}}` })
      await put({ key: '1', at: T0, change: { fields: '{"n":1}' } })
      await put({ key: '1', at: T0 + 2, change: slug('a', 2), revision: 'r2' })
      await put({ key: '1', at: T0 + 2, change: slug('b', 3), revision: 'r3' })
      // Older than what is known, and new: it takes what is known.
      await put({ key: '1', at: T0 + 1, change: slug('c', 0), revision: 'r0' })
      // Older than what is known, and known: nothing changes.
      await put({ key: '1', at: T0 + 1, change: { fields: '{"n":-1}' }, revision: 'r0' }, { key: '2' })
      const { entries } = await take(T0 + 9)
      deepEqual(entries.map(({ last, revision }) => [last.fields, revision]).slice(0, 4), Array(4).fill(['{"n":3}', 'r3']))
      deepEqual(
        entries.map(({ first }) => first.previous),
        [undefined, '{"slug":"a"}', '{"slug":"b"}', '{"slug":"c"}', undefined],
      )
      equal(entries.length, 5)
    },
  },
  {
    law: 15,
    sentence: 'beyond `maxPending` the oldest entries become dead letters with reason `overflow`, in the same step',
    async run({ store, put, take }) {
      const few = { maxPending: 2 }
      deepEqual(await put({ key: '1', ...few }, { key: '2', ...few }), { overflowed: [], collapsible: [] })
      // Counted once the whole append is in: the repeated one needs no room.
      const result = await put(
        { key: '3', at: T0 + 1, ...few },
        { key: '2', at: T0 + 1, ...few },
        { key: '4', at: T0 + 2, ...few },
      )
      deepEqual(result, { overflowed: [{ target: 'a', count: 2 }], collapsible: [] })
      const dead = await store.listDead({ limit: 9 })
      deepEqual(
        dead.map(({ target, reason, diedAt, entry }) => [target, reason, diedAt, entry.last.key]),
        [
          ['a', 'overflow', T0 + 2, '2'],
          ['a', 'overflow', T0 + 2, '1'],
        ],
      )
      deepEqual(keysOf(await take(T0 + 9)), ['3', '4'])
    },
  },
  {
    law: 15,
    sentence: 'those of a collapsible target stay, and the answer names its collections',
    async run({ store, put, nextDueAt, take }) {
      const few = { maxPending: 2, collapsible: true, quietUntil: T0 + 50, closeBy: T0 + 300 }
      const page = { collection: 'pages' }
      await put({ key: '1', ...few, at: T0 + 1 }, { key: '9', ...few, change: page })
      const result = await put({ key: '2', ...few })
      deepEqual(result, { overflowed: [], collapsible: [{ target: 'a', collections: ['articles', 'pages'] }] })
      equal((await store.listDead({ limit: 9 })).length, 0)
      await store.collapse('a', [entryOf({ key: '*', at: T0 + 7, ...few })])
      equal((await store.stats(['a']))[0]?.pending, 2)
      equal(await nextDueAt(T0), T0 + 50)
      const { entries } = await take(T0 + 50)
      deepEqual(
        entries.map(({ last, appendedAt }) => [last.collection, last.key, appendedAt]),
        [
          ['articles', '*', T0 + 1],
          ['pages', '9', T0],
        ],
      )
    },
  },
  {
    law: 15,
    sentence: '`collapse` leaves a batch in flight alone, and adds to a target of which nothing is pending any more',
    async run({ store, put, take, settle, claim }) {
      await put({ key: '1' })
      const batch = await take(T0)
      await store.collapse('a', [entryOf({ key: '*', at: T0 + 1 })])
      await settle(batch, retryAt(T0 + 2), T0 + 1)
      deepEqual(keysOf(await claim(T0 + 2)), ['1'])
      equal((await store.stats(['a']))[0]?.pending, 1)
    },
  },
]
