import type { Clock } from './ports.ts'

/** The machine's own time. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const done = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        // setTimeout fires at once for anything above 2^31 - 1.
        const timer = setTimeout(done, Math.min(Math.max(0, ms), 2_147_483_647))
        signal?.addEventListener('abort', done, { once: true })
      }),
  }
}

/** A clock aligned to the one that all processes on a store share. */
export interface AlignedClock {
  now(): number
  /** Never earlier than the last stamp, so that of two changes the later reported is the newer. */
  stamp(): number
  /** Reads the store's clock. */
  align(): Promise<void>
}

export function alignedClock(clock: Clock, time: () => Promise<number>): AlignedClock {
  let offset = 0
  let last = Number.NEGATIVE_INFINITY
  const now = () => Math.round(clock.now() + offset)
  return {
    now,
    stamp() {
      last = Math.max(last, now())
      return last
    },
    async align() {
      const asked = clock.now()
      const theirs = await time()
      // The answer was true about half-way between question and receipt.
      offset = theirs - (asked + clock.now()) / 2
    },
  }
}

/** Sleeps until an instant that others may bring forward. */
export interface Alarm {
  /** Nobody needs to sleep longer than until `at`. */
  pull(at: number): void
  /** Resolves at `until`, at the earliest instant pulled to since the last wait, or when `signal` aborts. */
  wait(until: number, signal: AbortSignal): Promise<void>
}

export function createAlarm(now: () => number, sleep: Clock['sleep']): Alarm {
  let pulled = Number.POSITIVE_INFINITY
  let sleeping: { until: number; wake: AbortController } | null = null
  return {
    pull(at) {
      if (at >= pulled) return
      pulled = at
      if (sleeping !== null && at < sleeping.until) sleeping.wake.abort(null)
    },
    async wait(until, signal) {
      while (!signal.aborted) {
        const at = Math.min(until, pulled)
        const rest = at - now()
        if (rest <= 0) break
        const wake = new AbortController()
        const stop = () => wake.abort(null)
        signal.addEventListener('abort', stop, { once: true })
        sleeping = { until: at, wake }
        await sleep(rest, wake.signal)
        sleeping = null
        signal.removeEventListener('abort', stop)
      }
      pulled = Number.POSITIVE_INFINITY
    },
  }
}
