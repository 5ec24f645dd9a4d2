/** The store under test, and short ways to call it. */
import type { AppendResult, ClaimRequest, SqlTransaction, Store } from '../../ports.ts'
import type { Batch, BatchEntry, Entry, TrimmedChange, Verdict } from '../../types.ts'

/** What a case runs on: an empty store, and what else it can do. A feature that is absent skips its cases, visibly. */
export interface Harness {
  store: Store
  /** Opens the same data by another connection, as another process would. */
  another?(): Promise<Store>
  /** Closes the store and opens the same data again. */
  reopen?(): Promise<Store>
  /** Runs `act` while the store's n-th next write fails, n being `write`. */
  breaking?(write: number, act: () => Promise<void>): Promise<void>
  /** Runs `fn` in a transaction of the user's database; rolls back if it rejects. */
  transaction?(fn: (transaction: SqlTransaction) => Promise<void>): Promise<void>
  /** Removes what was created. */
  dispose(): Promise<void>
}

/** `targets` is a part of the store itself: the table of those that it holds; `swap` a part of that. */
export type Feature = 'another' | 'reopen' | 'breaking' | 'transaction' | 'targets' | 'swap'

/** One case: a sentence of a law, and how to see that a store keeps it. */
export interface Case {
  law: number | 'inbox' | 'letters' | 'stats' | 'targets' | 'text'
  sentence: string
  needs?: Feature
  run(subject: Subject): Promise<void>
}

export interface Subject extends Harness {
  /** Appends at once, each due at its own `at` unless it says otherwise. */
  put(...entries: EntryInput[]): Promise<AppendResult>
  claim(now: number, over?: Partial<ClaimRequest>): Promise<Batch | null>
  /** As `claim`, but there has to be a batch. */
  take(now: number, over?: Partial<ClaimRequest>): Promise<Batch>
  settle(batch: Batch, verdict: Verdict, now: number): ReturnType<Store['settle']>
  nextDueAt(now: number, ...targets: string[]): Promise<number | null>
  dueAt(now: number, ...targets: string[]): Promise<readonly string[]>
}

export type EntryInput = Partial<Omit<Entry, 'change'>> & { key: string; change?: Partial<TrimmedChange> }

/** An instant for cases to start at. */
export const T0 = 1_800_000_000_000
export const NO_LIMIT: Pick<ClaimRequest, 'entries' | 'bytes'> = { entries: 500, bytes: 262_144 }

export function entryOf({ key, change, ...over }: EntryInput): Entry {
  const at = over.at ?? T0
  const collection = change?.collection ?? 'articles'
  const item = `${collection}\u0000${key}`
  return {
    target: 'a',
    item,
    identity: change?.previous === undefined ? item : `\u0000${change.previous}\u0000${item}`,
    change: { collection, event: 'update', key, timestamp: at, fields: JSON.stringify({ id: key, at }), ...change },
    revision: 'r1',
    at,
    quietUntil: at,
    closeBy: at,
    size: 500,
    maxPending: 100_000,
    collapsible: false,
    ...over,
  }
}

let claims = 0

export function subjectOf(harness: Harness): Subject {
  const { store } = harness
  const claim: Subject['claim'] = (now, over = {}) => {
    const n = ++claims
    const binding = { revision: 'r1', asOf: now }
    return store.claim({
      target: 'a',
      now,
      ...NO_LIMIT,
      batchId: `batch-${n}`,
      binding,
      token: `token-${n}`,
      leaseUntil: now + 10_000,
      ...over,
    })
  }
  return {
    ...harness,
    put: (...entries) => store.append(entries.map(entryOf)),
    claim,
    async take(now, over) {
      const batch = await claim(now, over)
      if (batch === null) throw new Error(`there is nothing to claim at ${now}`)
      return batch
    },
    settle: (batch, verdict, now) => store.settle(receiptOf(batch), verdict, now),
    async nextDueAt(now, ...targets) {
      return (await store.peek({ now, targets: targets.length === 0 ? ['a'] : targets })).nextDueAt
    },
    dueAt: (now, ...targets) =>
      store.due({ now, targets: targets.length === 0 ? ['a'] : targets, limit: 100, failingLimit: 100 }),
  }
}

export function receiptOf({ target, id, token }: Batch): { target: string; batchId: string; token: string } {
  return { target, batchId: id, token }
}

export function keysOf(batch: { entries: readonly BatchEntry[] } | null): (string | number)[] | null {
  return batch === null ? null : batch.entries.map(({ last }) => last.key)
}

export const DELIVERED: Verdict = { kind: 'delivered', limit: null }
export const ABORTED: Verdict = { kind: 'aborted' }
export function retryAt(at: number): Verdict {
  return { kind: 'retry', at, failing: false }
}
