import { parseChanges } from './accept/change.ts'
import { toEntries } from './accept/intake.ts'
import type { Interest, Warn } from './accept/match.ts'
import { alignedClock, createAlarm } from './clock.ts'
import type { CheckedTargets } from './config.ts'
import { createLogWriter } from './deliver/log-writer.ts'
import { createTeller, type Log, type PipelineEvents } from './deliver/notify.ts'
import { createPool, type Pool } from './deliver/pool.ts'
import { trial } from './deliver/trial.ts'
import { createWorker } from './deliver/worker.ts'
import { PipelineError } from './errors.ts'
import { createInboxRelay } from './inbox.ts'
import { createRelief } from './overflow.ts'
import type { Clock, DeliveryLog, Notifier, Peek, Source, SqlTransaction, Store, TargetSource, Transport } from './ports.ts'
import { createRoster, refOf } from './targets.ts'
import type { AttemptResult, Change, ChangeEvent, ChangeInput, Entry, ItemRef, Target } from './types.ts'
import type { Hmac } from './wire/signature.ts'

export type PublishOptions =
  | { transaction?: SqlTransaction; targets?: never }
  | { targets?: readonly string[]; transaction?: never }

export interface Pipeline {
  /**
   * Accepts changes. Resolves once they are durable: in the store, or with `transaction` when that commits.
   * Rejects with CHANGE_INVALID, STORE_FAILED, TARGETS_UNAVAILABLE, TRANSACTION_UNSUPPORTED or (without one) STOPPED; none of the
   * changes was stored then, or (STORE_FAILED) all may yet be. `targets`: only those, by uid or key, of the ones that asked
   * for them (TARGET_UNKNOWN); not within a transaction.
   */
  publish(changes: ChangeInput | readonly ChangeInput[], options?: PublishOptions): Promise<void>
  /** What a source has to read for changes of a collection; null: nobody asked. Everything, until targets are loaded. */
  interest(collection: string, event: ChangeEvent): Interest | null
  /** Claims one batch, attempts and settles it. False: nothing was due. */
  step(): Promise<boolean>
  /** Steps until nothing is due: for tests, cron jobs, a host's scheduler. */
  tick(): Promise<{ settled: number; nextDueAt: number | null }>
  /** Keeps delivering until `stop`. */
  start(): Promise<void>
  /** Stops claiming and goes on accepting; what is in flight has `drain` milliseconds (default 5,000) to end. `start` goes on. */
  pause(options?: { drain?: number }): Promise<void>
  /** Stops accepting and claiming; what is in flight has `drain` milliseconds (default 5,000) to end, then goes back to be sent later. */
  stop(options?: { drain?: number }): Promise<void>
  /** Tries a target at once, whatever it waits for: "retry now", "flush now". By uid or key; rejects TARGET_UNKNOWN. */
  wake(target: string): Promise<void>
  /** A suspended target accepts and holds. */
  suspend(target: string): Promise<void>
  resume(target: string): Promise<void>
  /**
   * Makes one request that announces nothing, whatever the target waits for, and answers what came of it: an empty batch, no
   * ids, or for a target of format `single` one event of the collection `unstale_test`. By uid or key; rejects TARGET_UNKNOWN.
   */
  test(target: string): Promise<AttemptResult>
  /** Returns how to stop listening. */
  on<K extends keyof PipelineEvents>(event: K, listener: (payload: PipelineEvents[K]) => void): () => void
}

/** Everything a pipeline is made of; `createPipeline` of the index fills in the defaults. */
export interface PipelineParts {
  targets: TargetSource
  check(rows: readonly unknown[]): CheckedTargets
  store: Store
  log?: DeliveryLog | undefined
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
  retention: number
}

/** How often the store's clock is read again, in milliseconds; dead letters are looked after every sixtieth time. */
const MINUTE = 60_000
/** Dead letters that are removed in one step. */
const PRUNED = 500

export function assemblePipeline(parts: PipelineParts): Pipeline {
  const { store, clock, logger, sources } = parts
  const time = alignedClock(clock, () => store.time())
  const { log } = parts
  const tell = (error: unknown) => teller.emit('error', { scope: 'log', error })
  const writer = log === undefined ? null : createLogWriter({ log, clock, now: time.now, tell })
  const teller = createTeller(writer === null ? parts.notifiers : [...parts.notifiers, writer], logger)
  const alarm = createAlarm(time.now, clock.sleep)
  /** Something may be due now. */
  const ring = () => alarm.pull(time.now())
  const warn: Warn = (target, error) =>
    teller.emit('error', { scope: error.code === 'FILTER_INVALID' ? 'filter' : 'source', error, target: refOf(target) })
  const { table } = parts.targets
  if (table !== undefined && table.rows !== store.targets) {
    throw new PipelineError('CONFIG_INVALID', 'targets: the table is that of another store: give the pipeline the same store')
  }
  const roster = createRoster({
    source: parts.targets,
    check: parts.check,
    store,
    clock,
    time,
    teller,
    warn,
    ring,
  })
  const worker = createWorker({ ...parts, time, teller, warn })
  const relieve = createRelief({ store, roster, teller, time })
  const inbox = createInboxRelay({ store, roster, sources, teller, relieve, time, sleep: clock.sleep, ring })
  let pool: Pool | null = null
  let stopped = false
  let worked = false
  let warnedOfIdle = false
  let firstPublishAt: number | null = null
  let release: (() => void)[] = []

  async function publish(
    input: ChangeInput | readonly ChangeInput[],
    { transaction, targets }: { transaction?: SqlTransaction; targets?: readonly string[] } = {},
  ): Promise<void> {
    // Within a transaction it is only written down, and whoever works next finds it.
    if (stopped && transaction === undefined)
      throw new PipelineError('STOPPED', 'the pipeline was stopped: publish before stop(), or start() it again')
    // A transaction may hold the only connection: nobody waits in it for what is read by another.
    if (roster.overdue()) transaction === undefined ? await lookForTargets() : void lookForTargets().catch(() => {})
    const { matcher } = roster.loaded ?? (await roster.ready())
    const changes = parseChanges(input, clock.now())
    const only = targets === undefined ? null : await uidsOf(targets, transaction)
    const at = time.stamp()
    if (!worked) warnOfIdle()
    const entries =
      transaction === undefined
        ? toEntries(changes, matcher, at).filter(({ target }) => only === null || only.has(target))
        : await inbox.write(changes, matcher, at, transaction)
    if (transaction === undefined && entries.length > 0) {
      const result = await store.append(entries)
      for (const { size, quietUntil, closeBy } of entries) alarm.pull(entries.length >= size ? at : Math.min(quietUntil, closeBy))
      await relieve(result)
    }
    tellAccepted(changes, entries, at)
  }

  async function peeked({ overflow, targets }: Peek): Promise<void> {
    if (overflow !== undefined) await relieve(overflow)
    await roster.noticed(targets)
  }

  /** Where nobody delivers, nobody else asks whether the store's own targets have changed. */
  async function lookForTargets(): Promise<void> {
    try {
      await roster.ready()
      await peeked(await store.peek({ now: time.now(), targets: [] }))
    } catch (error) {
      // The changes are accepted for those that are known, if the store can.
      if (roster.loaded === null) throw error
      teller.emit('error', { scope: 'targets', error })
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

  async function targetOf(name: string): Promise<Target> {
    const { matcher } = await roster.ready()
    const named = matcher.targets.get(name)
    if (named !== undefined) return named.target
    for (const { target } of matcher.targets.values()) if (target.key === name) return target
    throw new PipelineError('TARGET_UNKNOWN', `there is no target with the uid or key ${JSON.stringify(name)}`)
  }

  async function uidsOf(names: readonly string[], transaction: SqlTransaction | undefined): Promise<ReadonlySet<string>> {
    // What comes out of the inbox is matched anew, for everybody.
    if (transaction !== undefined)
      throw new PipelineError('TRANSACTION_UNSUPPORTED', 'publish() takes targets, or a transaction, not both')
    const named = await Promise.all(names.map(targetOf))
    return new Set(named.map(({ uid }) => uid))
  }

  async function pause({ drain = 5000 }: { drain?: number } = {}): Promise<void> {
    const ending = pool
    pool = null
    await ending?.stop(drain)
    await writer?.drain(drain)
  }

  return {
    publish,
    interest: (collection, event) =>
      roster.loaded === null ? { fields: ['*'], previous: ['*'] } : roster.loaded.matcher.interest(collection, event),
    step,
    async tick() {
      worked = true
      await inbox.fold()
      let settled = 0
      while (await step()) settled++
      const { published } = await roster.ready()
      const peek = await store.peek({ now: time.now(), targets: published })
      await peeked(peek)
      return { settled, nextDueAt: peek.nextDueAt }
    },
    async start() {
      if (pool !== null) return
      stopped = false
      worked = true
      for (const end of release) end()
      const { concurrency } = parts
      pool = createPool({
        store,
        clock,
        time,
        teller,
        worker,
        alarm,
        concurrency,
        ready: roster.ready,
        inbox,
        peeked,
      })
      const timers = new AbortController()
      release = [
        () => timers.abort(),
        roster.watch(),
        ...sources.map((source) => source.subscribe((changes) => publish(changes))),
        store.watch?.(ring) ?? (() => {}),
      ]
      void everyMinute(timers.signal)
      void pool.run()
      // A list that cannot be loaded was told, and is tried again.
      await roster.ready().catch(() => {})
    },
    pause,
    async stop(options) {
      stopped = true
      for (const end of release) end()
      release = []
      await pause(options)
      await parts.release()
    },
    async wake(name) {
      const { uid } = await targetOf(name)
      await store.wake(uid, time.now())
      ring()
    },
    async suspend(name) {
      const target = await targetOf(name)
      await store.suspend(target.uid, 'manual', time.now())
      teller.incident({ kind: 'suspended', target: refOf(target), reason: 'manual', at: time.now() })
    },
    async resume(name) {
      const { uid } = await targetOf(name)
      await store.resume(uid, time.now())
      ring()
    },
    test: async (name) => trial(await targetOf(name), parts),
    on: teller.on,
  }

  /** What has to be done now and then, apart from delivery. */
  async function everyMinute(signal: AbortSignal): Promise<void> {
    for (let minute = 1; ; minute++) {
      await clock.sleep(MINUTE, signal)
      if (signal.aborted) return
      writer?.tidy()
      await time.align().catch((error: unknown) => teller.emit('error', { scope: 'time', error }))
      if (minute % 60 === 0) await prune().catch((error: unknown) => teller.emit('error', { scope: 'store', error }))
    }
  }

  /** Dead letters that nobody has redriven for so long are removed, in small steps. */
  async function prune(): Promise<void> {
    while ((await store.prune({ before: time.now() - parts.retention, limit: PRUNED })) === PRUNED);
  }
}
