/**
 * The three bodies, as text. Field values arrive as JSON text and are joined, never parsed; the key order is part of the
 * format.
 */

/** One event on its way out. */
export interface WireEvent {
  collection: string
  event: 'create' | 'update' | 'delete'
  /** Primary key; `'*'` stands for every item of the collection. */
  key: string | number
  /** JSON object text, `id` first. */
  fields: string
  /** Epoch milliseconds. */
  timestamp: number
  /** JSON object text: old values. */
  previous?: string
  /** The fields were too large and were left out. */
  truncated?: true
}

/** Who is told, as an `ids` body says it. */
export interface WireSubscription {
  name: string
  id: string | number
  key: string
  /** Sent without userinfo, whatever it holds. */
  url: string
  /** The filter as its subscriber wrote it; left out when undefined. */
  filter?: unknown
}

/** `[{"collection","event","fields","timestamp"[,"previous"][,"truncated"]}, …]` */
export function toBatchBody(events: readonly WireEvent[]): string {
  let name: string | undefined
  let text = ''
  const bodies = events.map((event) => {
    if (event.collection !== name) {
      name = event.collection
      text = JSON.stringify(name)
    }
    return toBody(event, text)
  })
  return `[${bodies.join(',')}]`
}

/** `{"collection","event","fields","timestamp"[,"previous"][,"truncated"]}` */
export function toSingleBody(event: WireEvent): string {
  return toBody(event, JSON.stringify(event.collection))
}

function toBody({ event, fields, timestamp, previous, truncated }: WireEvent, collection: string): string {
  return (
    `{"collection":${collection},"event":"${event}","fields":${fields},"timestamp":${timestamp}` +
    `${previous === undefined ? '' : `,"previous":${previous}`}${truncated ? ',"truncated":true' : ''}}`
  )
}

/**
 * `{"ids":[…],"subscription":{"name","id","key","url"[,"filter"]}[,"items":[{"collection","id","event"}, …]]}`
 *
 * Each id is there once (`1` and `'1'` are one), in the order of its first event. `items` says which items are meant
 * where `ids` alone cannot: with several collections, or a whole one (`'*'`, which is never an id); an item with several
 * events is there once, with the last of them.
 */
export function toIdsBody(events: readonly WireEvent[], subscription: WireSubscription): string {
  const ids = new Map<string, string>()
  const items = new Map<string, string>()
  const collections = new Set<string>()
  let whole = false
  for (const { collection, key, event } of events) {
    const id = typeof key === 'number' ? String(key) : JSON.stringify(key)
    const name = JSON.stringify(collection)
    const same = String(key)
    collections.add(collection)
    items.set(`${name} ${same}`, `{"collection":${name},"id":${id},"event":"${event}"}`)
    if (key === '*') whole = true
    else if (!ids.has(same)) ids.set(same, id)
  }
  const { name, id, key, url, filter } = subscription
  const told = JSON.stringify({ name, id, key, url: withoutUserinfo(url), filter })
  const which = whole || collections.size > 1 ? `,"items":[${[...items.values()].join(',')}]` : ''
  return `{"ids":[${[...ids.values()].join(',')}],"subscription":${told}${which}}`
}

/** The url without `user:password@`. Takes any text: what an url parser skips (white space, further slashes) is skipped too. */
export function withoutUserinfo(url: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: url parsers drop these, so they could hide an `@` from us.
  let text = url.replace(/[\u0000-\u001f]/g, '').trim()
  for (;;) {
    const scheme = /^(?:(?:https?|wss?|ftp):[/\\]*|[a-z][a-z0-9+.-]*:[/\\]{2,}|[/\\]{2,})/i.exec(text)?.[0] ?? ''
    const rest = text.slice(scheme.length)
    const end = rest.search(/[/\\?#]/)
    const at = (end < 0 ? rest : rest.slice(0, end)).lastIndexOf('@')
    if (at < 0) return text
    // Of junk, what is left may be read anew: `http:@/a:b@c`.
    text = scheme + rest.slice(at + 1)
  }
}
