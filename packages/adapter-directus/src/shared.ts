/** One for a process, however often the extension is loaded: a reload makes all its modules anew, and tells the old ones nothing. */
import type { Runtime } from './runtime.ts'

export interface Shared {
  /** Which copy of the extension is at work. */
  origin: string | null
  /** Whether the server is up: commands of the CLI load extensions, too, and no server ever starts. */
  serving: boolean
  runtime: Runtime | null
  /** Counts registrations: the last one counts. */
  generation: number
  stopsWithProcess: boolean
}

const NAME = Symbol.for('unstale.directus')

export function shared(): Shared {
  const holder = globalThis as { [NAME]?: Shared }
  holder[NAME] ??= { origin: null, serving: false, runtime: null, generation: 0, stopsWithProcess: false }
  return holder[NAME]
}

/** Throws while nothing runs. */
export function current(): Runtime {
  const { runtime } = shared()
  if (runtime === null) throw new Error('Unstale is not running: it is still starting, or has said in the log why it cannot')
  return runtime
}
