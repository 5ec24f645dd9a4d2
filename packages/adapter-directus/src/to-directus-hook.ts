/** Runs a hook module of the old form, unchanged, inside today's Directus. */
import type { Handler } from './legacy-hooks/guard.ts'
import type { Listener } from './legacy-hooks/listener.ts'
import { listenersFor } from './legacy-hooks/names.ts'
import { handlersOf, moduleContext, readModule } from './legacy-hooks/read-module.ts'
import type { LegacyHandler, LegacyHookModule, TodaysHook, TodaysHookContext, TodaysRegister } from './legacy-hooks/types.ts'

/**
 * `export default toDirectusHook(require('./old-hook'))`.
 *
 * Each handler runs once per event. A `.before` handler may change its input, or cancel the event by throwing one of the
 * `exceptions`; any other handler runs afterwards and cannot hurt the event: what it throws is logged.
 */
export function toDirectusHook(module: LegacyHookModule): TodaysHook
/** A module that says for itself what it takes. */
export function toDirectusHook(module: (context: never) => unknown): TodaysHook
export function toDirectusHook(module: unknown): TodaysHook {
  const found = readModule(module)
  return (register, context) => {
    const returned = 'call' in found ? found.call(moduleContext(context)) : found.handlers
    if (!isPromise(returned)) {
      registerAll(returned, register, context)
      return
    }
    // Directus does not wait for a hook, and ends when one rejects.
    void Promise.resolve(returned)
      .then((handlers) => registerAll(handlers, register, context))
      .catch((error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
        context.logger.error(`toDirectusHook: the hook module failed, none of its handlers will run: ${text}`)
      })
  }
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

function registerAll(returned: unknown, register: TodaysRegister, context: TodaysHookContext): void {
  const { logger: log, database } = context
  for (const [name, handle] of handlersOf(returned)) {
    const found = listenersFor(name)
    if ('problem' in found) {
      log.warn(`toDirectusHook: "${name}" ${found.problem} Its handler will not run.`)
    } else if (typeof handle !== 'function') {
      const what = handle === null ? 'null' : typeof handle
      log.warn(`toDirectusHook: the handler of "${name}" is not a function but ${what}, and will not run. Give it a function.`)
    } else {
      const handler = { name, handle: handle as LegacyHandler, log, database }
      for (const listener of found.listeners) listen(listener, handler, register)
    }
  }
}

function listen(listener: Listener, handler: Handler, register: TodaysRegister): void {
  if (listener.on === 'filter') {
    register.filter(listener.event, (payload, meta, now) => listener.run(handler, payload, meta, now))
  } else if (listener.on === 'action') {
    register.action(listener.event, (meta, now) => listener.run(handler, meta, now))
  } else if (listener.on === 'init') {
    register.init(listener.event, (meta) => listener.run(handler, meta))
  } else {
    register.schedule(listener.cron, () => listener.run(handler))
  }
}
