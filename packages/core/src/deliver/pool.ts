import type { Alarm, AlignedClock } from '../clock.ts'
import { PipelineError } from '../errors.ts'
import type { Clock, Peek, Store } from '../ports.ts'
import type { Loaded } from '../targets.ts'
import type { Teller } from './notify.ts'
import type { Worker } from './worker.ts'

interface Slot {
  /** Until its batch is claimed it may be. */
  failing: boolean
  done: Promise<void>
}

export interface PoolDeps {
  store: Store
  clock: Clock
  time: AlignedClock
  teller: Teller
  worker: Worker
  alarm: Alarm
  /** Attempts that may be in flight at once. */
  concurrency: number
  ready(): Promise<Loaded>
  /** Appends what the inbox holds; not now, if that is going to happen in a moment. */
  inbox: { fold(): Promise<void>; isSoon(): boolean }
  /** Takes notice of what else the store said. */
  peeked(peek: Peek): Promise<void>
}

export interface Pool {
  /** Resolves when `stop` was called and nothing is in flight any more. */
  run(): Promise<void>
  /** Claims no more; what is in flight has `drain` milliseconds, then it is aborted and goes back. */
  stop(drain: number): Promise<void>
}

/** How often an idle process asks whether something is due: others may write to the store. In milliseconds. */
const POLL = 1000

/** Claims that are made side by side: a server answers them in about the time of one, and each takes a connection. */
const CLAIMS = 8

/** How long a stop waits for aborted attempts to be given back, in milliseconds. */
const GIVING_BACK = 2000

/** Keeps `concurrency` slots busy with what is due. Failing targets use at most a quarter of them, so that they never hold up the others. */
export function createPool({ store, clock, time, teller, worker, alarm, concurrency, ready, inbox, peeked }: PoolDeps): Pool {
  const failingSlots = Math.ceil(concurrency / 4)
  const stopping = new AbortController()
  const aborting = new AbortController()
  /** By target; from its claim on. */
  const running = new Map<string, Slot>()
  let claiming = 0
  let loop: Promise<void> | null = null

  /** Starts what is due, as far as there are slots. False: of what was due, nothing is any more. */
  async function fill(loaded: Loaded): Promise<boolean> {
    const limit = Math.min(concurrency - running.size, CLAIMS - claiming)
    if (limit <= 0) return true
    const failing = [...running.values()].filter((slot) => slot.failing).length
    const failingLimit = Math.max(0, failingSlots - failing)
    const uids = await store.due({ now: time.now(), targets: loaded.published, limit, failingLimit })
    for (const uid of uids) if (!running.has(uid) && !stopping.signal.aborted) start(uid, loaded)
    return uids.length > 0 || failingLimit === 0
  }

  /** A claim that has to wait holds up nothing but its own target. */
  function start(uid: string, loaded: Loaded): void {
    const slot: Slot = { failing: true, done: Promise.resolve() }
    running.set(uid, slot)
    slot.done = claimAndRun(uid, loaded, slot).then(
      (sent) => {
        running.delete(uid)
        if (sent) alarm.pull(time.now())
      },
      (error: unknown) => {
        running.delete(uid)
        teller.emit('error', { scope: 'store', error })
      },
    )
  }

  /** False: there was nothing to claim any more. */
  async function claimAndRun(uid: string, loaded: Loaded, slot: Slot): Promise<boolean> {
    claiming += 1
    const batch = await worker.claim(uid, loaded).finally(() => {
      claiming -= 1
    })
    // There may be more that is due, and when the next is, is to be found out.
    if (claiming === 0) alarm.pull(time.now())
    if (batch === null) return false
    slot.failing = batch.state.failures > 0
    await worker.run(batch, loaded, aborting.signal)
    return true
  }

  /** Waits for `work`, but not longer than `ms` milliseconds. */
  async function within(ms: number, work: Promise<void>): Promise<void> {
    const done = new AbortController()
    if (ms > 0) await Promise.race([work, clock.sleep(ms, done.signal)])
    done.abort(null)
  }

  async function turn(): Promise<number> {
    const loaded = await ready()
    const peek = async () => {
      const seen = await store.peek({ now: time.now(), targets: loaded.published })
      await peeked(seen)
      return seen
    }
    let { nextDueAt, inbox: waits } = await peek()
    if (waits && !inbox.isSoon()) {
      await inbox.fold()
      nextDueAt = (await peek()).nextDueAt
    }
    const poll = time.now() + POLL
    if (nextDueAt === null) return poll
    if (nextDueAt > time.now()) return Math.min(nextDueAt, poll)
    // The last claim rings the alarm, and so does each slot that becomes free.
    if (await fill(loaded)) return time.now() + POLL
    // An append has come in between: it has moved the end of a window.
    nextDueAt = (await peek()).nextDueAt
    return Math.min(Math.max(nextDueAt ?? Infinity, time.now() + 1), time.now() + POLL)
  }

  return {
    run() {
      loop ??= (async () => {
        let trouble = 0
        while (!stopping.signal.aborted) {
          try {
            const until = await turn()
            trouble = 0
            await alarm.wait(until, stopping.signal)
          } catch (error) {
            // A list of targets that could not be loaded was told already.
            const told = error instanceof PipelineError && error.code === 'TARGETS_UNAVAILABLE'
            if (!told) teller.emit('error', { scope: 'store', error })
            trouble = Math.min(trouble + 1, 4)
            await clock.sleep(250 * 2 ** trouble, stopping.signal)
          }
        }
      })()
      return loop
    },
    async stop(drain) {
      stopping.abort()
      const ended = async () => {
        await loop
        await Promise.all([...running.values()].map(({ done }) => done))
      }
      await within(drain, ended())
      aborting.abort()
      // What was aborted is given back, unless the store itself does not answer any more.
      await within(GIVING_BACK, ended())
    },
  }
}
