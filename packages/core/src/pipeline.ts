import { parseChanges } from './accept/change.ts'
import { toEntries, wholeCollectionEntry } from './accept/intake.ts'
import type { Interest } from './accept/match.ts'
import { pickPaths } from './accept/paths.ts'
import { fold } from './batch/fold.ts'
import { alignedClock, createAlarm } from './clock.ts'
import type { CheckedTargets } from './config.ts'
import { createTeller, type Log, type PipelineEvents } from './deliver/notify.ts'
import { createPool, type Pool } from './deliver/pool.ts'
import { createWorker } from './deliver/worker.ts'
import { PipelineError } from './errors.ts'
import type { AppendResult, Clock, Notifier, Source, SqlTransaction, Store, TargetSource, Transport } from './ports.ts'
import { createRoster, type Loaded, refOf } from './targets.ts'
import type { Change, ChangeEvent, ChangeInput, Entry, ItemRef } from './types.ts'
import type { Hmac } from './wire/signature.ts'

export interface Pipeline {
  /**
   * Accepts changes. Resolves once they are durable: in the store, or with `transaction` when that commits.
   * Rejects with CHANGE_INVALID, STORE_FAILED, TARGETS_UNAVAILABLE, TRANSACTION_UNSUPPORTED or STOPPED; none of the
   * changes was stored then, or (STORE_FAILED) all may yet be.
   */
  publish(changes: ChangeInput | readonly ChangeInput[], options?: { transaction?: SqlTransaction }): Promise<void>
  /** What a source has to read for changes of a collection; null: nobody asked. Everything, until targets are loaded. */
  interest(collection: string, event: ChangeEvent): Interest | null
  /** Claims one batch, attempts and settles it. False: nothing was due. */
  step(): Promise<boolean>
  /** Steps until nothing is due: for tests, cron jobs, a host's scheduler. */
  tick(): Promise<{ settled: number; nextDueAt: number | null }>
  /** Keeps delivering until `stop`. */
  start(): Promise<void>
  /** Stops accepting and claiming; what is in flight has `drain` milliseconds (default 5,000) to end, then goes back to be sent later. */
  stop(options?: { drain?: number }): Promise<void>
  /** Tries a target at once, whatever it waits for: "retry now", "flush now". By uid or key; rejects TARGET_UNKNOWN. */
  wake(target: string): Promise<void>
  /** A suspended target accepts and holds. */
  suspend(target: string): Promise<void>
  resume(target: string): Promise<void>
  /** Returns how to stop listening. */
  on<K extends keyof PipelineEvents>(event: K, listener: (payload: PipelineEvents[K]) => void): () => void
}

/** Everything a pipeline is made of; `createPipeline` of the index fills in the defaults. */
export interface PipelineParts {
  targets: TargetSource
  check(rows: readonly unknown[]): CheckedTargets
  store: Store
  transport: Transport
  /** Closes what the pipeline itself opened. */
  release(): Promise<void>
  sources: readonly Source[]
  notifiers: readonly Notifier[]
  logger: Log
  clock: Clock
  random(): number
  newId(): string
  hmac: Hmac
  agent: string
  concurrency: number
  lease: number
}

/** Rows that are folded in one transaction. */
const FOLD = 500
/** How often the store's clock is read again, in milliseconds. */
const ALIGN = 60_000

export function assemblePipeline(parts: PipelineParts): Pipeline {
  const { store, clock, logger, sources } = parts
  const teller = createTeller(parts.notifiers, logger)
  const time = alignedClock(clock, () => store.time())
  const alarm = createAlarm(time.now, clock.sleep)
  const roster = createRoster({
    source: parts.targets,
    check: parts.check,
    store,
    clock,
    time,
    teller,
    poke: () => alarm.pull(time.now()),
  })
  const worker = createWorker({
    ...parts,
    time,
    teller,
    warn: (target, collection, error) =>
      teller.emit('error', {
        scope: 'filter',
        error: new PipelineError(
          'FILTER_INVALID',
          `a filter on "${collection}" failed and matches everything until it is mended`,
          { cause: error },
        ),
        target: refOf(target),
      }),
  })
  let pool: Pool | null = null
  let stopped = false
  let worked = false
  let warnedOfIdle = false
  let firstPublishAt: number | null = null
  let release: (() => void)[] = []

  const poolOf = (): Pool =>
    createPool({ store, clock, time, teller, worker, alarm, concurrency: parts.concurrency, ready: roster.ready, foldInbox })

  async function publish(
    input: ChangeInput | readonly ChangeInput[],
    { transaction }: { transaction?: SqlTransaction } = {},
  ): Promise<void> {
    if (stopped) throw new PipelineError('STOPPED', 'the pipeline was stopped: publish before stop(), or start() it again')
    const { matcher } = roster.loaded ?? (await roster.ready())
    const changes = parseChanges(input, clock.now())
    const at = time.stamp()
    if (!worked) warnOfIdle()
    const entries = toEntries(changes, matcher, at)
    if (transaction !== undefined) return toInbox(changes, entries, at, transaction)
    if (entries.length > 0) {
      const appended = store.append(entries)
      let soonest = Number.POSITIVE_INFINITY
      for (const entry of entries)
        soonest = Math.min(soonest, entry.quietUntil, entry.closeBy, entries.length >= entry.size ? at : entry.quietUntil)
      const result = await appended
      alarm.pull(soonest)
      if (result.overflowed.length > 0 || result.collapsible.length > 0) await relieve(result)
    }
    tellAccepted(changes, entries, at)
  }

  /** Only INSERTs, in the caller's transaction; the rest is done once it has committed. */
  async function toInbox(
    changes: readonly Change[],
    entries: readonly Entry[],
    at: number,
    transaction: SqlTransaction,
  ): Promise<void> {
    if (store.inbox === undefined) {
      throw new PipelineError(
        'TRANSACTION_UNSUPPORTED',
        `the ${store.name} store cannot write into a transaction of yours: use knexStore on the same database, or publish after the commit`,
      )
    }
    const rows: { at: number; change: Change; entries: Entry[] }[] = []
    for (const change of changes) {
      const interest = roster.loaded?.matcher.interest(change.collection, change.event)
      if (!interest) continue
      const own = toEntries([change], (roster.loaded as Loaded).matcher, at)
      rows.push({ at, change: reduced(change, interest), entries: own })
    }
    if (rows.length === 0) return tellAccepted(changes, entries, at)
    await store.inbox.write(transaction, rows)
    const committed = (transaction as { executionPromise?: Promise<unknown> }).executionPromise
    const ring = () => alarm.pull(time.now())
    // Knex says when it has committed; elsewhere the poll finds the rows.
    if (committed !== undefined) committed.then(ring, () => {})
    else ring()
    tellAccepted(changes, entries, at)
  }

  async function foldInbox(): Promise<number> {
    const { inbox } = store
    if (inbox === undefined) return 0
    const { matcher } = await roster.ready()
    let folded = 0
    for (;;) {
      const rows = await inbox.read(FOLD)
      if (rows.length === 0) return folded
      const changes = await hydrate(rows.map(({ change }) => change))
      const entries = fold(
        rows.map((row, index) => ({ ...row, change: changes[index] ?? row.change })),
        matcher,
      )
      const result = await inbox.fold(rows, entries)
      // Another process has folded some of them: it goes on, and so may we.
      if (result === null) continue
      await relieve(result)
      folded += rows.length
      if (rows.length < FOLD) return folded
    }
  }

  async function hydrate(changes: readonly Change[]): Promise<readonly Change[]> {
    let current = changes
    for (const source of sources) {
      if (source.hydrate === undefined) continue
      try {
        const full = await source.hydrate(current)
        if (full.length === current.length) current = full
        else
          throw new PipelineError('CHANGE_INVALID', `hydrate() was given ${current.length} changes and answered ${full.length}`)
      } catch (error) {
        // What could not be read stays unknown, and unknown matches.
        teller.emit('error', { scope: 'source', error })
      }
    }
    return current
  }

  /** Tells of dead letters, and collapses what may be collapsed. */
  async function relieve({ overflowed, collapsible }: AppendResult): Promise<void> {
    const at = time.now()
    const { matcher } = await roster.ready()
    for (const { target, count } of overflowed) {
      const bound = matcher.targets.get(target)
      if (bound !== undefined)
        teller.incident({ kind: 'dead', target: refOf(bound.target), reason: 'overflow', items: [], count, at })
    }
    for (const { target, collections } of collapsible) {
      const bound = matcher.targets.get(target)
      if (bound === undefined) continue
      await store.collapse(
        target,
        collections.map((collection) => wholeCollectionEntry(bound.target, collection, bound.revision, at)),
      )
    }
  }

  function tellAccepted(changes: readonly Change[], entries: readonly Entry[], at: number): void {
    if (!teller.heard('accepted')) return
    const counts = new Map<string, number>()
    for (const { target } of entries) counts.set(target, (counts.get(target) ?? 0) + 1)
    const targets = [...counts].flatMap(([uid, count]) => {
      const target = roster.loaded?.matcher.targets.get(uid)?.target
      return target === undefined ? [] : [{ ...refOf(target), entries: count }]
    })
    const items: ItemRef[] = changes.map(({ collection, key, event }) => ({ collection, key, event }))
    teller.emit('accepted', { items, targets, at })
  }

  /** Changes that wait while nobody delivers are a mistake that is easily made and hard to see. */
  function warnOfIdle(): void {
    const now = clock.now()
    firstPublishAt ??= now
    if (warnedOfIdle || pool !== null) return
    const idle = () => {
      if (warnedOfIdle || worked || stopped) return
      warnedOfIdle = true
      logger.warn('unstale: changes are waiting and nobody delivers them: call pipeline.start(), or tick() from a scheduler')
    }
    // What lives in this process can be delivered by nobody else; elsewhere another process may be at work.
    if (!store.durable && firstPublishAt === now) void clock.sleep(1000).then(idle)
    else if (now - firstPublishAt > 60_000) idle()
  }

  async function step(): Promise<boolean> {
    worked = true
    const loaded = await roster.ready()
    const uids = await store.due({
      now: time.now(),
      targets: loaded.published,
      limit: parts.concurrency,
      failingLimit: parts.concurrency,
    })
    for (const uid of uids) {
      const batch = await worker.claim(uid, loaded)
      if (batch === null) continue
      await worker.run(batch, loaded, new AbortController().signal)
      return true
    }
    return false
  }

  async function uidOf(name: string): Promise<string> {
    const { matcher } = await roster.ready()
    if (matcher.targets.has(name)) return name
    for (const [uid, { target }] of matcher.targets) if (target.key === name) return uid
    throw new PipelineError('TARGET_UNKNOWN', `there is no target with the uid or key ${JSON.stringify(name)}`)
  }

  return {
    publish,
    interest: (collection, event) =>
      roster.loaded === null ? { fields: ['*'], previous: ['*'] } : roster.loaded.matcher.interest(collection, event),
    step,
    async tick() {
      worked = true
      await foldInbox()
      let settled = 0
      while (await step()) settled++
      const { published } = await roster.ready()
      const { nextDueAt } = await store.peek({ now: time.now(), targets: published })
      return { settled, nextDueAt }
    },
    async start() {
      if (pool !== null) return
      stopped = false
      worked = true
      pool = poolOf()
      const timers = new AbortController()
      release = [
        () => timers.abort(),
        roster.watch(),
        ...sources.map((source) => source.subscribe((changes) => publish(changes))),
        store.watch?.(() => alarm.pull(time.now())) ?? (() => {}),
      ]
      void keepAligned(timers.signal)
      void pool.run()
      // A list that cannot be loaded was told, and is tried again.
      await roster.ready().catch(() => {})
    },
    async stop({ drain = 5000 } = {}) {
      stopped = true
      for (const end of release) end()
      release = []
      const ending = pool
      pool = null
      await ending?.stop(drain)
      await parts.release()
    },
    async wake(name) {
      await store.wake(await uidOf(name), time.now())
      alarm.pull(time.now())
    },
    async suspend(name) {
      const uid = await uidOf(name)
      await store.suspend(uid, 'manual', time.now())
      const target = roster.loaded?.matcher.targets.get(uid)?.target
      if (target !== undefined) teller.incident({ kind: 'suspended', target: refOf(target), reason: 'manual', at: time.now() })
    },
    async resume(name) {
      await store.resume(await uidOf(name), time.now())
      alarm.pull(time.now())
    },
    on: teller.on,
  }

  async function keepAligned(signal: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(ALIGN, signal)
      if (signal.aborted) return
      await time.align().catch((error: unknown) => teller.emit('error', { scope: 'time', error }))
    }
  }
}

/** What of a change has to wait in the inbox: the fields that somebody asked for. */
function reduced(change: Change, interest: Interest): Change {
  const { previous, ...rest } = change
  return {
    ...rest,
    fields: pickPaths(change.fields, interest.fields),
    ...(previous === undefined ? undefined : { previous: pickPaths(previous, interest.previous) }),
  }
}
