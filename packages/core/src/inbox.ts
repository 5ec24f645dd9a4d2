import { toEntries } from './accept/intake.ts'
import type { Interest, Matcher } from './accept/match.ts'
import { pickPaths } from './accept/paths.ts'
import { fold } from './batch/fold.ts'
import { MAX_BODY } from './batch/window.ts'
import type { AlignedClock } from './clock.ts'
import type { Teller } from './deliver/notify.ts'
import { PipelineError } from './errors.ts'
import type { AppendResult, Clock, InboxRow, Source, SqlTransaction, Store } from './ports.ts'
import type { Roster } from './targets.ts'
import type { Change, Entry } from './types.ts'

export interface InboxRelay {
  /** Stores the notices of changes in a transaction of the user's: only INSERTs. Answers the entries that they will become. */
  write(changes: readonly Change[], matcher: Matcher, at: number, transaction: SqlTransaction): Promise<readonly Entry[]>
  /** Appends what was committed, oldest first. */
  fold(): Promise<void>
  /** Whether `fold` is going to be rung for within a moment: until then more may come, and all of it is folded at once. */
  isSoon(): boolean
}

export interface InboxRelayDeps {
  store: Store
  roster: Roster
  sources: readonly Source[]
  teller: Teller
  relieve(result: AppendResult): Promise<void>
  time: Pick<AlignedClock, 'now'>
  sleep: Clock['sleep']
  /** There may be something to fold. */
  ring(): void
}

/** Rows that are folded in one transaction. */
const PORTION = 500
/** Milliseconds before the end of a window at which all that has to go out with it is folded. */
const AHEAD = 20
/** Milliseconds that what others have committed, and have not folded themselves, may wait for that. */
const SOON = 1_000

export function createInboxRelay({ store, roster, sources, teller, relieve, time, sleep, ring }: InboxRelayDeps): InboxRelay {
  const { inbox } = store

  async function write(
    changes: readonly Change[],
    matcher: Matcher,
    at: number,
    transaction: SqlTransaction,
  ): Promise<readonly Entry[]> {
    if (inbox === undefined) {
      throw new PipelineError(
        'TRANSACTION_UNSUPPORTED',
        `the ${store.name} store cannot write into a transaction of yours: use knexStore on the same database, or publish after the commit`,
      )
    }
    const rows: Omit<InboxRow, 'id'>[] = []
    for (const change of changes) {
      const interest = matcher.interest(change.collection, change.event)
      if (interest !== null) rows.push({ at, change: reduced(change, interest), entries: toEntries([change], matcher, at) })
    }
    if (rows.length === 0) return []
    await inbox.write(transaction, rows)
    const entries = rows.flatMap((row) => row.entries)
    const ended = 'run' in transaction ? transaction.committed : transaction.executionPromise
    Promise.resolve(ended).then(
      () => foldInTime(entries),
      () => {},
    )
    return entries
  }

  /** When the windows of what was committed close: not before, since more may come, and a fold is work. */
  let closing = Number.POSITIVE_INFINITY
  let foldAt: number | null = null

  function foldInTime(entries: readonly Entry[]): void {
    if (entries.length === 0) {
      ring()
      return
    }
    let quiet = Number.POSITIVE_INFINITY
    for (const { closeBy, quietUntil, size } of entries) {
      closing = Math.min(closing, closeBy)
      quiet = Math.min(quiet, entries.length < size ? quietUntil : 0)
    }
    const waits = foldAt !== null
    foldAt = Math.min(quiet, closing) - AHEAD
    if (!waits) void wait()
  }

  async function wait(): Promise<void> {
    for (let rest = 1; rest > 0; ) {
      rest = (foldAt ?? 0) - time.now()
      if (rest > 0) await sleep(rest)
    }
    foldAt = null
    closing = Number.POSITIVE_INFINITY
    ring()
  }

  async function foldAll(): Promise<void> {
    if (inbox === undefined) return
    const { matcher } = await roster.ready()
    for (;;) {
      const rows = await inbox.read(PORTION)
      if (rows.length === 0) return
      const changes = await hydrate(rows.map(({ change }) => change))
      const entries = fold(
        rows.map((row, index) => ({ ...row, change: changes[index] ?? row.change })),
        matcher,
      )
      const result = await inbox.fold(rows, entries)
      // Another process has folded some of them: it goes on, and so may we.
      if (result === null) continue
      await relieve(result)
      if (rows.length < PORTION) return
    }
  }

  async function hydrate(changes: readonly Change[]): Promise<readonly Change[]> {
    let current = changes
    for (const source of sources) {
      if (source.hydrate === undefined) continue
      try {
        const full = await source.hydrate(current)
        if (full.length !== current.length) {
          throw new PipelineError('CHANGE_INVALID', `hydrate() was given ${current.length} changes and answered ${full.length}`)
        }
        current = full
      } catch (error) {
        // What could not be read stays unknown, and unknown matches.
        teller.emit('error', { scope: 'source', error })
      }
    }
    return current
  }

  return { write, fold: foldAll, isSoon: () => foldAt !== null && foldAt - time.now() < SOON }
}

/** What of a change has to wait in the inbox: the fields that somebody asked for, but for values that no body could carry. */
function reduced(change: Change, interest: Interest): Change {
  const { previous, ...rest } = change
  return {
    ...rest,
    fields: sendable(pickPaths(change.fields, interest.fields, {}, { whole: true })),
    ...(previous === undefined ? undefined : { previous: sendable(pickPaths(previous, interest.previous, {}, { whole: true })) }),
  }
}

function sendable(state: Change['fields']): Change['fields'] {
  const fits = (value: unknown) =>
    (typeof value === 'string' ? value.length : typeof value === 'object' ? JSON.stringify(value).length : 0) <= MAX_BODY
  return Object.fromEntries(Object.entries(state).filter(([, value]) => fits(value)))
}
