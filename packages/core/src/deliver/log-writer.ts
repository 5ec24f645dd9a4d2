import { PipelineError } from '../errors.ts'
import type { Clock, DeliveryLog, Notifier } from '../ports.ts'
import { waitingOutcomes } from './waiting-outcomes.ts'

/** Writes outcomes to the delivery log, aside from the delivery: it never slows or fails one. */
export interface LogWriter extends Notifier {
  /** Removes from the log what is too old or too much; it does so after a write once a minute, too. */
  tidy(): void
  /** Writes at once what waits. What was not written after `within` milliseconds is dropped. */
  drain(within: number): Promise<void>
}

export interface LogWriterDeps {
  log: DeliveryLog
  clock: Clock
  /** The clock by which outcomes are stamped. */
  now(): number
  /** Told once when it fails or cannot keep up, and once, with their number, if outcomes were dropped until that was over. */
  tell(error: unknown): void
}

/** Milliseconds for which a group may gather. */
const GATHERING = 500
/** After a write it rests for three times as long as that took: the database has more important things to do. */
const REST = { least: 20, times: 3, most: 30_000 }
const MINUTE = 60_000

export function createLogWriter({ log, clock, now, tell }: LogWriterDeps): LogWriter {
  const waiting = waitingOutcomes()
  /** Outcomes in the write that is under way. */
  let flying = 0
  let working: Promise<void> | null = null
  let givenUp = new AbortController()
  let draining = new AbortController()
  let gathered = new AbortController()
  let rest = 0
  let failures = 0
  let pruning = false
  let pruneFailed = false
  let pruneAt = Number.NEGATIVE_INFINITY
  let troubled = false
  let dropped = 0

  /** One write at a time, until nothing waits. Never rejects. */
  async function work(over: AbortSignal): Promise<void> {
    while (goesOn()) {
      await pause()
      await write(over)
      if (over.aborted) return
      if (failures === 0) await prune(over)
      if (over.aborted) return
    }
    working = null
  }

  function goesOn(): boolean {
    if (draining.signal.aborted) return waiting.size() > 0 && failures === 0
    return waiting.size() > 0 || pruning
  }

  async function pause(): Promise<void> {
    if (rest > 0) await clock.sleep(rest, draining.signal)
    if (draining.signal.aborted || failures > 0 || pruning || waiting.isGroup()) return
    gathered = new AbortController()
    await clock.sleep(GATHERING, gathered.signal)
  }

  async function write(over: AbortSignal): Promise<void> {
    const group = waiting.take()
    if (group.length === 0) return
    flying = group.length
    const began = clock.now()
    try {
      await log.add(group)
      if (over.aborted) return
      failures = 0
      rest = Math.min(Math.max((clock.now() - began) * REST.times, REST.least), REST.most)
      if (waiting.size() === 0 && !pruneFailed) tellDropped()
    } catch (error) {
      if (over.aborted) return
      failures += 1
      rest = Math.min(GATHERING * 2 ** failures, REST.most)
      dropped += waiting.putBack(group)
      trouble(error)
    }
    flying = 0
  }

  async function prune(over: AbortSignal): Promise<void> {
    pruning ||= now() >= pruneAt
    if (!pruning || draining.signal.aborted) return
    try {
      pruning = await log.prune(now())
      pruneFailed = false
    } catch (error) {
      pruning = false
      pruneFailed = true
      if (!over.aborted) trouble(error)
    }
    if (!pruning) pruneAt = now() + MINUTE
  }

  function trouble(error: unknown): void {
    if (!troubled) tell(error)
    troubled = true
  }

  function tellDropped(): void {
    if (dropped > 0) tell(failed(`${dropped} attempts were not recorded in the delivery log, which could not be written in time`))
    troubled = false
    dropped = 0
  }

  return {
    notify(event) {
      if (event.type !== 'outcome') return
      const over = waiting.add(event.outcome)
      if (over > 0) trouble(failed('the delivery log cannot keep up: the oldest attempts that wait to be recorded are dropped'))
      dropped += over
      if (waiting.isGroup()) gathered.abort()
      working ??= work(givenUp.signal)
    },

    tidy() {
      pruning = true
      working ??= work(givenUp.signal)
    },

    async drain(within) {
      if (working === null) return
      failures = 0
      draining.abort()
      gathered.abort()
      const done = new AbortController()
      await Promise.race([working, clock.sleep(within, done.signal)])
      done.abort(null)
      // A log that hangs is not waited for; should the pipeline be started again, so is this.
      givenUp.abort()
      givenUp = new AbortController()
      draining = new AbortController()
      working = null
      pruning = false
      dropped += waiting.clear() + flying
      flying = 0
      tellDropped()
    },
  }
}

function failed(message: string): PipelineError {
  return new PipelineError('STORE_FAILED', message)
}
