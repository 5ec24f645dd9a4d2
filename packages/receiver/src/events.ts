import { fail } from './errors.ts'
import type { FlushEvent } from './types.ts'

// biome-ignore lint/suspicious/noExplicitAny: parsed JSON; every property is checked before it is used.
type Json = any

/** Makes one list of any of the three bodies: `[event, …]`, one event, or `{ ids, subscription?, items? }`. */
export function readEvents(body: Json, now: number): FlushEvent[] {
  if (!Array.isArray(body?.ids)) return [body].flat().map(readEvent)
  const collection = /^@(.+)/.exec(body.subscription?.filter)?.[1] ?? '*'
  const inferred = (id: Json) => ({ collection, event: 'update', id, inferred: true })
  const items = body.items?.length ? body.items : body.ids.map(inferred)
  return [items].flat().map((item, at) => readEvent({ ...item, fields: { id: item?.id }, timestamp: now }, at))
}

/** What every event has; text is never empty. */
const KINDS: Record<string, string> = { collection: 'string', event: 'string', id: 'string or number', timestamp: 'number' }

/** Properties that are not known here are handed on. */
function readEvent(item: Json, at: number): FlushEvent {
  const event = { ...item, id: item?.fields?.id }
  for (const name in KINDS) {
    const kind = KINDS[name] as string
    if (event[name] === '' || !kind.includes(typeof event[name])) fail(400, 'BODY_INVALID', `[${at}].${name} is no ${kind}`)
  }
  return event
}
