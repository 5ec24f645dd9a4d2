import type { Clock } from '../ports.ts'

export interface VirtualClock extends Clock {
  /** Moves time forward by `ms` milliseconds, waking each sleeper at its instant and letting it act before time goes on. */
  advance(ms: number): Promise<void>
  /** The instants at which somebody wakes, soonest first. */
  sleepers(): readonly number[]
}

/**
 * Time that stands still unless a test moves it. `busy` answers what goes on outside of it (an answer of a real database
 * that somebody waits for), or null: time waits for that, too.
 */
export function virtualClock(startAt = 0, { busy = () => null }: { busy?: () => Promise<unknown> | null } = {}): VirtualClock {
  let now = startAt
  let order = 0
  const sleeping = new Map<number, { at: number; wake: () => void }>()
  /** Lets everything that is ready to go on do so: a macrotask runs after all microtasks. */
  async function settled(): Promise<void> {
    for (;;) {
      for (let round = 0; round < 3; round++) await new Promise<void>((resolve) => setImmediate(resolve))
      const work = busy()
      if (work === null) return
      await work
    }
  }
  const soonest = () => [...sleeping].sort(([m, a], [n, b]) => a.at - b.at || m - n)[0]

  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const id = order++
        const wake = () => {
          sleeping.delete(id)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        sleeping.set(id, { at: now + Math.max(0, ms), wake })
        signal?.addEventListener('abort', wake, { once: true })
      }),
    async advance(ms) {
      const until = now + ms
      await settled()
      for (let next = soonest(); next !== undefined && next[1].at <= until; next = soonest()) {
        now = Math.max(now, next[1].at)
        next[1].wake()
        await settled()
      }
      now = until
      await settled()
    },
    sleepers: () => [...sleeping.values()].map(({ at }) => at).sort((a, b) => a - b),
  }
}
