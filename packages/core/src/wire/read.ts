/** One event as a receiver reads it, whichever of the three bodies it came in. */
export interface ReadEvent {
  /** `'*'` where an `ids` body does not say. */
  collection: string
  /** `create`, `update` or `delete`; another name is kept as it is, for the reader to count as ignored. */
  event: string
  /** Primary key; `'*'` stands for every item of the collection. */
  id: string | number
  /** Holds at least `id`. */
  fields: Record<string, unknown>
  /** Epoch milliseconds; an `ids` body has none. */
  timestamp?: number
  /** Old values, where the sender was asked for them. */
  previous?: Record<string, unknown>
  /** The fields were too large to be sent. */
  truncated?: true
  /** The body named the id alone: `event` is assumed, and so is `collection` unless the subscription's filter says it. */
  inferred?: true
}

/** Who was told, of an `ids` body. Nothing but that it is an object has been checked. */
export type ReadSubscription = Readonly<Record<string, unknown>>

export type ReadResult =
  | { ok: true; source: 'batch' | 'single' | 'ids'; events: ReadEvent[]; subscription?: ReadSubscription }
  /** `path` is e.g. `[3].fields.id`; empty: the body itself. `message` never holds content. */
  | { ok: false; path: string; message: string }

type Json = Record<string, unknown>
type Bad = { ok: false; path: string; message: string }

/** Reads the parsed JSON of any of the three bodies. Never throws; looks at own properties only. */
export function readBody(value: unknown): ReadResult {
  if (Array.isArray(value)) {
    const events: ReadEvent[] = []
    for (let at = 0; at < value.length; at++) {
      const event = readEvent(value[at], `[${at}]`)
      if ('ok' in event) return event
      events.push(event)
    }
    return { ok: true, source: 'batch', events }
  }
  if (!isObject(value)) return bad('', 'an array or an object', value)
  if (own(value, 'ids') !== undefined && own(value, 'collection') === undefined) return readIds(value)
  const event = readEvent(value, '')
  return 'ok' in event ? event : { ok: true, source: 'single', events: [event] }
}

function readEvent(value: unknown, path: string): ReadEvent | Bad {
  if (!isObject(value)) return bad(path, OBJECT, value)
  // Paths are made only when something is wrong: a body may hold thousands of events.
  const wrong = (name: string, wanted: string, got: unknown) => bad(path === '' ? name : `${path}.${name}`, wanted, got)
  const collection = own(value, 'collection')
  if (!isName(collection)) return wrong('collection', NAME, collection)
  const event = own(value, 'event')
  if (!isName(event)) return wrong('event', NAME, event)
  const fields = own(value, 'fields')
  if (!isObject(fields)) return wrong('fields', OBJECT, fields)
  const id = own(fields, 'id')
  if (!isId(id)) return wrong('fields.id', ID, id)
  const timestamp = own(value, 'timestamp')
  if (typeof timestamp !== 'number') return wrong('timestamp', 'a number', timestamp)
  const read: ReadEvent = { collection, event, id, fields: plain(fields), timestamp }
  const previous = own(value, 'previous')
  if (previous !== undefined) {
    if (!isObject(previous)) return wrong('previous', OBJECT, previous)
    read.previous = plain(previous)
  }
  if (own(value, 'truncated') === true) read.truncated = true
  return read
}

function readIds(value: Json): ReadResult {
  const ids = own(value, 'ids')
  if (!Array.isArray(ids)) return bad('ids', ARRAY, ids)
  const subscription = own(value, 'subscription')
  if (subscription !== undefined && !isObject(subscription)) return bad('subscription', OBJECT, subscription)
  const items = own(value, 'items') ?? []
  if (!Array.isArray(items)) return bad('items', ARRAY, items)

  const events: ReadEvent[] = []
  const named = new Set<string>()
  for (let at = 0; at < items.length; at++) {
    const item: unknown = items[at]
    const path = `items[${at}]`
    if (!isObject(item)) return bad(path, OBJECT, item)
    const collection = own(item, 'collection')
    if (!isName(collection)) return bad(`${path}.collection`, NAME, collection)
    const id = own(item, 'id')
    if (!isId(id)) return bad(`${path}.id`, ID, id)
    const event = own(item, 'event')
    if (!isName(event)) return bad(`${path}.event`, NAME, event)
    named.add(String(id))
    events.push({ collection, event, id, fields: { id } })
  }
  const filter = subscription && own(subscription, 'filter')
  const collection = typeof filter === 'string' && /^@./.test(filter) ? filter.slice(1) : '*'
  for (let at = 0; at < ids.length; at++) {
    const id: unknown = ids[at]
    if (!isId(id)) return bad(`ids[${at}]`, ID, id)
    if (!named.has(String(id))) events.push({ collection, event: 'update', id, fields: { id }, inferred: true })
  }
  return { ok: true, source: 'ids', events, ...(subscription && { subscription: plain(subscription) }) }
}

const ARRAY = 'an array'
const OBJECT = 'an object'
const NAME = 'a string that is not empty'
const ID = 'a string that is not empty, or a number'

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const isName = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isId = (value: unknown): value is string | number => isName(value) || Number.isFinite(value)
const own = (value: Json, name: string): unknown => (Object.hasOwn(value, name) ? value[name] : undefined)

/** Without `__proto__`: `JSON.parse` makes an own property of it, which the next `Object.assign` would obey. */
function plain(value: Json): Json {
  return Object.hasOwn(value, '__proto__')
    ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== '__proto__'))
    : value
}

function bad(path: string, wanted: string, got: unknown): Bad {
  return { ok: false, path, message: `${path || 'the body'} must be ${wanted}, but is ${whatIs(got)}` }
}

function whatIs(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === '') return 'an empty string'
  if (Array.isArray(value)) return ARRAY
  return value === null ? 'null' : typeof value === 'object' ? OBJECT : `a ${typeof value}`
}
