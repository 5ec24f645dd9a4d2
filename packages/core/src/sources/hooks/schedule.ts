import type { Log } from '../../deliver/notify.ts'
import type { Clock } from '../../ports.ts'
import type { Due } from './cron.ts'

export interface Schedule {
  /** Has `run` called whenever it is due, between `start` and `stop`; returns how to take it back. `run` never rejects. */
  add(name: string, due: Due, run: () => Promise<void>): () => void
  start(): void
  /** Nothing is called any more; what runs goes on. */
  stop(): void
}

interface Job {
  name: string
  due: Due
  run: () => Promise<void>
  /** Its last run has not ended. */
  busy: boolean
  /** Ends its loop; null while the schedule does not run. */
  timer: AbortController | null
}

/** Jobs side by side, none of them overlapping itself. */
export function createSchedule({ clock, logger }: { clock: Clock; logger: Log }): Schedule {
  const jobs = new Set<Job>()
  let started = false

  function begin(job: Job): void {
    job.timer = new AbortController()
    loop(job, job.timer.signal).catch((error: unknown) =>
      logger.error(`unstale: ${job.name} will not run again: ${String(error)}`),
    )
  }

  function end(job: Job): void {
    job.timer?.abort()
    job.timer = null
  }

  async function loop(job: Job, signal: AbortSignal): Promise<void> {
    const { name, due } = job
    for (let at = due.next(clock.now()); at !== null; at = due.next(Math.max(at, clock.now()))) {
      // A timer may be early, and does not reach further than 25 days.
      for (let rest = at - clock.now(); rest > 0 && !signal.aborted; rest = at - clock.now()) await clock.sleep(rest, signal)
      if (signal.aborted) return
      if (job.busy) {
        logger.warn(`unstale: ${name} is due, and left out: its last run has not ended`)
        continue
      }
      job.busy = true
      void job.run().finally(() => {
        job.busy = false
      })
    }
  }

  return {
    add(name, due, run) {
      const job: Job = { name, due, run, busy: false, timer: null }
      jobs.add(job)
      if (started) begin(job)
      return () => {
        jobs.delete(job)
        end(job)
      }
    },
    start() {
      if (started) return
      started = true
      for (const job of jobs) begin(job)
    },
    stop() {
      started = false
      for (const job of jobs) end(job)
    },
  }
}
