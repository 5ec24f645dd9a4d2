/** Hooks in the order in which they were registered, and how they are called. */
import type { Log } from '../../deliver/notify.ts'
import type { Clock } from '../../ports.ts'
import { hookExceptions } from './exceptions.ts'
import type { HookContext } from './types.ts'
import { matches } from './vocabulary.ts'

export interface Registration {
  phase: 'before' | 'after'
  pattern: string
  hook: (...values: never[]) => unknown
  /** For events that come without one: that of its module. */
  database: unknown
}

export interface Registry {
  /** Returns how to take it back. */
  add(registration: Registration): () => void
  /** The before-hooks of an event. */
  asked(event: string): readonly Registration[]
  /** Calls a before-hook. Rejects with what it throws, or ServiceUnavailableException if it takes too long. */
  ask(registration: Registration, input: unknown, context: HookContext): Promise<unknown>
  /** Calls the after-hooks of an event, side by side; resolves when all have ended, and never rejects. */
  tell(event: string, context: HookContext): Promise<void>
  /** Calls one that hears; what it throws is logged. */
  hear(registration: Registration, context: HookContext): Promise<void>
  /** Whether it ends within `timeout`. */
  inTime(told: Promise<void>): Promise<boolean>
  /** Waits for after-hooks that run, up to `ms` milliseconds; true: none is left. */
  ended(ms: number): Promise<boolean>
}

export function createRegistry({ clock, logger, timeout }: { clock: Clock; logger: Log; timeout: number }): Registry {
  const registrations = new Set<Registration>()
  const running = new Set<Promise<void>>()

  const of = (phase: Registration['phase'], event: string) =>
    [...registrations].filter((one) => one.phase === phase && matches(one.pattern, event))

  async function hear({ pattern, hook, database }: Registration, context: HookContext): Promise<void> {
    const call = async (): Promise<void> => {
      try {
        await hook(contextFor(context, database) as never)
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
        logger.error(`unstale: the hook "${pattern}" failed, which cannot undo ${context.event}: ${text}`)
      }
    }
    const run = call()
    running.add(run)
    try {
      await run
    } finally {
      running.delete(run)
    }
  }

  return {
    add(registration) {
      registrations.add(registration)
      return () => void registrations.delete(registration)
    },
    asked: (event) => of('before', event),
    async ask({ pattern, hook, database }, input, context) {
      const call = async (): Promise<unknown> => hook(input as never, contextFor(context, database) as never)
      const answer = await within(call(), timeout, clock)
      if (answer !== LATE) return answer
      const { ServiceUnavailableException } = hookExceptions
      throw new ServiceUnavailableException(
        `${context.event}: the before-hook "${pattern}" did not end within ${timeout} ms, so the event is cancelled`,
      )
    },
    async tell(event, context) {
      await Promise.all(of('after', event).map((one) => hear(one, context)))
    },
    hear,
    inTime: async (told) => (await within(told, timeout, clock)) !== LATE,
    ended: async (ms) => running.size === 0 || (await within(Promise.all(running), ms, clock)) !== LATE,
  }
}

/** A context of its own: what one hook does to it, the next does not see. */
function contextFor(context: HookContext, database: unknown): HookContext {
  return database === undefined || context.database !== undefined ? { ...context } : { ...context, database }
}

const LATE = Symbol('late')

/** What it resolves to, or LATE after so many milliseconds; then nobody hears of it any more. */
async function within<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T | typeof LATE> {
  const over = new AbortController()
  try {
    return await Promise.race([work, clock.sleep(ms, over.signal).then((): typeof LATE => LATE)])
  } finally {
    over.abort()
  }
}
