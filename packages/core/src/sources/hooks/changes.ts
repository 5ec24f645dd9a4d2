/** From an event and what its mutation did to the changes that are published. */
import { kindOf, PipelineError } from '../../errors.ts'
import type { ChangeEvent, ChangeInput, ItemKey } from '../../types.ts'
import { isRow, keyOf, listOf, type Row } from './input.ts'
import type { HookEvent } from './types.ts'
import { SECRET_FIELDS, UNTOLD_COLLECTIONS } from './untold.ts'
import { isSystemScope } from './vocabulary.ts'

const EVENTS: readonly ChangeEvent[] = ['create', 'update', 'delete']

export interface Subject {
  collection: string | undefined
  /** What the event does to the collection; null: nothing. */
  event: ChangeEvent | null
}

/** Throws CHANGE_INVALID where `items` has no collection, or the collection is no name. */
export function subjectOf(name: string, { scope, action, collection, item }: HookEvent): Subject {
  // A file that is there already is replaced.
  const upload = item === undefined ? 'create' : 'update'
  const event = scope === 'files' && action === 'upload' ? upload : (EVENTS.find((one) => one === action) ?? null)
  const needed = scope === 'items' && event !== null
  if (collection === undefined ? needed : typeof collection !== 'string' || collection === '') {
    throw new PipelineError('CHANGE_INVALID', `${name}: collection has to be the name of a collection, not ${kindOf(collection)}`)
  }
  if (collection !== undefined) return { collection, event }
  if (isSystemScope(scope)) return { collection: `directus_${scope}`, event }
  return { collection: event === null ? undefined : scope, event }
}

export function mayPublish(scope: string, collection: string): boolean {
  return !UNTOLD_COLLECTIONS.has(collection) && !UNTOLD_COLLECTIONS.has(`directus_${scope}`) && !collection.startsWith('unstale_')
}

/** Keys of what is updated: those of `item`, else of the payload itself. CHANGE_INVALID, as a value, if there are none. */
export function keysOf(name: string, { item, payload, primaryKey = 'id' }: HookEvent): readonly ItemKey[] | PipelineError {
  const given = item === undefined ? listOf(payload).map((row) => (isRow(row) ? row[primaryKey] : undefined)) : listOf(item)
  const keys = given.map(keyOf)
  if (keys.every((key) => key !== undefined)) return keys
  const looked = item === undefined ? `there is no item, and no "${primaryKey}" in the payload` : `item is ${kindOf(item)}`
  const message = `${name}: the key of what is updated is not known: ${looked}. Give item: its key, or an array of keys`
  return new PipelineError('CHANGE_INVALID', message)
}

export interface Happened {
  name: string
  event: ChangeEvent
  collection: string
  primaryKey: string
  /** What went in, one for each item; for update one may stand for all. Null: not known. */
  inputs: readonly Row[] | null
  /** Of what was there before; for create those that the caller knows. */
  keys: readonly ItemKey[]
  result: unknown
  previous: HookEvent['previous']
}

/** CHANGE_INVALID, as a value, where the key of something created is not known. */
export function changesOf(happened: Happened): ChangeInput[] | PipelineError {
  const { event, collection, primaryKey, keys, result } = happened
  // The key goes by the name of `id` whatever its field is called.
  const hidden = new Set([...(SECRET_FIELDS.get(collection) ?? []), ...(primaryKey === 'id' ? ['id'] : [])])
  const shown = (row: Row): Row => {
    const visible = Object.entries(fieldsOf(row)).filter(([field]) => !hidden.has(field))
    return Object.fromEntries(visible.map(([field, value]) => [field, typeof value === 'bigint' ? String(value) : value]))
  }
  if (event === 'create') return created(happened, shown)

  const written = byKey(result, primaryKey)
  const inputs = happened.inputs ?? []
  const given = byKey(inputs, primaryKey)
  const shared = inputs.length === 1 ? inputs[0] : undefined
  const ordered = inputs.length === keys.length && given.size === 0
  const previous = previousBy(happened)
  return keys.map((key, index) => {
    const input = event === 'update' ? (given.get(String(key)) ?? shared ?? (ordered ? inputs[index] : undefined)) : undefined
    const before = previous(key, index)
    const fields = shown(written.get(String(key)) ?? input ?? {})
    return { collection, event, key, fields, ...(before !== undefined && { previous: shown(before) }) }
  })
}

function created(happened: Happened, shown: (row: Row) => Row): ChangeInput[] | PipelineError {
  const { name, collection, primaryKey, inputs, keys, result } = happened
  const returned = result === undefined || result === null ? [] : listOf(result)
  const count = inputs?.length ?? Math.max(1, returned.length)
  const changes: ChangeInput[] = []
  for (let index = 0; index < count; index++) {
    // One key for several items (of the first, or the last) does not tell the others.
    const one = returned.length === count ? returned[index] : undefined
    const found = keyOf(isRow(one) ? one[primaryKey] : one)
    const input = inputs?.[index] ?? {}
    const key = found ?? (keys.length === count ? keys[index] : undefined) ?? keyOf(input[primaryKey])
    if (key === undefined) {
      const what = Array.isArray(result) ? `an array of ${result.length}` : kindOf(result)
      const looked = `the mutation returned ${what} for ${count} created, and neither that, item nor the payload has a key in "${primaryKey}"`
      const fix = 'return the created rows or their keys from the mutation, or name the field of the key in primaryKey'
      return new PipelineError(
        'CHANGE_INVALID',
        `${name}: what was created in "${collection}" has no known key: ${looked}: ${fix}`,
      )
    }
    // A row that is its key alone (`returning('id')`) says nothing of the rest.
    const row = found !== undefined && isRow(one) && saysMore(one, primaryKey) ? one : input
    changes.push({ collection, event: 'create', key, fields: shown(row) })
  }
  return changes
}

function saysMore(row: Row, primaryKey: string): boolean {
  return Object.keys(fieldsOf(row)).some((field) => field !== primaryKey)
}

/** Rows that say more than their key. */
function byKey(rows: unknown, primaryKey: string): ReadonlyMap<string, Row> {
  const found = new Map<string, Row>()
  for (const row of listOf(rows)) {
    const key = isRow(row) ? keyOf(row[primaryKey]) : undefined
    if (isRow(row) && key !== undefined && saysMore(row, primaryKey)) found.set(String(key), row)
  }
  return found
}

/** Models of an ORM say by `toJSON` what their fields are. */
function fieldsOf(row: Row): Row {
  const { toJSON } = row as { toJSON?: unknown }
  const fields: unknown = typeof toJSON === 'function' ? toJSON.call(row) : row
  return isRow(fields) ? fields : {}
}

function previousBy({ previous, primaryKey, keys }: Happened): (key: ItemKey, index: number) => Row | undefined {
  if (previous instanceof Map) {
    return (key) => {
      const row: unknown = previous.get(key) ?? previous.get(String(key))
      return isRow(row) ? row : undefined
    }
  }
  const rows = previous === undefined ? [] : listOf(previous).filter(isRow)
  const known = byKey(rows, primaryKey)
  // Without keys of their own they are told by their order.
  const ordered = rows.length === keys.length && rows.every((row) => keyOf(row[primaryKey]) === undefined)
  return (key, index) => (ordered ? rows[index] : known.get(String(key)))
}
