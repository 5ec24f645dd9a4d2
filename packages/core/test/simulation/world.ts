import type { TargetInput } from '../../src/config.ts'
import type { Clock, Store } from '../../src/ports.ts'
import { virtualClock } from '../../src/testing/virtual-clock.ts'
import { createContent, LENGTHS } from './content.ts'
import { memoryPlace, type Place } from './database.ts'
import { type Accepted, createPublisher } from './publisher.ts'
import { seeded } from './random.ts'
import { createReceivers, MOODS, type Receivers } from './receiver.ts'
import { newVersion, type Row, weigh } from './rows.ts'
import { createSimulatedWorker, DEATHS, type Worker } from './worker.ts'

export interface World {
  seed: number
  accepted: readonly Accepted[]
  rows: readonly Row[]
  receivers: Receivers
  /** Its store, as the judge looks at it. */
  store: Store
  /** Whether changes went through transactions: those may be folded after newer ones were sent. */
  transactions: boolean
  /** Whether senders were stopped and continued: they may overlap their successors. */
  freezes: boolean
  /** Workers that used more than their share of slots for failing targets. */
  breaches: readonly string[]
  diary: readonly string[]
  /** Ends what it opened. */
  close(): Promise<void>
}

export interface WorldOptions {
  /** Default: in memory. */
  place?: Place
  /** Breaks the store of every worker. */
  spoil?(store: Store): Store
}

const START = 1_700_000_000_000
const BAD_MOODS = MOODS.filter((mood) => mood !== 'fine')

/** Lets a world run its course, then heals it and waits until nothing is due any more. */
export async function runWorld(
  seed: number,
  { place = memoryPlace, spoil = (store) => store }: WorldOptions = {},
): Promise<World> {
  const random = seeded(seed)
  // Of its own, so that the worlds of seeds that broke a rule once stay what they are.
  const extras = seeded(~seed)
  const clock = virtualClock(START, { busy: () => database.busy() })
  const diary: string[] = []
  const told = (line: string) => diary.push(`${clock.now() - START} ${line}`)
  const receivers = createReceivers(clock, random)
  const database = await place.open(clock.now)
  const store = await database.connect()
  const heavy = extras.chance(0.15)
  const crowded = extras.chance(0.15)
  const content = createContent(random, () => (heavy ? extras.pick(LENGTHS) : 0))
  const transactions = random.chance(0.4)
  const stumbling = extras.chance(0.1)
  const freezes = random.chance(0.2) || stumbling
  const publisher = createPublisher({ clock, random, content, begin: transactions ? database.begin : null, told })
  const rows: Row[] = Array.from({ length: 1 + random.below(3) }, (_, index) => {
    const uid = `t${index}`
    return { uid, versions: [{ since: START, input: { ...newVersion(uid, random), status: 'published' as const } }] }
  })
  if (heavy) for (const { versions } of rows) weigh(versions[0]?.input.rules ?? [], extras)
  if (crowded) crowd()
  const current = (): TargetInput[] => rows.map(({ versions }) => versions.at(-1)?.input as TargetInput)

  let ids = 0
  let names = 0
  const workers: { worker: Worker; list: () => readonly TargetInput[] }[] = []
  const woken = new Set<string>()
  const breaches: string[] = []
  const hire = async () => {
    const skew = random.chance(0.5) ? random.below(20_000) - 10_000 : 0
    const own: Clock = { now: () => clock.now() + skew, sleep: clock.sleep }
    let list: readonly TargetInput[] = []
    let changed = () => {}
    const worker = createSimulatedWorker({
      name: `w${names++}`,
      store: spoil(await database.connect()),
      targets: {
        load: async () => {
          list = current()
          return list
        },
        watch(callback) {
          changed = callback
          return () => {}
        },
      },
      receivers,
      clock: own,
      random,
      newId: () => `id${++ids}`,
      told,
      woken,
      breached: (problem) => breaches.push(problem),
    })
    told(`${worker.name} starts, skewed by ${skew}`)
    workers.push({ worker, list: () => list })
    reloads.set(worker, () => void changed())
    void worker.pipeline.start()
    await clock.advance(0)
  }
  const reloads = new Map<Worker, () => void>()
  const living = () => workers.filter(({ worker }) => worker.alive)

  await hire()
  if (random.chance(0.6) || stumbling) await hire()
  const moody = random.chance(0.8)
  for (let turn = 0; turn < 60; turn++) {
    await act()
    if (stumbling && extras.chance(0.3)) stumble()
    await clock.advance(random.pick([0, 0, 1, 10, 30, 60, 200, 500, 1000, 5000, 40_000]))
  }
  await heal()
  return {
    seed,
    accepted: publisher.accepted,
    rows,
    receivers,
    store,
    transactions: transactions && database.begin !== null,
    freezes,
    breaches,
    diary,
    close: database.close,
  }

  /** More targets than a worker has slots, most of which fail. */
  function crowd(): void {
    for (let index = rows.length; index < 7; index++) {
      const uid = `t${index}`
      rows.push({ uid, versions: [{ since: START, input: { ...newVersion(uid, extras), status: 'published' as const } }] })
    }
    for (const { versions } of rows)
      if (extras.chance(0.6)) receivers.setMood(versions[0]?.input.url ?? '', extras.pick(BAD_MOODS))
  }

  /** A worker stops amid whatever it does, often for longer than it holds its claims; and another waits for an answer meanwhile. */
  function stumble(): void {
    const some = living()
    if (some.length > 0) extras.pick(some).worker.freeze(extras.below(30_000))
    receivers.setMood(extras.pick(rows).versions.at(-1)?.input.url ?? '', extras.pick(['silent', 'error', 'fine']))
  }

  async function act(): Promise<void> {
    const dice = random.next()
    const some = living()
    if (dice < 0.55) return some.length === 0 ? undefined : publisher.publishBy(random.pick(some))
    if (dice < 0.65 && moody) {
      const { uid, versions } = random.pick(rows)
      const mood = random.pick(MOODS)
      receivers.setMood(versions.at(-1)?.input.url ?? '', mood)
      told(`${uid} is ${mood}`)
      return
    }
    if (dice < 0.72) return edit()
    if (some.length === 0 || dice < 0.76) return hire()
    const { worker } = random.pick(some)
    if (dice < 0.8) return worker.kill()
    if (dice < 0.82 && freezes) return worker.freeze(random.below(60_000))
    if (dice < 0.86) {
      worker.doom = { op: random.pick(DEATHS), when: random.pick(['before', 'after']) }
      told(`${worker.name} will die ${worker.doom.when} ${worker.doom.op}`)
      return
    }
    if (dice < 0.94) {
      told(`${worker.name} reloads`)
      return reloads.get(worker)?.()
    }
    const { uid } = random.pick(rows)
    const wish = random.pick(['wake', 'suspend', 'resume'] as const)
    told(`${worker.name} ${wish} ${uid}`)
    void worker.pipeline[wish](uid).catch(() => {})
  }

  function edit(): void {
    const { uid, versions } = random.pick(rows)
    const last = versions.at(-1)?.input
    if (last === undefined || last.status === 'archived') return
    const next = newVersion(uid, random)
    if (heavy) weigh(next.rules, extras)
    const dice = random.next()
    const input =
      dice < 0.3
        ? { ...last, url: `http://${uid}-${versions.length}.test/` }
        : dice < 0.7
          ? { ...last, rules: next.rules, format: next.format }
          : dice < 0.95
            ? { ...last, status: random.pick(['published', 'draft'] as const) }
            : { ...last, status: 'archived' as const }
    versions.push({ since: clock.now(), input })
    told(`${uid} becomes ${JSON.stringify(input)}`)
    // Some processes hear of it at once, others only when they are told to reload.
    for (const { worker } of living()) if (random.chance(0.5)) reloads.get(worker)?.()
  }

  async function heal(): Promise<void> {
    told('all is healed')
    for (const { worker } of living()) worker.kill()
    await clock.advance(1000)
    for (const { versions } of rows) {
      const last = versions.at(-1)?.input
      if (last !== undefined && last.status === 'draft')
        versions.push({ since: clock.now(), input: { ...last, status: 'published' } })
      for (const { input } of versions) receivers.setMood(input.url, 'fine')
    }
    await hire()
    const { worker } = workers.at(-1) as (typeof workers)[number]
    for (const { uid } of rows) await worker.pipeline.resume(uid)
    const targets = current().flatMap(({ uid, status }) => (status === 'published' ? [uid as string] : []))
    for (let hour = 0; hour < 48; hour++) {
      await clock.advance(hour === 0 ? 60_000 : 3_600_000)
      const { nextDueAt, inbox } = await store.peek({ now: clock.now(), targets })
      if (nextDueAt === null && !inbox) break
    }
    await worker.pipeline.stop()
  }
}
