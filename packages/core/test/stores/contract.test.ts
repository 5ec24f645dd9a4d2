import { describe, expect, it } from 'vitest'
import type { Inbox, Store, TargetRows, TargetSwap } from '../../src/ports.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { compareStores } from '../../src/testing/contract/model.ts'
import { subjectOf } from '../../src/testing/contract/subject.ts'
import { type ContractCase, onStore, type StoreHarness, storeLaws } from '../../src/testing/index.ts'
import type { Batch } from '../../src/types.ts'

type Held = TargetRows & TargetSwap

/** One way for each sentence about a store's own targets. */
const brokenTargets: [how: string, breakIt: (rows: Held) => Partial<Held>][] = [
  [
    'a target that is put again is another one',
    (rows) => ({
      async put(row) {
        await rows.delete(row.key)
        await rows.put(row)
      },
    }),
  ],
  [
    'a swap looks after it has waited',
    (rows) => ({
      async swap(key, was, now) {
        const held = (await rows.read()).rows.find((row) => row.key === key)
        const is = held === undefined ? null : { uid: held.uid, target: held.target }
        if (JSON.stringify(is) !== JSON.stringify(was && { uid: was.uid, target: was.target })) return false
        await Promise.resolve()
        if (now === null) await rows.delete(key)
        else await rows.put({ key, uid: now.uid, target: now.target })
        return true
      },
    }),
  ],
  [
    'a swap removes whatever is there',
    (rows) => ({
      swap: async (key, was, now) => (now === null && (await rows.delete(key))) || (await rows.swap?.(key, was, now)) === true,
    }),
  ],
  ['what was never there was deleted', (rows) => ({ delete: async (key) => (await rows.delete(key)) || true })],
  [
    'a delete is no news',
    (rows) => {
      let deleted = 0
      return {
        async delete(key) {
          const done = await rows.delete(key)
          if (done) deleted += 1
          return done
        },
        read: async () => ({ ...(await rows.read()), version: (await rows.read()).version - deleted }),
      }
    },
  ],
  [
    'what others put is not seen',
    (rows) => {
      let last = rows.read()
      return {
        read: () => last,
        async put(row) {
          await rows.put(row)
          last = rows.read()
        },
      }
    },
  ],
  [
    'case is folded',
    (rows) => ({
      put: (row) => rows.put({ ...row, key: row.key.toLowerCase() }),
      delete: (key) => rows.delete(key.toLowerCase()),
    }),
  ],
]

function rowsOf(store: Store): Held {
  if (store.targets === undefined) throw new Error('the store holds no targets')
  return store.targets
}

/** One way for each law in which a store may break it. */
const broken: [
  law: ContractCase['law'],
  how: string,
  (store: Store) => Partial<Omit<StoreHarness, 'store'>> & { store: Partial<Store> },
][] = [
  [
    1,
    'appends overtake each other',
    (store) => {
      let n = 0
      return {
        store: {
          async append(entries) {
            if (n++ % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
            return store.append(entries)
          },
        },
      }
    },
  ],
  [
    1,
    'half of an append is kept',
    (store) => {
      let left = Infinity
      return {
        store: {
          async append(entries) {
            for (const entry of entries) {
              if (--left < 0) throw new Error('broken')
              await store.append([entry])
            }
            return { overflowed: [], collapsible: [] }
          },
        },
        async breaking(write, act) {
          left = write
          await act()
          left = Infinity
        },
      }
    },
  ],
  [
    2,
    'a steady stream puts off the window',
    (store) => ({
      store: { append: (entries) => store.append(entries.map((entry) => ({ ...entry, closeBy: entry.at + 3_000_000 }))) },
    }),
  ],
  [
    3,
    'the last to arrive is taken for the newest',
    (store) => {
      let at = 1_800_000_000_000
      return { store: { append: (entries) => store.append(entries.map((entry) => ({ ...entry, at: at++ }))) } }
    },
  ],
  [4, 'a claim takes all there is', (store) => ({ store: { claim: (request) => store.claim({ ...request, entries: 999 }) } })],
  [
    5,
    'two callers get one batch',
    (store) => {
      let last: Batch | null = null
      return {
        store: {
          async claim(request) {
            last = (await store.claim(request)) ?? last
            return last
          },
        },
      }
    },
  ],
  [
    6,
    'what came while a batch flew goes with it',
    (store) => ({
      store: {
        async settle(receipt, verdict, now) {
          const result = await store.settle(receipt, verdict, now)
          await store.forget(receipt.target, now)
          return result
        },
      },
    }),
  ],
  [
    7,
    'any token will do',
    (store) => {
      let token = ''
      return {
        store: {
          async claim(request) {
            const batch = await store.claim(request)
            token = batch?.token ?? token
            return batch
          },
          settle: (receipt, verdict, now) => store.settle({ ...receipt, token }, verdict, now),
        },
      }
    },
  ],
  [
    8,
    'a second claimer sends under another id',
    (store) => ({
      store: {
        async claim(request) {
          const batch = await store.claim(request)
          return batch && { ...batch, id: request.batchId }
        },
      },
    }),
  ],
  [
    9,
    'a retry is made at once',
    (store) => ({
      store: {
        settle: (receipt, verdict, now) =>
          store.settle(receipt, verdict.kind === 'retry' ? { ...verdict, at: now } : verdict, now),
      },
    }),
  ],
  [
    10,
    'a target that is due hides those that are not',
    (store) => ({
      store: { peek: (query) => store.peek({ ...query, targets: query.targets.slice(0, 1) }) },
    }),
  ],
  [
    11,
    'what returns is dropped',
    (store) => ({
      store: {
        settle: (receipt, verdict, now) =>
          store.settle(receipt, verdict.kind === 'return' ? { kind: 'delivered', limit: null, skipped: true } : verdict, now),
      },
    }),
  ],
  [12, 'nothing is forgotten', () => ({ store: { forget: async () => {} } })],
  [
    13,
    'the store asks its own clock',
    (store) => ({ store: { claim: (request) => store.claim({ ...request, now: Date.now() }) } }),
  ],
  [14, 'all is gone after reopening', () => ({ store: {}, reopen: async () => memoryStore() })],
  [
    15,
    'there is room for all',
    (store) => ({
      store: { append: (entries) => store.append(entries.map((entry) => ({ ...entry, maxPending: 1_000 }))) },
    }),
  ],
  [
    'letters',
    'every page is the first',
    (store) => ({
      store: { listDead: ({ before: _, ...query }) => store.listDead(query) },
    }),
  ],
  [
    'stats',
    'only what is known is answered',
    (store) => ({
      store: { stats: async (targets) => (await store.stats(targets)).filter(({ seq }) => seq > 0) },
    }),
  ],
  [
    'text',
    'case is folded',
    (store) => ({
      store: {
        append: (entries) => store.append(entries.map((entry) => ({ ...entry, identity: entry.identity.toLowerCase() }))),
      },
    }),
  ],
  [
    'inbox',
    'rows are seen before they are committed',
    (store) => ({
      store: { inbox: careless(store) },
      transaction: (fn) => fn({ raw: async () => {} }),
    }),
  ],
  ...brokenTargets.map(([how, breakRows]): (typeof broken)[number] => [
    'targets',
    how,
    (store) => ({ store: { targets: { ...rowsOf(store), ...breakRows(rowsOf(store)) } } }),
  ]),
]

/** Neither waits for the commit nor notices that somebody else has folded. */
function careless(store: Store): Inbox {
  let rows: Awaited<ReturnType<Inbox['read']>> = []
  return {
    async write(_, added) {
      rows = [...rows, ...added.map((row, n) => ({ ...row, id: String(rows.length + n) }))]
    },
    read: async (limit) => rows.slice(0, limit),
    async fold(folded, entries) {
      rows = rows.filter(({ id }) => !folded.some((row) => row.id === id))
      return store.append(entries)
    },
  }
}

describe('the store contract sees', () => {
  it.each(broken)('law %s: %s', async (law, _, breakIt) => {
    const failed: string[] = []
    for (const { sentence, needs, run } of storeLaws.filter((one) => one.law === law)) {
      const store = memoryStore()
      const { store: changed, ...features } = breakIt(store)
      const harness = { ...features, store: { ...store, ...changed }, dispose: async () => {} }
      if (needs !== undefined && needs !== 'targets' && needs !== 'swap' && harness[needs] === undefined) continue
      await onStore(
        async () => harness,
        (each) => run(subjectOf(each)),
      ).catch(() => failed.push(sentence))
    }
    expect(failed).not.toEqual([])
  })

  it('has a way to break each of its laws', () => {
    expect(new Set(broken.map(([law]) => law))).toEqual(new Set(storeLaws.map(({ law }) => law)))
  })

  it('a difference to the memory store under random calls, and names the seed', async () => {
    const store = memoryStore()
    const lenient = { ...store, claim: (request: Parameters<Store['claim']>[0]) => store.claim({ ...request, bytes: 1_000_000 }) }
    await expect(compareStores(lenient, memoryStore(), 7, 400)).rejects.toThrow(/SEED=7/)
  })
})
