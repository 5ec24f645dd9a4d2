/**
 * The words, once:
 *
 * - **Change**   one thing that happened to one item of one collection.
 * - **Target**   who wants to hear of changes: an url, its credentials, and its rules.
 * - **Rule**     one line of a target: a collection, the events, the payload, a filter.
 * - **Entry**    a change as one target will hear of it: trimmed, stamped, on its way into the pending set.
 * - **Batch**    the entries that one request carries; it keeps its id and its entries for all its attempts.
 * - **Verdict**  what an attempt means: `delivered`, `retry`, `split`, `dead` (and `return`, `aborted`).
 * - **Outcome**  one attempt with its batch, target, result and verdict.
 *
 * The *pending set* of a target is what waits to be sent to it. Instants are epoch milliseconds and end in
 * `At`, `Until` or `By` (`now` and a change's `timestamp` aside); durations are bare milliseconds.
 */

export type ChangeEvent = 'create' | 'update' | 'delete'
export type ItemKey = string | number

/** What a source reports. Absent fields are unknown, not null. */
export interface Change {
  collection: string
  event: ChangeEvent
  /** Primary key; `'*'` stands for every item of the collection. `1` and `'1'` are one item. */
  key: ItemKey
  /**
   * The state after the change; for a delete, the last known values. A related item of which both the key and fields are
   * known is `{ [RELATED_KEY]: 7, name: 'Ada' }`: for who asks for `author` it is 7, and `author.name` is Ada.
   */
  fields: Readonly<Record<string, unknown>>
  /** The state before the change, where the source knows it. */
  previous?: Readonly<Record<string, unknown>>
  /** When it happened, epoch milliseconds. */
  timestamp: number
}

/** A change as users may write it: `fields` may be left out (`{}`), and so may `timestamp` (now). */
export type ChangeInput = Omit<Change, 'fields' | 'timestamp'> & Partial<Pick<Change, 'fields' | 'timestamp'>>

/** A filter in Directus syntax, e.g. `{ status: { _eq: 'published' } }`. */
export type Filter = { readonly [key: string]: unknown }

export interface Rule {
  /** A collection's name, or `'*'` for every collection. */
  collection: string
  events: readonly ChangeEvent[]
  /** Fields to send, dotted paths allowed; `'*'` sends every field that the source gave. */
  payload: readonly string[]
  filter?: Filter
  /** Fields whose old values matter (a slug, a path): they are sent as `previous`. */
  previous?: readonly string[]
}

export type TargetStatus = 'published' | 'draft' | 'archived'
export type Format = 'batch' | 'single' | 'ids'

/** The header by which a target knows us, besides the signature. */
export type Auth =
  | { type: 'none' }
  /** `Authorization: Bearer <token>` */
  | { type: 'bearer'; token: string }
  /** `<name>: <value>`, e.g. `Api-Key: …` */
  | { type: 'header'; name: string; value: string }

/** When a pending set is due: `min(last change + quiet, first change + max)`, or at once with `size` entries. */
export interface WindowPolicy {
  /** Milliseconds without a further change. Default 50. */
  quiet: number
  /** Milliseconds after the first change at the latest. Default 300. */
  max: number
  /** Entries that make the set due at once, and the most that one batch takes. Default 500. */
  size: number
}

export interface RetryPolicy {
  /** Milliseconds to wait after the first, second, … failed attempt in a row. */
  delays: readonly number[]
  /** After those: `every` milliseconds as long as the target has been failing for less than `within` (the last has `Infinity`). */
  then: readonly { every: number; within: number }[]
  /** Every delay is varied by up to this share. Default 0.2. */
  jitter: number
  /** A `Retry-After` counts up to this many milliseconds. Default 15 minutes. */
  maxRetryAfter: number
  /** Milliseconds of failing after which the target is suspended; `null` never. Default null. */
  horizon: number | null
}

export interface Target {
  /** Names this target for ever; one that is created anew under the same key has a new uid. */
  uid: string
  /** The name its owner gave it, unique among the living. */
  key: string
  name: string
  url: string
  /** `published` accepts and sends; `draft` accepts nothing and keeps what it has; `archived` forgets. */
  status: TargetStatus
  auth: Auth
  /** Standard Webhooks secrets (`whsec_…`): each signs, so that they can be rotated. */
  secrets: readonly string[]
  rules: readonly Rule[]
  format: Format
  window: WindowPolicy
  retry: RetryPolicy
  /** Milliseconds for one attempt in all. Default 10,000. */
  timeout: number
  /** Whether a change with the key `'*'` may be sent. Default false. */
  wholeCollection: boolean
  /** Entries that may wait; more are collapsed to `'*'` or go to the dead letters. Default 100,000. */
  maxPending: number
  /** The filter as its subscriber wrote it; only echoed in `ids` bodies. */
  filter?: unknown
}

/** What may be logged or shown of a target: no secret, and its url without query and userinfo. */
export interface TargetRef {
  uid: string
  key: string
  name: string
  url: string
}

/**
 * A change, trimmed to what one target's rules name. Field values are JSON text, made once when the change was
 * accepted: nobody can change them any more, and a body is made by joining them.
 */
export interface TrimmedChange {
  collection: string
  event: ChangeEvent
  key: ItemKey
  timestamp: number
  /** JSON object to send as `fields`: `id` first, then the payload of the state that matched; `{"id":…}` alone where none may be shown. */
  fields: string
  /** JSON object to send as `previous`; present only where this change replaced or deleted one of the values it holds. */
  previous?: string
  /** Which state `fields` shows: that before the change (it left the filter), or none; absent: the newest known. */
  shows?: 'before' | 'key'
  /** JSON `{"before"?:{…},"after"?:{…}}`: values that only filters read, kept for a test under later rules; never sent. */
  hidden?: string
  /** The fields were too large and were left out. */
  truncated?: true
}

/** One trimmed change on its way into one target's pending set. */
export interface Entry {
  /** Uid of the target. */
  target: string
  /** Collection and key as one string: entries of one item share their newest `last`. */
  item: string
  /** `item` and the old values that this change announces: entries of one identity are one. */
  identity: string
  change: TrimmedChange
  /** Names the rules and the format under which it was trimmed. */
  revision: string
  /** Instant at which `publish` accepted it, by the clock that is aligned to the store. */
  at: number
  /** The pending set is due then if nothing follows. */
  quietUntil: number
  /** …and not later than then, if this is its first entry. */
  closeBy: number
  /** …and at once, when it holds this many entries. */
  size: number
  /** More entries than this overflow. */
  maxPending: number
  /** Whether an overflow may be collapsed to whole collections; else the oldest entries become dead letters. */
  collapsible: boolean
}

/** An entry as a batch carries it: the first and the newest of the changes that it stands for. */
export interface BatchEntry {
  item: string
  identity: string
  first: TrimmedChange
  last: TrimmedChange
  revision: string
  /** Acceptance instant of `first`. */
  appendedAt: number
  /** Acceptance instant of `last`, and so of what `revision` names. */
  lastAt: number
  /** Number of the batch in which a receiver first refused it as it is; absent if that never happened. */
  refusedIn?: number
}

/** Under which rules, and as of when, a batch was first shaped: every later attempt shapes it the same. */
export interface Binding {
  revision: string
  /** The claimer had loaded its targets then; entries appended later go out as they were trimmed. */
  asOf: number
}

/** How a target has been doing, as the store knows it. It is the target's state, not the batch's. */
export interface TargetState {
  /** Failed attempts in a row. */
  failures: number
  failingSince: number | null
  /** Whether people were told that it is failing. */
  failing: boolean
  /** The most entries a claim may take while a receiver refuses larger batches; `null`: no such limit. */
  limit: number | null
  /** The number of the last batch that got a 2xx; 0: none yet. */
  deliveredSeq: number
  suspended: SuspendReason | null
}

export interface Batch {
  /** Goes out as `webhook-id`, the same on every attempt. */
  id: string
  target: string
  /** Counts the target's batches from 1, without gaps but where a batch was split or returned. */
  seq: number
  /** Names the count: a new one means that `seq` began anew. */
  epoch: number
  entries: readonly BatchEntry[]
  /** 1 for the first attempt. Aborted ones do not count. */
  attempt: number
  /** Instant of the first claim. */
  openedAt: number
  /** True if another claim came before this one, so that it may have been sent already. */
  reclaimed: boolean
  /** How often a receiver has refused it (400, 422). */
  refusals: number
  binding: Binding
  state: TargetState
  /** Proof of the claim; a later claim has another. */
  token: string
}

/** What a claim is settled or renewed with. */
export interface Receipt {
  target: string
  batchId: string
  token: string
}

/** One attempt: the answer to a POST, or why there was none. A value, never a throw. */
export type AttemptResult =
  /** `retryAfter` in milliseconds; `body`: the first 1 kB, for those who may see it. */
  | { kind: 'response'; status: number; retryAfter?: number; tookMs: number; body?: string }
  /** `refused`: our own configuration does not allow the address. `aborted`: cut short by us. */
  | { kind: 'timeout' | 'network' | 'refused' | 'aborted'; message: string; tookMs: number }

export type SuspendReason = 'gone' | 'horizon' | 'manual'
export type DeadReason = 'refused' | 'overflow'

/** What an attempt means for its batch. */
export type Verdict =
  /** Every entry has arrived; `skipped`: none was left to send. `limit` is what the next claims may take. */
  | { kind: 'delivered'; limit: number | null; skipped?: true }
  /** Try again at `at`. `failing`: people should know by now. `refused`: counts as a refusal of this batch. */
  | { kind: 'retry'; at: number; failing: boolean; refused?: true; suspend?: SuspendReason }
  /** The receiver refuses it whole: back to pending, and at most `limit` entries in each of the next claims, from `at` on. One that was refused alone goes behind the others. */
  | { kind: 'split'; at: number; limit: number; failing: boolean }
  /** No attempt will ever succeed. */
  | { kind: 'dead'; reason: DeadReason }
  /** Back to pending, to be claimed anew under a new id; not a failure. */
  | { kind: 'return' }
  /** The attempt was cut short by us; neither an attempt nor a failure. */
  | { kind: 'aborted' }

/** A change of a target's state that exactly one `settle` makes. */
export type Transition = 'failing' | 'recovered' | 'suspended'

/** One item of a batch, for people and logs. */
export interface ItemRef {
  collection: string
  key: ItemKey
  event: ChangeEvent
}

/** One attempt, told to every notifier and listener. Holds no secret, no header and no body. */
export interface Outcome {
  target: TargetRef
  batch: { id: string; seq: number; epoch: number; attempt: number; openedAt: number; items: readonly ItemRef[]; bytes: number }
  result: AttemptResult
  verdict: Verdict
  at: number
}

/** An outcome as the delivery log keeps it. */
export interface DeliveryRecord extends Outcome {
  /** Sorts by `at`. */
  id: string
  /** Items of the batch; `batch.items` holds the first 500. */
  count: number
}

/** Something people should hear of, once. */
export type Incident =
  | { kind: 'failing'; target: TargetRef; since: number; failures: number; reason: string; at: number }
  | { kind: 'recovered'; target: TargetRef; since: number; at: number }
  | { kind: 'suspended'; target: TargetRef; reason: SuspendReason; at: number }
  | { kind: 'dead'; target: TargetRef; reason: DeadReason; items: readonly ItemRef[]; count: number; at: number }
  | { kind: 'refused'; target: TargetRef; reason: string; at: number }

/** A dead letter: an entry that will not be sent unless it is redriven. */
export interface DeadLetter {
  /** Names it to `redrive`. */
  id: string
  target: string
  reason: DeadReason
  diedAt: number
  entry: BatchEntry
}

/** How one target is doing. */
export interface TargetStats {
  target: string
  pending: number
  /** Append instant of the oldest entry that waits or flies; null: none. */
  oldestAt: number | null
  inFlight: number
  dead: number
  dueAt: number | null
  failures: number
  failingSince: number | null
  failing: boolean
  suspended: SuspendReason | null
  limit: number | null
  seq: number
}
