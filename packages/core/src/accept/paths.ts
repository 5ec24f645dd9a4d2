/** Fields by name or by dotted path, in states whose absent fields are unknown. Only own properties count. */

export const UNKNOWN: unique symbol = Symbol('unknown')

/**
 * A related item whose key and fields are both known is `{ [KEY]: 7, name: 'Ada' }`: `author` is 7, and `author.name` is Ada.
 * No field has that name.
 */
export const KEY = '\u0000key'

/** What is at the end of a path: of related items, their keys. */
const plain: End = (value) => atEnd(value, (item) => item[KEY])

/** Of related items the keys alone, as they stand beside their fields. */
const own: End = (value) => atEnd(value, (item) => ({ [KEY]: item[KEY] }))

type End = (value: unknown) => unknown

/** The value itself, unless there are related items in it. */
function atEnd(value: unknown, of: (item: { [KEY]: unknown }) => unknown): unknown {
  if (Array.isArray(value)) return value.some(hasKey) ? value.map((member) => atEnd(member, of)) : value
  return hasKey(value) ? of(value) : value
}

function hasKey(value: unknown): value is { [KEY]: unknown } {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, KEY)
}

type State = Readonly<Record<string, unknown>>

/**
 * The value at a path. UNKNOWN where it, or anything on the way, is absent; null where the way ends in null. A property
 * that has the whole path as its name wins. Arrays on the way answer the values of all their members, flattened.
 */
export function valueAt(state: State, path: string): unknown {
  if (Object.hasOwn(state, path)) return known(state[path])
  const dot = path.indexOf('.')
  if (dot < 0) return UNKNOWN
  const head = path.slice(0, dot)
  return Object.hasOwn(state, head) ? within(state[head], path.slice(dot + 1)) : UNKNOWN
}

function within(value: unknown, path: string): unknown {
  if (value === undefined) return UNKNOWN
  if (value === null) return null
  if (Array.isArray(value)) {
    const found = value.map((member) => within(member, path)).filter((member) => member !== UNKNOWN)
    return found.length === 0 && value.length > 0 ? UNKNOWN : found.flat()
  }
  return typeof value === 'object' ? valueAt(value as State, path) : UNKNOWN
}

const known = (value: unknown): unknown => (value === undefined ? UNKNOWN : plain(value))

/**
 * Whether a value at the path passes: of several on the way through arrays any will do, and one that is unknown might.
 * An array at the end of the path is one value.
 */
export function someAt(
  state: State,
  path: string,
  passes: (value: unknown, now: number) => boolean,
  now: number,
): true | false | undefined {
  if (Object.hasOwn(state, path)) return state[path] === undefined ? undefined : passes(plain(state[path]), now)
  const dot = path.indexOf('.')
  if (dot < 0) return undefined
  const head = path.slice(0, dot)
  return Object.hasOwn(state, head) ? someWithin(state[head], path.slice(dot + 1), passes, now) : undefined
}

function someWithin(value: unknown, path: string, passes: (value: unknown, now: number) => boolean, now: number) {
  if (value === null) return passes(null, now)
  if (typeof value !== 'object') return undefined
  if (!Array.isArray(value)) return someAt(value as State, path, passes, now)
  let result: true | false | undefined = false
  for (const member of value) {
    const one = someWithin(member, path, passes, now)
    if (one === true) return true
    if (one === undefined) result = undefined
  }
  return result
}

/**
 * The fields at the given paths, in their order; unknown ones are left out, dotted ones come out nested, `'*'` takes all
 * (`author.*` all of the author). They are added to `picked`. `whole`: related items keep their key beside their fields.
 */
export function pickPaths(
  state: State,
  paths: readonly string[],
  picked: Record<string, unknown> = {},
  { whole = false }: { whole?: boolean } = {},
): Record<string, unknown> {
  const end = whole ? own : plain
  for (const path of paths) {
    if (path === '*' || !Object.hasOwn(state, path)) pickInto(picked, state, path, end)
    else pickEnd(picked, path, state[path], end)
  }
  return picked
}

/** What was taken of a related item is more than its key. */
function pickEnd(picked: Record<string, unknown>, name: string, value: unknown, end: End): void {
  const taken = Object.hasOwn(picked, name) ? picked[name] : undefined
  const ended = end(value)
  if (Object.is(ended, value) || typeof taken !== 'object' || taken === null) define(picked, name, ended)
  else if (end === own) define(picked, name, joined(taken, ended))
}

function joined(taken: unknown, keys: unknown): unknown {
  if (Array.isArray(keys)) return keys.map((key, index) => joined(Array.isArray(taken) ? taken[index] : undefined, key))
  return { ...(taken as object), ...(keys as object) }
}

function pickInto(picked: Record<string, unknown>, state: State, path: string, end: End): void {
  if (path === '*') {
    for (const [name, value] of Object.entries(state)) if (name !== KEY) pickEnd(picked, name, value, end)
    return
  }
  const dot = path.indexOf('.')
  const head = dot < 0 ? path : path.slice(0, dot)
  if (!Object.hasOwn(state, head) || state[head] === undefined) return
  const taken = Object.hasOwn(picked, head) ? picked[head] : undefined
  if (dot < 0) pickEnd(picked, head, state[head], end)
  else define(picked, head, nested(taken, state[head], path.slice(dot + 1), end))
}

/** What of `value` a path names, joined with what earlier paths have taken of it. */
function nested(taken: unknown, value: unknown, path: string, end: End): unknown {
  if (Array.isArray(value)) {
    return value.map((member, index) => nested(Array.isArray(taken) ? taken[index] : undefined, member, path, end))
  }
  if (typeof value !== 'object' || value === null) return value
  const into = typeof taken === 'object' && taken !== null ? { ...taken } : {}
  pickInto(into, value as State, path, end)
  return into
}

/** An own property, also where the name is `__proto__`. What JSON leaves out is left out here: undefined, and functions. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  else object[name] = value
}
