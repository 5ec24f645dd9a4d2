/** One event of today that a handler of the old form listens to, and how the handler is called for it. */
import type { Handler } from './guard.ts'
import type { LegacyEventContext, TodaysEventContext } from './types.ts'

export type Meta = Readonly<Record<string, unknown>>

export type Listener =
  | { on: 'filter'; event: string; run(handler: Handler, payload: unknown, meta: Meta, now: TodaysEventContext): unknown }
  | { on: 'action'; event: string; run(handler: Handler, meta: Meta, now: TodaysEventContext): void }
  | { on: 'init'; event: string; run(handler: Handler, meta: Meta): unknown }
  | { on: 'schedule'; cron: string; run(handler: Handler): unknown }

/** `event` is the old name; of what Directus says, the rest is passed on. */
export function contextOf(event: string, more: Meta, now: Partial<TodaysEventContext>, handler: Handler): LegacyEventContext {
  const { accountability = null, schema = null, database = handler.database } = now
  return { ...more, event, accountability, schema, database }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
