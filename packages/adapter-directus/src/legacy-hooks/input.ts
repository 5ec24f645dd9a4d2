/**
 * The input of a `.before` handler, and what the handler made of it.
 *
 * Two forms of it are about. The documented one hands a new item over in an array (`input[0].title`) and keys as they are;
 * later versions handed over the item itself (`input.title`), and the context in place of the keys (`context.item`). A module
 * is of the one form or the other, and does not say which: the inputs here answer to both.
 */
import type { LegacyEventContext } from './types.ts'

type Payload = Record<PropertyKey, unknown>

const isPayload = (value: unknown): value is Payload => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What a module does with the array itself; a field of any other name, such as `sort`, is more likely meant than the method. */
const OF_THE_LIST: ReadonlySet<string> = new Set('length constructor map forEach filter find some every reduce'.split(' '))

/** Promises and JSON ask anything for these two, and an index is never a field. */
const writesItem = (list: unknown[], key: PropertyKey): key is string =>
  isPayload(list[0]) && typeof key === 'string' && !/^(\d+|length|then|toJSON)$/.test(key)

const readsItem = (list: unknown[], key: PropertyKey): key is string =>
  writesItem(list, key) && (key in list ? !OF_THE_LIST.has(key) && Object.hasOwn(list[0] as Payload, key) : true)

/** An array of one payload that lets its fields be read and written as if it were the payload. */
export function listOfOne(payload: unknown): unknown[] {
  const item = (list: unknown[]): Payload => list[0] as Payload
  return new Proxy([payload], {
    get: (list, key) => (readsItem(list, key) ? item(list)[key] : Reflect.get(list, key)),
    set: (list, key, value) => Reflect.set(writesItem(list, key) ? item(list) : list, key, value),
    has: (list, key) => Reflect.has(list, key) || (readsItem(list, key) && Reflect.has(item(list), key)),
    deleteProperty: (list, key) => Reflect.deleteProperty(writesItem(list, key) ? item(list) : list, key),
    getOwnPropertyDescriptor: (list, key) => {
      const found = Reflect.getOwnPropertyDescriptor(readsItem(list, key) ? item(list) : list, key)
      return found && (key === 'length' ? found : { ...found, configurable: true })
    },
  })
}

/** A copy of a list from which the fields of its context can be read as well. */
export function withContext(list: readonly unknown[], context: LegacyEventContext): unknown[] {
  const both = [...list]
  for (const [key, value] of Object.entries(context))
    Object.defineProperty(both, key, { value, configurable: true, writable: true })
  return both
}

/** Nothing: the handler gave back what cannot be an input. */
export type Changed = { input: unknown } | undefined

/** For a new item: an array of one payload, or the payload. `{ ...input, more }` has spread the array, hence the key `0`. */
export function changedItem(input: unknown[], result: unknown = input): Changed {
  if (Array.isArray(result)) return result.length === 1 && isPayload(result[0]) ? { input: result[0] } : undefined
  if (!isPayload(result)) return undefined
  const { 0: spread, ...fields } = result
  return { input: isPayload(spread) ? { ...spread, ...fields } : result }
}

export function changedPayload(payload: unknown, result: unknown): Changed {
  if (result === undefined) return { input: payload }
  if (Array.isArray(result)) return result.length === 1 && isPayload(result[0]) ? { input: result[0] } : undefined
  return isPayload(result) ? { input: result } : undefined
}

/**
 * Keys may become fewer. They never become others: an `async (context) => service.deleteMany(children)` returns keys too, and
 * those are of the children.
 */
export function changedKeys(asked: readonly unknown[], input: unknown[], result: unknown): Changed {
  const keys: unknown[] = Array.isArray(result) ? [...result] : [...input]
  const known = new Set(asked.map(String))
  return keys.every((key) => known.has(String(key))) ? { input: keys } : undefined
}
