/** What before-hooks are given of an event, and what they may make of it. */
import { kindOf, PipelineError } from '../../errors.ts'
import type { ItemKey } from '../../types.ts'
import type { HookEvent } from './types.ts'

export type Row = Readonly<Record<string, unknown>>

/** `value` goes from hook to hook. `alone`: the mutation gets its only member. */
export type Input =
  | { kind: 'items'; value: readonly Row[]; alone: boolean }
  | { kind: 'keys'; value: readonly ItemKey[]; alone: boolean; asked: ReadonlySet<string> }
  | { kind: 'payload'; value: unknown }

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A key as changes have it; undefined if it is none. Drivers give large ones as a bigint. */
export function keyOf(value: unknown): ItemKey | undefined {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? [...value] : [value]
}

/** Throws CHANGE_INVALID, naming the property. */
export function inputOf(name: string, { action, payload, item }: HookEvent): Input {
  const invalid = (message: string) => new PipelineError('CHANGE_INVALID', `${name}: ${message}`)
  if (action === 'create') {
    const value = listOf(payload)
    if (value.every(isRow)) return { kind: 'items', value, alone: !Array.isArray(payload) }
    throw invalid(`payload has to be the new item, or an array of new items, not ${kindOf(payload)}`)
  }
  if (action !== 'delete') return { kind: 'payload', value: payload }
  const value = listOf(item).map(keyOf)
  if (!value.every((key) => key !== undefined)) {
    throw invalid(`item has to be the key of what is deleted, or an array of keys, not ${kindOf(item)}`)
  }
  return { kind: 'keys', value, alone: !Array.isArray(item), asked: new Set(value.map(String)) }
}

/** In the form in which it was given. */
export function formOf(input: Input): unknown {
  return input.kind !== 'payload' && input.alone ? input.value[0] : input.value
}

/**
 * The input after a hook; undefined returned: what the hook left of it. Throws CHANGE_INVALID, naming the hook by its
 * `pattern`, for what cannot be an input.
 */
export function nextInput(input: Input, returned: unknown, name: string, pattern: string): Input {
  const next = returned === undefined ? input.value : returned
  const wrong = (found: string, expected: string): PipelineError => {
    const hook = `${name}: the before-hook "${pattern}" ${returned === undefined ? 'made' : 'returned'} ${found}`
    return new PipelineError(
      'CHANGE_INVALID',
      `${hook}, and the input has to be ${expected}. Return the changed input, or nothing`,
    )
  }
  if (input.kind === 'items') return { ...input, value: items(input.alone, input.value.length, next, wrong) }
  if (input.kind === 'keys') return { ...input, value: keys(input, next, wrong) }
  return { kind: 'payload', value: payload(input.value, next, wrong) }
}

type Wrong = (found: string, expected: string) => PipelineError

function items(alone: boolean, before: number, next: unknown, wrong: Wrong): readonly Row[] {
  const value = Array.isArray(next) ? next : [next]
  if (!value.every(isRow)) {
    const found = Array.isArray(next) ? `an array that holds ${kindOf(value.find((one) => !isRow(one)))}` : kindOf(next)
    throw wrong(found, 'an array of items')
  }
  // One item for several is more likely a mistake than meant; an array may be longer or shorter.
  const expected = alone ? 1 : Array.isArray(next) ? value.length : before
  if (value.length !== expected) throw wrong(counted(value.length), `an array of ${counted(expected)}`)
  return value
}

function counted(items: number): string {
  return items === 1 ? 'one item' : `${items} items`
}

/** Keys may become fewer. They never become others: what returns keys of its own by accident must not delete those. */
function keys(input: Extract<Input, { kind: 'keys' }>, next: unknown, wrong: Wrong): readonly ItemKey[] {
  const value = listOf(next).map(keyOf)
  const known = value.filter((key) => key !== undefined && input.asked.has(String(key))) as ItemKey[]
  if (known.length < value.length) throw wrong(`${kindOf(next)} with other than the given keys`, 'some of the given keys')
  if (input.alone && known.length !== 1) throw wrong('no key', 'the given key; to cancel, throw')
  return known
}

function payload(before: unknown, next: unknown, wrong: Wrong): unknown {
  if (before === undefined) return next
  // One form of hooks hands an item over, and so returns it, in an array.
  const value: unknown = isRow(before) && Array.isArray(next) && next.length === 1 ? next[0] : next
  if (sortOf(value) !== sortOf(before)) throw wrong(kindOf(next), kindOf(before))
  return value
}

function sortOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}
