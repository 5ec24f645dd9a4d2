import { kindOf, PipelineError, type Problem } from '../errors.ts'
import type { Change, ChangeInput } from '../types.ts'
import { nearest } from './nearest.ts'

/** What can happen to an item. */
export const EVENTS: readonly ['create', 'update', 'delete'] = ['create', 'update', 'delete']

/** Problems that one error lists; the rest are counted. */
const LISTED = 20

/** The last instant that the calendar of JavaScript has, in milliseconds. */
const LATEST = 8_640_000_000_000_000

// biome-ignore lint/suspicious/noControlCharactersInRegex: a control character would make identities ambiguous.
export const CONTROL: RegExp = /[\u0000-\u001f\u007f]/

/** Validates what a source reports. `now` stands in for a missing timestamp. Throws CHANGE_INVALID, naming the field. */
export function parseChange(input: unknown, now: number, path = 'change'): Change {
  const problems: Problem[] = []
  const change = check(input, now, path, null, problems)
  if (problems.length > 0) throw invalid(problems)
  return change as Change
}

/** As `parseChange`, for one or many; nothing is accepted if one is wrong. */
export function parseChanges(input: unknown, now: number): readonly Change[] {
  if (!Array.isArray(input)) return [parseChange(input, now)]
  const problems: Problem[] = []
  const changes = Array.from(input, (one, index) => check(one, now, 'changes', index, problems))
  if (problems.length > 0) throw invalid(problems)
  return changes as Change[]
}

/** Paths are only made for what is wrong: most changes are right. */
function check(input: unknown, now: number, name: string, index: number | null, problems: Problem[]): Change | null {
  const wrong = (field: string, message: string) =>
    void problems.push({ path: `${name}${index === null ? '' : `[${index}]`}${field}`, message })
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    wrong('', `has to be an object with collection, event and key, not ${kindOf(input)}`)
    return null
  }
  const change = input as ChangeInput
  const before = problems.length
  const { collection, event, key, fields, previous, timestamp } = change
  if (typeof collection !== 'string' || collection === '' || collection.length > 255 || CONTROL.test(collection)) {
    wrong('.collection', `has to be a name of 1 to 255 characters without control characters, not ${kindOfName(collection)}`)
  }
  if (event !== 'create' && event !== 'update' && event !== 'delete') {
    wrong('.event', `has to be 'create', 'update' or 'delete', not ${kindOf(event)}${guess(event)}`)
  }
  if (!((typeof key === 'string' && key !== '') || (typeof key === 'number' && Number.isFinite(key)))) {
    wrong('.key', `has to be the item's primary key, a non-empty string or a finite number, not ${kindOfNumber(key)}`)
  }
  if (fields !== undefined && !isPlain(fields)) wrong('.fields', `has to be an object of field values, not ${kindOf(fields)}`)
  if (previous !== undefined && !isPlain(previous)) {
    wrong('.previous', `has to be an object of old field values (or left out), not ${kindOf(previous)}`)
  }
  if (timestamp !== undefined && !(Number.isInteger(timestamp) && timestamp >= 0 && timestamp <= LATEST)) {
    wrong('.timestamp', `has to be epoch milliseconds, a whole number such as Date.now(), not ${kindOfNumber(timestamp)}`)
  }
  if (problems.length > before) return null
  if (fields !== undefined && timestamp !== undefined) return change as Change
  return { ...change, fields: fields ?? {}, timestamp: timestamp ?? now }
}

/** An object with fields of its own, also of an ORM's class; not an array, a Map or a date, whose values would be lost. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.prototype.toString.call(value) === '[object Object]'
}

function kindOfName(value: unknown): string {
  if (typeof value !== 'string' || value === '') return kindOf(value)
  return value.length > 255 ? `one of ${value.length}` : 'one that holds a control character'
}

function kindOfNumber(value: unknown): string {
  return typeof value === 'number' ? String(value) : kindOf(value)
}

function guess(event: unknown): string {
  const meant = typeof event === 'string' ? nearest(event, EVENTS) : undefined
  return meant === undefined ? '' : `; did you mean '${meant}'?`
}

function invalid(problems: readonly Problem[]): PipelineError {
  const listed = problems.slice(0, LISTED).map(({ path, message }) => `${path} ${message}`)
  const more = problems.length > LISTED ? `; and ${problems.length - LISTED} more` : ''
  return new PipelineError('CHANGE_INVALID', listed.join('; ') + more, { problems })
}

/** JSON text of an object. Throws CHANGE_INVALID naming the field that has none. */
export function toJsonText(fields: Readonly<Record<string, unknown>>, path: string): string {
  try {
    return JSON.stringify(fields)
  } catch (cause) {
    throw unserialisable(fields, path, cause)
  }
}

function unserialisable(fields: Readonly<Record<string, unknown>>, path: string, cause: unknown): PipelineError {
  const problems = Object.keys(fields).flatMap((name) => culprit(fields, name, `${path}.${name}`, []) ?? [])
  if (problems.length > 0) return invalid(problems)
  const message =
    cause instanceof RangeError ? 'is too large, or nested too deeply, to be written as JSON' : 'cannot be written as JSON'
  return invalid([{ path, message }])
}

/** The first value below `holder[name]` that JSON cannot carry, and where it is. Walks as JSON.stringify does, to a depth. */
function culprit(holder: object, name: string, path: string, above: readonly unknown[]): Problem | null {
  let value: unknown
  try {
    value = (holder as Record<string, unknown>)[name]
    const toJSON = (value as { toJSON?: unknown } | null | undefined)?.toJSON
    if (typeof toJSON === 'function') value = toJSON.call(value, name)
  } catch {
    return { path, message: 'cannot be written as JSON: its getter or its toJSON() throws' }
  }
  if (typeof value === 'bigint') return { path, message: 'is a bigint, which JSON cannot carry; pass it as a string' }
  if (typeof value !== 'object' || value === null || above.length === 100) return null
  if (above.includes(value)) return { path, message: 'is cyclic: it holds itself, which JSON cannot carry; pass its key alone' }
  const around = [...above, value]
  for (const member of Object.keys(value)) {
    const found = culprit(value, member, Array.isArray(value) ? `${path}[${member}]` : `${path}.${member}`, around)
    if (found !== null) return found
  }
  return null
}
