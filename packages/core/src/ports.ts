/**
 * The five ports: Source, Store, Transport, Notifier, Clock; and where targets and SQL connections come from.
 * A driver is a plain object; `xStore`, `xTransport`, `xSource` name their factories.
 */
import type {
  Batch,
  Binding,
  Change,
  ChangeInput,
  DeadLetter,
  DeliveryRecord,
  Entry,
  Incident,
  ItemKey,
  Outcome,
  Receipt,
  SuspendReason,
  TargetStats,
  Transition,
  Verdict,
} from './types.ts'

/** Both halves of time, passed in. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export type Publish = (changes: ChangeInput | readonly ChangeInput[]) => Promise<void>

/** Where changes come from. */
export interface Source {
  /** Starts to report; returns how to stop. */
  subscribe(publish: Publish): () => void
  /** Fills in what changes that come out of the inbox lack (fields that were not known in the transaction). Same length, same order. */
  hydrate?(changes: readonly Change[]): Promise<readonly Change[]>
}

/** Where targets come from. Rows may be raw: each is validated, a bad one is told and skipped, the others work. */
export interface TargetSource {
  load(): Promise<readonly unknown[]>
  /** Calls `changed` when `load` would answer anew; returns how to stop. */
  watch?(changed: () => void): () => void
  /** Set where the targets are those of a store: its table, and the version of it that `load` last answered. */
  readonly table?: { rows: TargetRows; version: number }
}

export interface TransportRequest {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  /** Milliseconds for everything: connect, send, answer. */
  timeout: number
}

/** What a transport found out. */
export type TransportAnswer =
  /** `retryAfter` is the header's text; `body` holds at most its first 1,024 characters. */
  | { kind: 'response'; status: number; retryAfter?: string; body?: string }
  /** `unsent`: the connection failed before anything of the request was sent. */
  | { kind: 'timeout' | 'network' | 'refused' | 'aborted'; message: string; unsent?: true }

/** Makes one POST. Never rejects, never follows a redirect, reads at most 16 kB of the answer. */
export interface Transport {
  send(request: TransportRequest, signal: AbortSignal): Promise<TransportAnswer>
  close?(): Promise<void>
}

/** Told of every attempt and every incident. Its failures are reported and never touch delivery. */
export interface Notifier {
  notify(event: { type: 'outcome'; outcome: Outcome } | { type: 'incident'; incident: Incident }): void | Promise<void>
}

/** Two methods that let the SQL store ride on any connection. SQL has `?` for each binding. */
export interface SqlExecutor {
  run(sql: string, bindings: readonly SqlValue[]): Promise<SqlResult>
  /** Runs `fn` in one transaction: commits when it resolves, rolls back and rethrows when it rejects. */
  transaction<T>(fn: (tx: SqlExecutor) => Promise<T>, options?: TransactionOptions): Promise<T>
}

/** What an executor may make use of, and need not. */
export interface TransactionOptions {
  /**
   * Its commit need not wait for the disk: a loss of power may undo it, as long as it then undoes all that was committed
   * later, too. (On Postgres: `SET LOCAL synchronous_commit = off`.)
   */
  relaxed?: boolean
}

export type SqlValue = string | number | null
export interface SqlResult {
  rows: readonly Record<string, unknown>[]
  /** Rows that an INSERT, UPDATE or DELETE touched. */
  changes: number
}

export interface DueQuery {
  now: number
  /** Uids that this process knows as published. Others neither spin nor vanish. */
  targets: readonly string[]
  limit: number
  /** At most this many of the answer may be failing targets that nobody woke. */
  failingLimit: number
}

export interface ClaimRequest {
  target: string
  now: number
  /** The most entries, and the most characters of their JSON text, for a new batch. At least one entry is taken. */
  entries: number
  bytes: number
  /** Used if a new batch is opened. */
  batchId: string
  binding: Binding
  token: string
  leaseUntil: number
}

export interface AppendResult {
  /** Targets whose oldest entries became dead letters (`overflow`), and how many. */
  overflowed: readonly { target: string; count: number }[]
  /** Collapsible targets that hold more than they may, and the collections they hold. */
  collapsible: readonly { target: string; collections: readonly string[] }[]
}

/** One published change that waits, committed in a user's own transaction, to be matched and appended. */
export interface InboxRow {
  /** Set by the store when read. */
  id: string
  at: number
  change: Change
  /** What it was for the targets that its publisher knew. */
  entries: readonly Entry[]
}

/** The transactional outbox of the user's database, seen from our side. */
export interface Inbox {
  /** Only INSERTs, in the given transaction: nothing to wait for, nothing to retry. */
  write(transaction: SqlTransaction, rows: readonly Omit<InboxRow, 'id'>[]): Promise<void>
  /** The oldest committed rows. */
  read(limit: number): Promise<readonly InboxRow[]>
  /** In one step: removes the rows and appends the entries. Null, and nothing is done, if another process has folded one of them. */
  fold(rows: readonly InboxRow[], entries: readonly Entry[]): Promise<AppendResult | null>
}

/**
 * An executor bound to a transaction, or a Knex transaction itself. Of an executor `committed` may tell when: it resolves
 * with the commit and rejects with a rollback. Without it what was written is looked for shortly before its window
 * closes, and then once a second.
 */
export type SqlTransaction =
  | (Pick<SqlExecutor, 'run'> & { readonly committed?: Promise<unknown> })
  | { raw(sql: string, bindings: readonly SqlValue[]): PromiseLike<unknown>; readonly executionPromise?: Promise<unknown> }

export interface Peek {
  /** When there is next something to claim; null: nothing waits. */
  nextDueAt: number | null
  /** Whether the inbox holds rows. */
  inbox: boolean
  /** The version of the store's own targets; 0 where it holds none. */
  targets: number
  /** What overflowed since the last peek without an `append` having told. */
  overflow?: AppendResult
}

/** A target as the store's own table holds it. */
export interface TargetRow {
  key: string
  uid: string
  /** What was put, as it was put: JSON. */
  target: unknown
}

/** The store's own table of targets, for those who manage them at run time. */
export interface TargetRows {
  /** All rows by key, and the version that they are of. */
  read(): Promise<{ rows: readonly TargetRow[]; version: number }>
  /** Creates the row of that key, or replaces its target: then it keeps the uid that it has. The version grows. */
  put(row: TargetRow): Promise<void>
  /** Removes the row; false, and the version stays, if there was none. */
  delete(key: string): Promise<boolean>
}

/** What such a table may offer besides, so that of two people who edit one target neither overwrites the other unseen. */
export interface TargetSwap {
  /**
   * In one step: if the row of that key is still as `read` answered it (`null`: if there is still none), it becomes `now`
   * (`null`: it is removed), and the version grows. A row that is replaced keeps its uid. False, and nothing is done, if
   * somebody else came first: another target, or the same under another uid.
   */
  swap?(key: string, was: Omit<TargetRow, 'key'> | null, now: Omit<TargetRow, 'key'> | null): Promise<boolean>
}

/**
 * Holds, per target, a pending set, at most one batch, dead letters, and how the target is doing.
 *
 * Laws; each is a case of the published contract suite:
 *
 * 1.  `append` is all-or-nothing across its entries; appends of a process commit in call order.
 * 2.  The first entry of an empty pending set fixes its `closeBy`; each append moves its due instant to
 *     `min(quietUntil, closeBy)`, and to its own instant once `size` entries are pending, also while a batch is in
 *     flight. `wake`, `redrive` and returned entries set both to their instant; what a claim leaves behind stays due.
 * 3.  Same identity: `first` is the older one, by `at`, at a tie the earlier appended. Same item: `last` of all its pending
 *     entries becomes the newer one, at a tie the later appended.
 * 4.  `claim` takes the oldest pending entries (by first append; at least one) up to the limits into a batch under the
 *     given id, numbers it with the target's next `seq`, and returns null while the target is suspended, has a batch in
 *     flight, or waits for a later instant. The target's own `limit` counts, too. What another process has appended since
 *     the last `peek` may go with a later batch.
 * 5.  Under concurrent `claim` exactly one caller gets the batch.
 * 6.  An append never changes a claimed batch; whether a target goes idle when a batch settles is decided in the same
 *     step that appends serialise with.
 * 7.  Each claim has a token of its own. `settle` or `renew` with a stale one changes nothing and says so.
 * 8.  An expired lease is claimable again under a new token: same batch id, same entries, `reclaimed`.
 * 9.  `retry` makes the batch claimable at `at`, not before, unless woken, also while it was in flight; `split` and
 *     `return` put its entries back (`split` not before its `at`, unless woken); `dead` moves them to the dead letters;
 *     `delivered` removes them; `aborted` makes the batch claimable at once, without counting.
 * 10. `peek().nextDueAt` is, over the given targets that are not suspended, the lease end or retry instant of the one
 *     with a batch, else its due instant (not before a split's `at`); null if there is none.
 * 11. What returns or is redriven merges with what is pending by law 3; what was pending counts as the later appended.
 * 12. `forget(uid, asOf)` removes what was appended up to `asOf`, the batch in flight and dead letters included; a running
 *     lease still keeps claims out, and settling it changes nothing.
 * 13. The store reads no clock and no random source but in `time()`: equal calls give equal state. An instant further
 *     ahead than its longest legal duration counts as due.
 * 14. What `append` resolved is there after `close`, or a kill, and reopening (unless `durable` is false).
 * 15. Beyond `maxPending` the oldest entries become dead letters with reason `overflow`, in the same step; those of a
 *     collapsible target stay, and the answer names its collections.
 */
export interface Store {
  /** For messages: `memory`, `sqlite`, … */
  readonly name: string
  /** Whether appended entries outlive the process. */
  readonly durable: boolean
  append(entries: readonly Entry[]): Promise<AppendResult>
  /** Replaces the target's pending entries of the collections of `entries` by these, in one step. */
  collapse(target: string, entries: readonly Entry[]): Promise<void>
  /** Uids of targets with something to claim, longest due first. */
  due(query: DueQuery): Promise<readonly string[]>
  claim(request: ClaimRequest): Promise<Batch | null>
  /** False: the claim is no longer the owner's. */
  renew(receipt: Receipt, leaseUntil: number): Promise<boolean>
  /** `ok: false`: the claim is no longer the owner's, and nothing was changed. */
  settle(receipt: Receipt, verdict: Verdict, now: number): Promise<{ ok: boolean; transition?: Transition }>
  /** What waits may be claimed at `at`, whatever it waited for; counts for an attempt in flight, too. */
  wake(target: string, at: number): Promise<void>
  suspend(target: string, reason: SuspendReason, at: number): Promise<void>
  /** As `wake`, and claims are given again. */
  resume(target: string, at: number): Promise<void>
  peek(query: { now: number; targets: readonly string[] }): Promise<Peek>
  stats(targets: readonly string[]): Promise<readonly TargetStats[]>
  /** Newest first. `before` is the id of the last letter of the page before. */
  listDead(query: { target?: string; limit: number; before?: string }): Promise<readonly DeadLetter[]>
  /** Dead letters go back to pending; without `ids` all of the target. Answers how many. */
  redrive(query: { target: string; ids?: readonly string[]; now: number }): Promise<number>
  forget(target: string, asOf: number): Promise<void>
  /** Removes up to `limit` dead letters that died before `before`. Answers how many. */
  prune(query: { before: number; limit: number }): Promise<number>
  /** The clock that all processes on this store share. */
  time(): Promise<number>
  close(): Promise<void>
  readonly inbox?: Inbox
  readonly targets?: TargetRows & TargetSwap
  /** A delivery log where the store itself is. */
  log?(bounds?: LogBounds): DeliveryLog
  /** Calls `wake` when another process may have made something due; returns how to stop. */
  watch?(wake: () => void): () => void
}

/** Which attempts a delivery log lists: those to which everything that is given applies. */
export interface DeliveryQuery {
  /** Uid of a target. */
  target?: string
  /** Id of a batch: all its attempts. */
  batch?: string
  /** One of these. */
  verdicts?: readonly Verdict['kind'][]
  /** From this instant on. */
  since?: number
  /** Before this instant. */
  until?: number
  /** Attempts that carried an item (one of the first 500 of its batch); without a key, any of the collection. */
  item?: { collection: string; key?: ItemKey }
  limit: number
  /** The id of the last record of the page before. */
  before?: string
}

/** A bounded record of attempts, for people to look at. It is written aside: no delivery depends on it. */
export interface DeliveryLog {
  /** All or none. What is there already is not added again: who got no answer may repeat. */
  add(outcomes: readonly Outcome[]): Promise<void>
  /** Newest first. */
  list(query: DeliveryQuery): Promise<readonly DeliveryRecord[]>
  /** One small step in removing what is too old or too much. True: there is more. */
  prune(now: number): Promise<boolean>
}

/** Beyond which a delivery log removes what is oldest. */
export interface LogBounds {
  /** The most records. Default 100,000; in memory 1,000. Since a record may have many items, at most ten times as many items, too. */
  records?: number
  /** Milliseconds for which a record is kept. Default 7 days. */
  maxAge?: number
}

/** The longest durations, in milliseconds, that a configuration may ask for. A stored instant further ahead than that comes from a clock that was wrong, and counts as due. */
export const LONGEST: { readonly window: number; readonly lease: number; readonly retry: number } = {
  window: 3_600_000,
  lease: 600_000,
  retry: 86_400_000,
}
