/** A handler that only hears of an event must not be able to spoil it: Directus answers 500 to a save when one throws at once. */
import { isDirectusError } from './exceptions.ts'
import type { LegacyHandler, Log } from './types.ts'

export interface Handler {
  /** As the module wrote it: the old name, perhaps with `*`. */
  name: string
  handle: LegacyHandler
  log: Log
  /** For events that come without one. */
  database: unknown
}

const call = (handler: Handler, values: readonly unknown[]): unknown => handler.handle(...(values as never[]))

/** Says what went wrong once, with the stack where it was no refusal that the module meant. */
export function complain(handler: Handler, error: unknown): void {
  const line = `toDirectusHook: the handler of "${handler.name}" failed`
  if (isDirectusError(error)) {
    handler.log.warn(`${line}, which cannot undo what has happened: ${String(error.message)}`)
  } else {
    handler.log.error(`${line}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
}

/** Runs it without waiting; whatever it throws or rejects with is said, and goes no further. */
export function tell(handler: Handler, ...values: unknown[]): void {
  void settle(handler, values)
}

/** The same, for those that Directus waits for. */
export async function settle(handler: Handler, values: readonly unknown[]): Promise<void> {
  try {
    await call(handler, values)
  } catch (error) {
    complain(handler, error)
  }
}

/** Runs it and lets it decide: what it throws cancels the event. */
export async function ask(handler: Handler, ...values: unknown[]): Promise<unknown> {
  return await call(handler, values)
}
