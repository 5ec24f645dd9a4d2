import { systemClock } from '../../clock.ts'
import { kindOf, PipelineError } from '../../errors.ts'
import { readStatement } from './cron.ts'
import { handlersOf } from './read-module.ts'
import { createRegistry } from './registry.ts'
import { createRun } from './run.ts'
import { createSchedule } from './schedule.ts'
import type { Hooks, HooksOptions } from './types.ts'
import { type Asked, likely, readBefore, readEvent, readName, readOn } from './vocabulary.ts'

export { type HookException, type HookExceptionClass, type HookExceptions, hookExceptions } from './exceptions.ts'
export type {
  AfterHook,
  BeforeHook,
  HookContext,
  HookEvent,
  HookInput,
  HookModule,
  HookModuleContext,
  Hooks,
  HooksOptions,
} from './types.ts'

/**
 * Hooks around what your application does: before an event they may change its input or refuse it, after it they hear of it,
 * and a change is published only if it happened. Throws CONFIG_INVALID.
 */
export function createHooks(options: HooksOptions = {}): Hooks {
  const problems = problemsOf(options)
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', `createHooks: ${problems.join('; ')}`)
  const { publish, logger = console, clock = systemClock(), timeout = 30_000 } = options
  const registry = createRegistry({ clock, logger, timeout })
  const schedule = createSchedule({ clock, logger })
  const warned = new Set<string>()

  /** Names of one's own are allowed, so that a misspelt one is no error. */
  function heed(event: string): void {
    const guess = likely(event)
    if (guess === undefined || warned.has(event)) return
    warned.add(event)
    logger.warn(`unstale: nothing that is known is called "${event}": did you mean "${guess}"?`)
  }

  /** How to register a hook, or why it cannot be. */
  function plan(asked: Asked, name: string, hook: unknown, database?: unknown): (() => () => void) | { problem: string } {
    if ('problem' in asked) return { problem: `"${name}" ${asked.problem}` }
    if (typeof hook !== 'function') return { problem: `the hook of "${name}" has to be a function, not ${kindOf(hook)}` }
    const called = { hook: hook as (...values: never[]) => unknown, database }
    if (asked.phase === 'cron') {
      const due = readStatement(asked.statement, clock.now())
      if ('problem' in due) return { problem: `"${name}" ${due.problem}` }
      const registration = { ...called, phase: 'after', pattern: name } as const
      const context = { event: name, accountability: null, schema: null }
      return () => schedule.add(name, due, () => registry.hear(registration, context))
    }
    return () => {
      heed(asked.pattern)
      return registry.add({ ...called, ...asked })
    }
  }

  function register(method: string, asked: Asked, name: string, hook: unknown): () => void {
    const planned = plan(asked, name, hook)
    if ('problem' in planned) throw new PipelineError('CONFIG_INVALID', `${method}: ${planned.problem}`)
    return planned()
  }

  return {
    before: (event: string, hook: unknown) => register('before', readBefore(event), event, hook),
    on: (event: string, hook: unknown) => register('on', readOn(event), event, hook),
    run: createRun({ publish, registry, heed }),
    async emit(event, context = {}) {
      heed(readEvent('emit', event))
      const told = registry.tell(event, { accountability: null, schema: null, ...context, event })
      if (!(await registry.inTime(told))) logger.warn(`unstale: hooks of ${event} have not ended within ${timeout} ms`)
    },
    async registerHook(module, context = {}) {
      const handlers = await handlersOf(module, context, logger)
      const planned = handlers.map(([name, hook]) => plan(readName(name), name, hook, context.database))
      const wrong = planned.flatMap((one, index) =>
        'problem' in one ? [{ path: String(handlers[index]?.[0]), message: one.problem }] : [],
      )
      if (wrong.length > 0) {
        const message = `registerHook: ${wrong.map((problem) => problem.message).join('; ')}`
        throw new PipelineError('CONFIG_INVALID', message, { problems: wrong })
      }
      const offs = planned.map((one) => ('problem' in one ? () => {} : one()))
      return () => {
        for (const off of offs) off()
      }
    },
    start: schedule.start,
    async stop({ drain = 5000 } = {}) {
      schedule.stop()
      if (!(await registry.ended(drain)))
        logger.warn(`unstale: hooks have not ended within ${drain} ms, and are left to themselves`)
    },
  }
}

function problemsOf(options: HooksOptions): string[] {
  if (typeof options !== 'object' || options === null) return [`takes an object of options, not ${kindOf(options)}`]
  const { publish, logger, clock, timeout } = options
  const problems: string[] = []
  if (publish !== undefined && typeof publish !== 'function')
    problems.push(`publish has to be a function, such as pipeline.publish, not ${kindOf(publish)}`)
  if (logger !== undefined && typeof (logger as { error?: unknown } | null)?.error !== 'function')
    problems.push(`logger has to have info(), warn() and error(), as console does, not be ${kindOf(logger)}`)
  if (clock !== undefined && typeof (clock as { sleep?: unknown } | null)?.sleep !== 'function')
    problems.push(`clock has to have now() and sleep(), not be ${kindOf(clock)}`)
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0 && timeout <= 2_147_483_647))
    problems.push('timeout has to be above 0, and at most 2147483647 (milliseconds)')
  return problems
}
