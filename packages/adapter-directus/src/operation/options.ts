import type { FlushOptions } from '../runtime.ts'

/** The options of the operation as a Flow gives them: chosen in the form, or the value of a `{{ … }}`. */
export function readOptions({ target, collection, keys }: Record<string, unknown>): FlushOptions {
  const targets = readTargets(target).map(String)
  const name = readCollection(collection)
  const wanted = readKeys(keys)
  if (wanted.length > 0 && name === undefined) {
    throw new Error('The option "Items" needs a collection: choose one in the option "Collection", or empty "Items".')
  }
  return {
    ...(targets.length > 0 ? { targets: [...new Set(targets)] } : {}),
    ...(name === undefined ? {} : { collection: name }),
    ...(wanted.length > 0 ? { keys: wanted } : {}),
  }
}

const TARGET_FIX = 'give the id of a target, or nothing for all published targets'
const KEYS_FIX = 'give primary keys, such as {{ $trigger.keys }}, or nothing for the whole collection'

/** An id; what the picker stores (`{ key, collection }`); a row (`{ id, … }`); several of these. */
function readTargets(value: unknown): (string | number)[] {
  return list(value).flatMap((each) => {
    if (isObject(each)) {
      const id = each['key'] ?? each['id'] ?? undefined
      // The picker without a choice.
      if (id === undefined && each['key'] === null) return []
      return [key(id ?? each, 'Target', TARGET_FIX)]
    }
    return [key(each, 'Target', TARGET_FIX)]
  })
}

function readKeys(value: unknown): (string | number)[] {
  return list(value).map((each) => key(each, 'Items', KEYS_FIX))
}

function readCollection(value: unknown): string | undefined {
  if (isEmpty(value)) return undefined
  if (typeof value === 'string') return value.trim()
  throw new Error(
    `The option "Collection" is ${kind(value)}: give the name of one collection, such as {{ $trigger.collection }}.`,
  )
}

/** One value, an array (of arrays: a `{{ … }}` within a list gives one), JSON text or text with commas, without what is empty. */
function list(value: unknown): unknown[] {
  if (isEmpty(value)) return []
  if (Array.isArray(value)) return value.flatMap(list)
  if (typeof value !== 'string') return [value]
  const text = value.trim()
  if (text.startsWith('[') || text.startsWith('{')) {
    const parsed = parse(text)
    if (parsed !== undefined) return list(parsed)
  }
  return text.split(',').flatMap((part) => (isEmpty(part) ? [] : [part.trim()]))
}

function key(value: unknown, option: string, fix: string): string | number {
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return value
  if (typeof value === 'bigint') return String(value)
  throw new Error(`The option "${option}" holds ${kind(value)}: ${fix}.`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A Flow makes the text `undefined` of a `{{ … }}` that leads nowhere. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && ['', 'undefined', 'null'].includes(value.trim()))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kind(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'boolean' ? `the value ${value}` : `a ${typeof value}`
}
