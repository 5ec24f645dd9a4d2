import { deepEqual, equal, ok } from 'node:assert/strict'
import { type Case, DELIVERED, entryOf, keysOf, retryAt, subjectOf, T0 } from './subject.ts'

export const keepingLaws: readonly Case[] = [
  {
    law: 12,
    sentence: '`forget(uid, asOf)` removes what was appended up to `asOf`, dead letters included',
    async run({ store, put, take, settle, nextDueAt }) {
      await put({ key: 'dead' })
      await settle(await take(T0), { kind: 'dead', reason: 'refused' }, T0)
      await put({ key: '1', at: T0 + 5 }, { key: '2', at: T0 + 5 }, { key: '1', target: 'b' })
      // Its newest state came after: it has to be announced.
      await put({ key: '2', at: T0 + 9 }, { key: '3', at: T0 + 9 })
      await store.forget('a', T0 + 8)
      equal((await store.listDead({ limit: 9 })).length, 0)
      deepEqual(keysOf(await take(T0 + 9)), ['2', '3'])
      equal((await store.stats(['b']))[0]?.pending, 1)
      await store.forget('b', T0 + 8)
      equal(await nextDueAt(T0 + 9, 'b'), null)
      deepEqual((await store.stats(['b']))[0]?.seq, 0)
    },
  },
  {
    law: 12,
    sentence: '… the batch in flight included; a running lease still keeps claims out, and settling it changes nothing',
    async run({ store, put, take, settle, claim }) {
      await put({ key: '1' })
      const batch = await take(T0, { leaseUntil: T0 + 100 })
      await store.forget('a', T0 + 1)
      await put({ key: '2', at: T0 + 2 })
      equal(await claim(T0 + 50), null)
      deepEqual(await settle(batch, { kind: 'retry', at: T0 + 900, failing: true, suspend: 'gone' }, T0 + 60), { ok: true })
      const next = await take(T0 + 60)
      deepEqual([keysOf(next), next.state.failures, next.state.suspended], [['2'], 0, null])
      equal((await store.listDead({ limit: 9 })).length, 0)
    },
  },
  {
    law: 12,
    sentence: '… until the lease ends, and a batch that nobody holds is removed at once',
    async run({ store, put, take, settle, claim, nextDueAt }) {
      await put({ key: '1' })
      await take(T0, { leaseUntil: T0 + 100 })
      await store.forget('a', T0 + 1)
      equal(await nextDueAt(T0 + 1), null)
      await put({ key: '2', at: T0 + 2 })
      equal(await nextDueAt(T0 + 2), T0 + 100)
      equal(await claim(T0 + 99), null)
      const next = await take(T0 + 100)
      deepEqual(keysOf(next), ['2'])
      await settle(next, retryAt(T0 + 900), T0 + 101)
      await store.forget('a', T0 + 102)
      equal(await nextDueAt(T0 + 102), null)
      equal((await store.stats(['a']))[0]?.inFlight, 0)
    },
  },
  {
    law: 12,
    sentence: 'of a target of which nothing is left, a later append begins a new epoch',
    async run({ store, put, take }) {
      await put({ key: '1' })
      await store.forget('a', T0)
      await put({ key: '2', at: T0 + 7 })
      const { epoch, seq } = await take(T0 + 7)
      deepEqual([epoch, seq], [T0 + 7, 1])
    },
  },
  {
    law: 13,
    sentence: 'the store reads a clock only in `time()`',
    async run({ store, put, take }) {
      const long = 1_000_000_000
      await put({ key: '1', at: long, quietUntil: long, closeBy: long })
      equal((await take(long)).openedAt, long)
      ok((await store.time()) > 1_600_000_000_000)
    },
  },
  {
    law: 14,
    sentence: 'what `append` resolved is there after `close` and reopening',
    needs: 'reopen',
    async run(subject) {
      const { store, put, take, settle } = subject
      await put({ key: '1' }, { key: '2', at: T0 + 1 }, { key: '3', at: T0 + 2 }, { key: '4', target: 'b' })
      const flying = await take(T0 + 2, { entries: 1, leaseUntil: T0 + 50 })
      await settle(await take(T0 + 2, { target: 'b' }), { kind: 'dead', reason: 'refused' }, T0 + 3)
      await store.suspend('b', 'gone', T0 + 3)
      const [stats, dead] = [await store.stats(['a', 'b']), await store.listDead({ limit: 9 })]
      const after = await subject.reopen?.()
      if (after === undefined) throw new Error('there is no store')
      const { take: retake, settle: resettle } = subjectOf({ ...subject, store: after })
      deepEqual([await after.stats(['a', 'b']), await after.listDead({ limit: 9 })], [stats, dead])
      const again = await retake(T0 + 50)
      deepEqual([again.id, again.entries], [flying.id, flying.entries])
      await resettle(again, DELIVERED, T0 + 51)
      deepEqual(keysOf(await retake(T0 + 51)), ['2', '3'])
      await after.close()
    },
  },
  {
    law: 'letters',
    sentence: '`listDead` answers newest first, in pages, of one target or of all',
    async run({ store, put, take, settle }) {
      for (const [n, target] of ['a', 'b', 'a', 'b', 'a'].entries()) {
        await put({ key: String(n), target })
        await settle(await take(T0, { target }), { kind: 'dead', reason: 'refused' }, T0 + n)
      }
      const keys = async (query: Parameters<typeof store.listDead>[0]) =>
        (await store.listDead(query)).map(({ entry }) => entry.last.key)
      deepEqual(await keys({ limit: 9 }), ['4', '3', '2', '1', '0'])
      deepEqual(await keys({ limit: 2, target: 'a' }), ['4', '2'])
      const page = await store.listDead({ limit: 2 })
      const before = page[1]?.id ?? ''
      await store.redrive({ target: 'b', ids: [before], now: T0 })
      deepEqual(await keys({ limit: 2, before }), ['2', '1'])
      deepEqual(await keys({ limit: 9, before, target: 'b' }), ['1'])
    },
  },
  {
    law: 'letters',
    sentence: '`redrive` takes the ids of its own target only; `prune` removes the oldest first',
    async run({ store, put, take, settle }) {
      await put(...['1', '2', '3'].map((key) => ({ key })), { key: '4', target: 'b' })
      for (const [n, target] of ['a', 'a', 'a', 'b'].entries()) {
        await settle(await take(T0, { target, entries: 1 }), { kind: 'dead', reason: 'refused' }, T0 + n)
      }
      const ids = (await store.listDead({ limit: 9 })).map(({ id }) => id)
      equal(await store.redrive({ target: 'b', ids: [ids[1] ?? '', 'nonsense'], now: T0 }), 0)
      equal(await store.prune({ before: T0 + 2, limit: 1 }), 1)
      equal(await store.prune({ before: T0 + 2, limit: 9 }), 1)
      deepEqual(
        (await store.listDead({ limit: 9 })).map(({ id }) => id),
        ids.slice(0, 2),
      )
      equal(await store.redrive({ target: 'a', ids, now: T0 + 5 }), 1)
      deepEqual(
        (await store.stats(['a', 'b'])).map(({ pending, dead }) => [pending, dead]),
        [
          [1, 0],
          [0, 1],
        ],
      )
    },
  },
  {
    law: 'stats',
    sentence: '`stats` answers for each target asked for, known or not, in their order',
    async run({ store, put, take }) {
      await put({ key: '1' }, { key: '2', at: T0 + 4 })
      await take(T0 + 4, { entries: 1, leaseUntil: T0 + 99 })
      const nobody = {
        target: 'b',
        pending: 0,
        oldestAt: null,
        inFlight: 0,
        dead: 0,
        dueAt: null,
        failures: 0,
        failingSince: null,
        failing: false,
        suspended: null,
        limit: null,
        seq: 0,
      }
      deepEqual(await store.stats(['b', 'a']), [
        nobody,
        { ...nobody, target: 'a', pending: 1, oldestAt: T0, inFlight: 1, dueAt: T0 + 99, seq: 1 },
      ])
      deepEqual(await store.stats([]), [])
    },
  },
  {
    law: 'text',
    sentence: 'keys and values of every kind come back as they were, and keys that look alike are different',
    async run({ put, take }) {
      const keys = [
        'a',
        'A',
        'á',
        'a\u0301',
        'ä',
        'a ',
        ' a',
        "'; drop table x; --",
        '"',
        '\\',
        '%',
        '?',
        '??',
        '$1',
        ':a',
        '\u0000',
        'a\u0000b',
        '\n',
        '',
        '🦊',
        '🦊🦊',
        '\ud83d',
        'ﷺ',
        'x'.repeat(10_000),
        `${'x'.repeat(10_000)}y`,
        'ß',
        'ss',
        'i',
        'İ',
        'null',
        '1',
        '01',
      ]
      const change = (key: string) => ({
        previous: JSON.stringify({ slug: key }),
        fields: JSON.stringify({ id: key, 'a"b\n': ['🦊', null, 1e21] }),
      })
      for (const key of keys)
        await put({ key, change: { ...change(key), hidden: '{"before":{}}', shows: 'key', truncated: true } })
      await put(...keys.map((key) => ({ key, at: T0 + 1, change: change(key) })))
      const { entries } = await take(T0 + 1, { bytes: 10_000_000 })
      deepEqual(
        entries.map(({ last }) => last.key),
        keys,
      )
      for (const { item, identity, first, last } of entries) {
        const key = String(last.key)
        const expected = entryOf({ key, at: T0 + 1, change: change(key) })
        deepEqual([item, identity, last], [expected.item, expected.identity, expected.change])
        deepEqual(first, { ...expected.change, timestamp: T0, hidden: '{"before":{}}', shows: 'key', truncated: true })
      }
    },
  },
]
