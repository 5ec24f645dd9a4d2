/** From the registration of a hook to a runtime, and to its end. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { capture } from './capture/capture.ts'
import type { HookRegister, HostContext } from './host.ts'
import { cacheProblem } from './purge.ts'
import { refuseBadRows } from './rows/refuse.ts'
import { type RuntimeOptions, startRuntime } from './runtime.ts'
import { hideTables } from './schema/hide.ts'
import { readSettings } from './settings.ts'
import { shared } from './shared.ts'

/** Milliseconds for which the start of Directus waits for ours. */
const PATIENCE = 30_000

/** `origin` names the copy of the extension: one that is loaded anew takes the place of the one before, another one stays idle. */
export function wire(register: HookRegister, context: HostContext, options: RuntimeOptions, origin: string): void {
  const { logger } = context
  const state = shared()
  if (state.origin !== null && state.origin !== origin && isThere(state.origin)) {
    logger.error(`unstale: it is installed twice, and only one copy works: that of ${state.origin}; remove the other, ${origin}`)
    return
  }
  state.origin = origin
  const generation = ++state.generation
  const { settings, problems } = readSettings(context.env)
  // Also while it is switched off: its tables are there all the same.
  hideTables(context.env, settings.tablePrefix)
  if (!settings.enabled) return

  capture(register, () => (state.generation === generation ? (state.runtime?.captured ?? null) : null))
  refuseBadRows(register, context)
  register.init('app.after', async () => {
    state.serving = true
    for (const problem of [...problems, cacheProblem(context.env, settings)])
      if (problem !== null) logger.warn(`unstale: ${problem}`)
    await Promise.race([start(), new Promise((resolve) => setTimeout(resolve, PATIENCE).unref())])
  })
  // The database is gone by then: what is left is claimed again when its lease is over.
  register.action('server.stop', () => void state.runtime?.stop(0).catch(() => {}))
  stopWithProcess(context)
  // Loaded anew while the server is up: nobody starts us then, and nobody has stopped the one before.
  if (state.serving) void start()

  async function start(): Promise<void> {
    try {
      const runtime = await startRuntime(context, settings, options)
      if (state.generation !== generation) return void (await runtime?.stop(0))
      // The one before goes on until this one has taken its place: there is no moment in which nobody listens.
      const before = state.runtime
      state.runtime = runtime
      await before?.stop(1000)
    } catch (error) {
      logger.error(`unstale: it could not be started: ${(error as Error).message}`)
    }
  }
}

/** An update from the Marketplace comes in a folder of its own, and takes the one before away without a restart. */
function isThere(origin: string): boolean {
  return !origin.startsWith('file:') || existsSync(fileURLToPath(origin))
}

/** What is in flight has a moment to end while the database is there: Directus closes it before it says `server.stop`. */
function stopWithProcess({ env }: HostContext): void {
  const state = shared()
  if (state.stopsWithProcess) return
  state.stopsWithProcess = true
  const drain = Math.max(100, Math.min(10_000, Number(env['SERVER_SHUTDOWN_TIMEOUT'] ?? 1000)) - 100)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    // Once: Directus sends the signal again to end itself, and a listener that is left would keep it alive.
    process.once(signal, () => void state.runtime?.stop(drain).catch(() => {}))
  }
}
