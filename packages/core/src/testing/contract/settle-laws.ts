import { deepEqual, equal } from 'node:assert/strict'
import { ABORTED, type Case, DELIVERED, keysOf, retryAt, T0 } from './subject.ts'

export const settleLaws: readonly Case[] = [
  {
    law: 9,
    sentence: '`retry` makes the batch claimable at `at`, not before',
    async run({ put, take, settle, claim, nextDueAt }) {
      await put({ key: '1' })
      const one = await take(T0)
      await settle(one, { kind: 'retry', at: T0 + 100, failing: false, refused: true }, T0 + 5)
      await put({ key: '2', at: T0 + 6 })
      equal(await claim(T0 + 99), null)
      equal(await nextDueAt(T0 + 6), T0 + 100)
      const two = await take(T0 + 100)
      deepEqual([two.id, two.attempt, two.refusals, two.reclaimed, keysOf(two)], [one.id, 2, 1, true, ['1']])
      deepEqual([two.state.failures, two.state.failingSince], [1, T0 + 5])
      await settle(two, retryAt(T0 + 200), T0 + 105)
      const three = await take(T0 + 200)
      deepEqual([three.attempt, three.refusals, three.state.failures, three.state.failingSince], [3, 1, 2, T0 + 5])
      await settle(three, DELIVERED, T0 + 201)
      const { state, seq } = await take(T0 + 201)
      deepEqual([state.failures, state.failingSince, state.deliveredSeq, seq], [0, null, 1, 2])
    },
  },
  {
    law: 9,
    sentence: '… unless woken, also while it was in flight',
    async run({ store, put, take, settle }) {
      await put({ key: '1' })
      await settle(await take(T0), retryAt(T0 + 100), T0 + 5)
      await store.wake('a', T0 + 6)
      const two = await take(T0 + 6)
      await store.wake('a', T0 + 7)
      await settle(two, retryAt(T0 + 900), T0 + 8)
      await settle(await take(T0 + 8), retryAt(T0 + 900), T0 + 9)
      equal(await store.claim({ ...request, now: T0 + 899 }), null)
    },
  },
  {
    law: 9,
    sentence:
      '`split` puts its entries back, not before its `at`, unless woken; one that was refused alone goes behind the others',
    async run({ store, put, take, settle, claim, nextDueAt }) {
      await put({ key: '1' }, { key: '2' }, { key: '3' })
      const one = await take(T0, { entries: 2 })
      const { transition } = await settle(one, { kind: 'split', at: T0 + 100, limit: 1, failing: true }, T0 + 5)
      equal(transition, 'failing')
      equal(await claim(T0 + 99), null)
      equal(await nextDueAt(T0 + 5), T0 + 100)
      const two = await take(T0 + 100)
      deepEqual([two.seq, keysOf(two), two.state.failures, two.attempt], [2, ['1'], 1, 1])
      await settle(two, { kind: 'split', at: T0 + 300, limit: 1, failing: true }, T0 + 105)
      await store.wake('a', T0 + 106)
      await settle(await take(T0 + 106), { kind: 'delivered', limit: 9 }, T0 + 107)
      const { entries, seq } = await take(T0 + 107)
      deepEqual(
        entries.map(({ last, refusedIn, appendedAt }) => [last.key, refusedIn, appendedAt]),
        [
          ['3', undefined, T0],
          ['1', 1, T0],
        ],
      )
      equal(seq, 4)
    },
  },
  {
    law: 9,
    sentence: 'each entry remembers the batch in which it was first refused, until it changes',
    async run({ put, take, settle }) {
      const slug = (old: string) => ({ previous: `{"slug":"${old}"}` })
      await put({ key: '1' }, { key: '2' }, { key: '3', change: slug('a') }, { key: '3', change: slug('b') })
      await settle(await take(T0), { kind: 'split', at: T0, limit: 9, failing: false }, T0)
      await put({ key: '2', at: T0 + 1 }, { key: '3', at: T0 + 1, change: slug('a') })
      const batch = await take(T0 + 1)
      deepEqual(
        batch.entries.map(({ last, refusedIn }) => [last.key, refusedIn]),
        [
          ['1', 1],
          ['2', undefined],
          ['3', undefined],
          ['3', undefined],
        ],
      )
      await settle(batch, { kind: 'split', at: T0 + 2, limit: 9, failing: false }, T0 + 2)
      deepEqual(
        (await take(T0 + 2)).entries.map(({ refusedIn }) => refusedIn),
        [1, 2, 2, 2],
      )
    },
  },
  {
    law: 9,
    sentence: '`return` puts its entries back, and is no failure',
    async run({ put, take, settle }) {
      await put({ key: '1' }, { key: '2' })
      const one = await take(T0, { entries: 1 })
      await settle(one, { kind: 'return' }, T0 + 5)
      const two = await take(T0 + 5)
      deepEqual([two.id === one.id, two.seq, two.state.failures, keysOf(two)], [false, 2, 0, ['1', '2']])
    },
  },
  {
    law: 9,
    sentence: '`dead` moves them to the dead letters; `delivered` removes them',
    async run({ store, put, take, settle, nextDueAt }) {
      await put({ key: '1' }, { key: '2' }, { key: '3' })
      await settle(await take(T0, { entries: 2 }), { kind: 'dead', reason: 'refused' }, T0 + 5)
      const letters = await store.listDead({ limit: 9 })
      deepEqual(
        letters.map(({ target, reason, diedAt, entry }) => [target, reason, diedAt, entry.last.key]),
        [
          ['a', 'refused', T0 + 5, '2'],
          ['a', 'refused', T0 + 5, '1'],
        ],
      )
      const two = await take(T0 + 5)
      deepEqual([two.state.failures, two.state.deliveredSeq, keysOf(two)], [0, 0, ['3']])
      await settle(two, DELIVERED, T0 + 6)
      equal(await nextDueAt(T0 + 6), null)
      const [stats] = await store.stats(['a'])
      deepEqual([stats?.pending, stats?.inFlight, stats?.dead, stats?.seq], [0, 0, 2, 2])
    },
  },
  {
    law: 9,
    sentence: '`aborted` makes the batch claimable at once, without counting',
    async run({ put, take, settle }) {
      await put({ key: '1' })
      const one = await take(T0)
      await settle(one, ABORTED, T0 + 5)
      const two = await take(T0 + 5)
      deepEqual([two.id, two.attempt, two.reclaimed, two.state.failures], [one.id, 1, true, 0])
    },
  },
  {
    law: 9,
    sentence: 'exactly one `settle` says that a target failed, was suspended, or recovered; what was skipped says nothing',
    async run({ store, put, take, settle, claim }) {
      const failing = (at: number) => ({ kind: 'retry', at, failing: true }) as const
      await put({ key: '1' })
      deepEqual(await settle(await take(T0), failing(T0), T0), { ok: true, transition: 'failing' })
      deepEqual(await settle(await take(T0), failing(T0), T0), { ok: true })
      deepEqual(await settle(await take(T0), { kind: 'delivered', limit: null, skipped: true }, T0), { ok: true })
      await put({ key: '2' })
      const again = await take(T0)
      deepEqual([again.state.failing, again.state.failures, again.state.deliveredSeq], [true, 2, 0])
      deepEqual(await settle(again, DELIVERED, T0), { ok: true, transition: 'recovered' })
      await put({ key: '3' })
      const gone = { ...failing(T0), suspend: 'gone' } as const
      deepEqual(await settle(await take(T0), gone, T0), { ok: true, transition: 'suspended' })
      equal(await claim(T0 + 1_000), null)
      equal((await store.stats(['a']))[0]?.suspended, 'gone')
      await store.resume('a', T0 + 1_000)
      const resumed = await take(T0 + 1_000)
      deepEqual([resumed.state.suspended, resumed.state.failing], [null, true])
    },
  },
  {
    law: 10,
    sentence:
      '`peek().nextDueAt` is the lease end or retry instant of the one with a batch, else its due instant; null if there is none',
    async run({ store, put, take, settle, nextDueAt }) {
      equal(await nextDueAt(T0), null)
      await put({ key: '1', quietUntil: T0 + 50, closeBy: T0 + 300 })
      await put({ key: '1', target: 'b', quietUntil: T0 + 70, closeBy: T0 + 300 })
      equal(await nextDueAt(T0, 'a', 'b'), T0 + 50)
      equal(await nextDueAt(T0, 'b', 'c'), T0 + 70)
      equal(await nextDueAt(T0, 'c'), null)
      const batch = await take(T0 + 50, { leaseUntil: T0 + 500 })
      await put({ key: '2', at: T0 + 51 })
      equal(await nextDueAt(T0 + 60), T0 + 500)
      await settle(batch, retryAt(T0 + 900), T0 + 60)
      equal(await nextDueAt(T0 + 60), T0 + 900)
      equal(await nextDueAt(T0 + 60, 'a', 'b'), T0 + 70)
      equal((await store.stats(['a']))[0]?.dueAt, T0 + 900)
      await store.suspend('b', 'manual', T0 + 60)
      equal(await nextDueAt(T0 + 60, 'a', 'b'), T0 + 900)
    },
  },
  {
    law: 11,
    sentence: 'what returns merges with what is pending by law 3; what was pending counts as the later appended',
    async run({ put, take, settle }) {
      await put(
        { key: '1', change: { event: 'create', fields: '{"n":1}' } },
        { key: '2', at: T0 + 5, change: { fields: '{"n":1}' } },
        { key: '3' },
      )
      const batch = await take(T0 + 5)
      await put(
        { key: '4', at: T0 + 6 },
        { key: '1', at: T0 + 6, change: { fields: '{"n":2}' } },
        { key: '2', at: T0 + 4, change: { fields: '{"n":0}' } },
      )
      await put({ key: '3', at: T0 + 6, change: { previous: '{"slug":"a"}', fields: '{"n":3}' } })
      await settle(batch, { kind: 'return' }, T0 + 7)
      const { entries } = await take(T0 + 7)
      deepEqual(
        entries.map(({ last }) => last.key),
        ['1', '2', '3', '4', '3'],
      )
      deepEqual(
        entries.slice(0, 2).map(({ first, last, appendedAt }) => [first.event, first.fields, last.fields, appendedAt]),
        [
          ['create', '{"n":1}', '{"n":2}', T0],
          ['update', '{"n":0}', '{"n":1}', T0 + 4],
        ],
      )
      equal(entries[2]?.last.fields, '{"n":3}')
    },
  },
  {
    law: 11,
    sentence: 'one that was refused alone but changed meanwhile is new: it keeps its place, and the refusal is forgotten',
    async run({ put, take, settle }) {
      await put({ key: '1' }, { key: '2' })
      const batch = await take(T0, { entries: 1 })
      await put({ key: '1', at: T0 + 1 })
      await settle(batch, { kind: 'split', at: T0 + 2, limit: 5, failing: false }, T0 + 2)
      const { entries } = await take(T0 + 2)
      deepEqual(
        entries.map(({ last, refusedIn, appendedAt }) => [last.key, refusedIn, appendedAt]),
        [
          ['1', undefined, T0],
          ['2', undefined, T0],
        ],
      )
    },
  },
  {
    law: 11,
    sentence: 'what is redriven merges with what is pending',
    async run({ store, put, take, settle }) {
      await put({ key: '1', change: { event: 'create', fields: '{"n":1}' } }, { key: '2' })
      await settle(await take(T0), { kind: 'dead', reason: 'refused' }, T0 + 1)
      await put({ key: '3', at: T0 + 2 }, { key: '1', at: T0 + 2, change: { fields: '{"n":2}' } })
      equal(await store.redrive({ target: 'a', now: T0 + 3 }), 2)
      equal(await store.redrive({ target: 'a', now: T0 + 3 }), 0)
      const { entries } = await take(T0 + 3)
      deepEqual(
        entries.map(({ last }) => last.key),
        ['1', '2', '3'],
      )
      deepEqual([entries[0]?.first.event, entries[0]?.last.fields, entries[0]?.appendedAt], ['create', '{"n":2}', T0])
    },
  },
]

const request = {
  target: 'a',
  entries: 9,
  bytes: 9_999,
  batchId: 'never',
  binding: { revision: 'r', asOf: T0 },
  token: 'never',
  leaseUntil: T0 + 999_999,
}
