import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { LONGEST } from '../../ports.ts'
import { ABORTED, type Case, DELIVERED, keysOf, receiptOf, retryAt, T0 } from './subject.ts'

export const claimLaws: readonly Case[] = [
  {
    law: 4,
    sentence: '`claim` takes the oldest pending entries up to the limits, under the given id, numbered with the next `seq`',
    async run({ put, take, settle, claim }) {
      await put(...['1', '2', '3', '4', '5'].map((key) => ({ key })))
      await put({ key: '1', at: T0 + 1 })
      const one = await take(T0 + 9, { entries: 2, batchId: 'b1', token: 'k1', binding: { revision: 'r7', asOf: 3 } })
      deepEqual(keysOf(one), ['1', '2'])
      deepEqual(
        { ...one, entries: [] },
        {
          id: 'b1',
          target: 'a',
          seq: 1,
          epoch: T0,
          entries: [],
          attempt: 1,
          openedAt: T0 + 9,
          reclaimed: false,
          refusals: 0,
          binding: { revision: 'r7', asOf: 3 },
          token: 'k1',
          state: { failures: 0, failingSince: null, failing: false, limit: null, deliveredSeq: 0, suspended: null },
        },
      )
      await settle(one, DELIVERED, T0 + 10)
      const two = await take(T0 + 10)
      deepEqual([two.seq, two.state.deliveredSeq, keysOf(two)], [2, 1, ['3', '4', '5']])
      await settle(two, DELIVERED, T0 + 11)
      equal(await claim(T0 + 11), null)
    },
  },
  {
    law: 4,
    sentence: 'at least one; at most as many characters as asked for',
    async run({ put, take, settle }) {
      const fields = JSON.stringify({ id: 1, text: 'x'.repeat(10_000) })
      await put(...['1', '2', '3', '4'].map((key) => ({ key, change: { fields } })))
      const one = await take(T0, { bytes: 100 })
      deepEqual(keysOf(one), ['1'])
      await settle(one, DELIVERED, T0)
      deepEqual(keysOf(await take(T0, { bytes: 25_000 })), ['2', '3'])
    },
  },
  {
    law: 4,
    sentence: 'null while the target is suspended, has a batch in flight, or waits for a later instant',
    async run({ store, put, claim, take, settle, dueAt }) {
      equal(await claim(T0), null)
      await put({ key: '1', quietUntil: T0 + 50, closeBy: T0 + 300 })
      equal(await claim(T0 + 49), null)
      await store.suspend('a', 'manual', T0 + 49)
      equal(await claim(T0 + 60), null)
      deepEqual(await dueAt(T0 + 60), [])
      await store.resume('a', T0 + 60)
      const batch = await take(T0 + 60)
      await put({ key: '2', at: T0 + 61 })
      equal(await claim(T0 + 62), null)
      deepEqual(await dueAt(T0 + 62), [])
      await settle(batch, retryAt(T0 + 100), T0 + 70)
      equal(await claim(T0 + 99), null)
      deepEqual(keysOf(await claim(T0 + 100)), ['1'])
    },
  },
  {
    law: 4,
    sentence: "the target's own `limit` counts, too",
    async run({ put, take, settle }) {
      await put(...['1', '2', '3', '4'].map((key) => ({ key })))
      await settle(await take(T0), { kind: 'split', at: T0, limit: 2, failing: false }, T0)
      const batch = await take(T0)
      deepEqual([keysOf(batch), batch.state.limit], [['1', '2'], 2])
      await settle(batch, { kind: 'delivered', limit: 1 }, T0)
      deepEqual(keysOf(await take(T0)), ['3'])
    },
  },
  {
    law: 4,
    sentence: '`due` names targets with something to claim, longest due first, and only known ones',
    async run({ store, put, dueAt, take, settle }) {
      await put(
        { key: '1', target: 'a', at: T0 + 3 },
        { key: '1', target: 'b', at: T0 + 1 },
        { key: '1', target: 'c', at: T0 + 2 },
      )
      await put({ key: '1', target: 'd', at: T0 + 99 })
      deepEqual(await dueAt(T0 + 10, 'a', 'b', 'c', 'd', 'e'), ['b', 'c', 'a'])
      deepEqual(await dueAt(T0 + 10, 'a', 'c'), ['c', 'a'])
      deepEqual(await store.due({ now: T0 + 10, targets: ['a', 'b', 'c'], limit: 2, failingLimit: 9 }), ['b', 'c'])
      for (const target of ['b', 'c']) await settle(await take(T0 + 10, { target }), retryAt(T0 + 20), T0 + 11)
      const query = { now: T0 + 30, targets: ['a', 'b', 'c'], limit: 9, failingLimit: 1 }
      deepEqual(await store.due(query), ['a', 'b'])
      await store.wake('c', T0 + 30)
      deepEqual([...(await store.due(query))].sort(), ['a', 'b', 'c'])
    },
  },
  {
    law: 5,
    sentence: 'under concurrent `claim` exactly one caller gets the batch',
    async run({ store, another, put, settle }) {
      const stores = [store, ...(another === undefined ? [] : [await another()])]
      for (let round = 0; round < 10; round++) {
        await put({ key: '1' }, { key: '2' })
        const claims = Array.from({ length: 12 }, (_, n) =>
          (stores[n % stores.length] ?? store).claim({
            target: 'a',
            now: T0,
            entries: 1,
            bytes: 1_000,
            batchId: `b${round}.${n}`,
            binding: { revision: 'r', asOf: T0 },
            token: `k${round}.${n}`,
            leaseUntil: T0 + 1_000,
          }),
        )
        const got = (await Promise.all(claims)).filter((batch) => batch !== null)
        deepEqual(got.map(keysOf), [['1']])
        if (got[0] !== undefined) await settle(got[0], { kind: 'return' }, T0)
      }
      for (const other of stores.slice(1)) await other.close()
    },
  },
  {
    law: 6,
    sentence: 'an append never changes a claimed batch',
    async run({ put, take, settle }) {
      await put({ key: '1', change: { fields: '{"n":1}' } })
      const batch = await take(T0, { leaseUntil: T0 + 5 })
      const before = structuredClone(batch.entries)
      await put({ key: '1', at: T0 + 1, change: { fields: '{"n":2}' } }, { key: '2', at: T0 + 1 })
      deepEqual(batch.entries, before)
      const again = await take(T0 + 6)
      deepEqual([again.id, again.entries], [batch.id, before])
      await settle(again, DELIVERED, T0 + 7)
      deepEqual((await take(T0 + 7)).entries.map(({ first, last }) => [first.fields, last.fields])[0], ['{"n":2}', '{"n":2}'])
    },
  },
  {
    law: 6,
    sentence: 'nothing is stranded between an append and the settling of a batch',
    async run({ store, put, take, settle, nextDueAt }) {
      for (let round = 0; round < 30; round++) {
        const at = T0 + round
        await put({ key: '1', at })
        const batch = await take(at)
        const append = () => put({ key: '2', at })
        await Promise.all(round % 2 === 0 ? [settle(batch, DELIVERED, at), append()] : [append(), settle(batch, DELIVERED, at)])
        ok((await nextDueAt(at)) !== null)
        await settle(await take(at), DELIVERED, at)
      }
      equal((await store.stats(['a']))[0]?.pending, 0)
    },
  },
  {
    law: 7,
    sentence: 'each claim has a token of its own; `settle` or `renew` with a stale one changes nothing and says so',
    async run({ store, put, take, settle, claim }) {
      await put({ key: '1' })
      const stale = await take(T0, { leaseUntil: T0 + 10 })
      const fresh = await take(T0 + 10, { leaseUntil: T0 + 20 })
      notEqual(fresh.token, stale.token)
      const before = await store.stats(['a'])
      for (const verdict of [
        DELIVERED,
        retryAt(T0 + 99),
        { kind: 'return' },
        { kind: 'dead', reason: 'refused' },
        ABORTED,
      ] as const) {
        deepEqual(await settle(stale, verdict, T0 + 11), { ok: false })
      }
      equal(await store.renew(receiptOf(stale), T0 + 99), false)
      equal(await store.renew({ ...receiptOf(fresh), batchId: 'other' }, T0 + 99), false)
      deepEqual(await store.stats(['a']), before)
      equal(await store.renew(receiptOf(fresh), T0 + 30), true)
      equal(await claim(T0 + 29), null)
      deepEqual(await settle(fresh, DELIVERED, T0 + 29), { ok: true })
      deepEqual(await settle(fresh, DELIVERED, T0 + 29), { ok: false })
    },
  },
  {
    law: 7,
    sentence: 'a lease that ran out is still its owner’s until somebody claims again',
    async run({ put, take, settle, nextDueAt }) {
      await put({ key: '1' })
      const late = await take(T0, { leaseUntil: T0 + 10 })
      deepEqual(await settle(late, DELIVERED, T0 + 50), { ok: true })
      equal(await nextDueAt(T0 + 50), null)
    },
  },
  {
    law: 8,
    sentence: 'an expired lease is claimable again under a new token: same batch id, same entries, `reclaimed`',
    async run({ put, take, claim, dueAt }) {
      await put({ key: '1' }, { key: '2' })
      const first = await take(T0, { entries: 1, leaseUntil: T0 + 10 })
      equal(await claim(T0 + 9), null)
      deepEqual(await dueAt(T0 + 10), ['a'])
      const next = await take(T0 + 10, { batchId: 'unused', binding: { revision: 'unused', asOf: 0 } })
      deepEqual({ ...next, token: first.token, reclaimed: false }, first)
      equal(next.reclaimed, true)
    },
  },
  {
    law: 13,
    sentence: 'an instant further ahead than its longest legal duration counts as due',
    async run({ put, nextDueAt, take, settle, claim }) {
      const far = T0 + LONGEST.window + 10
      await put({ key: '1', quietUntil: far, closeBy: far })
      equal(await nextDueAt(T0 + 10), far)
      equal(await claim(T0 + 10), null)
      equal(await nextDueAt(T0 + 9), T0 + 9)
      const batch = await take(T0 + 9, { leaseUntil: T0 + LONGEST.lease + 10 })
      equal(await claim(T0 + 10), null)
      const again = await take(T0 + 9)
      deepEqual([again.id, again.reclaimed], [batch.id, true])
      await settle(again, retryAt(T0 + LONGEST.retry + 10), T0)
      equal(await claim(T0 + 10), null)
      equal(await nextDueAt(T0 + 9), T0 + 9)
      await take(T0 + 9)
    },
  },
  {
    law: 13,
    sentence: '… so that a wrong clock cannot put off a window that is appended to for ever',
    async run({ put, nextDueAt }) {
      const wrong = T0 + 10 * LONGEST.window
      await put({ key: '1', at: wrong, quietUntil: wrong + 50, closeBy: wrong + 300 })
      await put({ key: '2', at: T0, quietUntil: T0 + 50, closeBy: T0 + 300 })
      equal(await nextDueAt(T0), T0)
    },
  },
]
