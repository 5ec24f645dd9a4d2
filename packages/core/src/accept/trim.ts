import { MAX_BODY } from '../batch/window.ts'
import type { Change, TrimmedChange } from '../types.ts'
import { toJsonText } from './change.ts'
import { pickPaths, UNKNOWN, valueAt } from './paths.ts'

export type State = Readonly<Record<string, unknown>>

/** What a target may see of a change: which state, which of its fields, and which old values. */
export interface View {
  shows: 'after' | 'before' | 'key'
  payload: readonly string[]
  /** Named fields of the state before. */
  previous: readonly string[]
  /** What the filters read, kept beside the payload for a test under later rules. */
  filtered: readonly string[]
}

const NOTHING: State = {}

/** The states that a change leads from and to. An absent field is unknown; `null`: the item did not exist. */
export function statesOf(change: Change): { before: State | null; after: State | null } {
  if (change.event === 'create') return { before: null, after: change.fields }
  if (change.event === 'update') return { before: change.previous ?? NOTHING, after: change.fields }
  const last = change.previous === undefined ? change.fields : { ...change.previous, ...change.fields }
  return { before: last, after: null }
}

/** Keeps of a change what one target may see and later rules may ask, as JSON text. */
export function trim(change: Change, before: State | null, after: State | null, view: View): TrimmedChange {
  const shown = view.shows === 'after' ? after : view.shows === 'before' ? before : null
  const trimmed: TrimmedChange = {
    collection: change.collection,
    event: change.event,
    key: change.key,
    timestamp: change.timestamp,
    fields: fieldsText(change, shown, view.payload),
  }
  if (view.shows === 'key') {
    trimmed.shows = 'key'
    return trimmed
  }
  if (view.shows === 'before' && change.event !== 'delete') trimmed.shows = 'before'
  if (view.previous.length > 0 && before !== null) {
    const previous = replaced(before, after, view.previous)
    if (previous !== undefined) trimmed.previous = previous
  }
  if (view.filtered.length > 0) {
    const hidden = hiddenText(before, view.shows === 'after' ? after : null, view)
    // What is left out is unknown to a later test, and unknown matches.
    if (hidden !== undefined && hidden.length <= MAX_BODY) trimmed.hidden = hidden
  }
  if (trimmed.fields.length + (trimmed.previous?.length ?? 0) > MAX_BODY) return truncate(trimmed)
  return trimmed
}

/** The key alone: for what may match, but of which nothing may be shown. */
export function keyAlone(change: TrimmedChange): TrimmedChange {
  const { collection, event, key, timestamp } = change
  return { collection, event, key, timestamp, fields: idText(key), shows: 'key' }
}

/** The change that a trimmed one still knows of; what was not kept is unknown. */
export function untrim(trimmed: TrimmedChange): Change {
  const { collection, event, key, timestamp } = trimmed
  if (trimmed.shows === 'key') return { collection, event, key, timestamp, fields: {} }
  const hidden = trimmed.hidden === undefined ? {} : (JSON.parse(trimmed.hidden) as { before?: State; after?: State })
  const shown = JSON.parse(trimmed.fields) as State
  const old = trimmed.previous === undefined ? {} : (JSON.parse(trimmed.previous) as State)
  if (event === 'delete') return { collection, event, key, timestamp, fields: { ...hidden.before, ...old, ...shown } }
  if (trimmed.shows === 'before') {
    return { collection, event, key, timestamp, fields: {}, previous: { ...hidden.before, ...old, ...shown } }
  }
  const fields = { ...hidden.after, ...shown }
  return event === 'create'
    ? { collection, event, key, timestamp, fields }
    : { collection, event, key, timestamp, fields, previous: { ...hidden.before, ...old } }
}

function idText(key: Change['key']): string {
  return typeof key === 'number' ? `{"id":${key}}` : `{"id":${JSON.stringify(key)}}`
}

function fieldsText(change: Change, state: State | null, payload: readonly string[]): string {
  if (state === null || payload.length === 0) return idText(change.key)
  const picked = pickPaths(state, payload, { id: change.key })
  // The key comes first and wins over a field of that name: it is the primary key, whatever that is called.
  picked['id'] = change.key
  return toJsonText(picked, 'change.fields')
}

/** The named old values, if this change replaced or deleted one of them. Null was no address, so nothing is lost with it. */
function replaced(before: State, after: State | null, names: readonly string[]): string | undefined {
  const isReplaced = (name: string): boolean => {
    const old = valueAt(before, name)
    return old !== UNKNOWN && old !== null && (after === null || !same(name, old, valueAt(after, name)))
  }
  return names.some(isReplaced) ? toJsonText(pickPaths(before, names), 'change.previous') : undefined
}

function same(name: string, one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (other === UNKNOWN || typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  return toJsonText({ [name]: one }, 'change.previous') === toJsonText({ [name]: other }, 'change.fields')
}

function hiddenText(before: State | null, after: State | null, view: View): string | undefined {
  const hidden: { before?: State; after?: State } = {}
  // What goes out as payload anyway needs no second copy.
  const beside = view.payload.includes('*') ? [] : view.filtered.filter((path) => !view.payload.includes(path))
  if (before !== null && Object.keys(before).length > 0) {
    const paths = view.shows === 'before' ? beside : view.filtered
    if (paths.length > 0) hidden.before = byPath(before, paths)
  }
  if (after !== null && beside.length > 0) hidden.after = byPath(after, beside)
  if (hidden.before === undefined && hidden.after === undefined) return undefined
  return toJsonText(hidden as Record<string, unknown>, 'change')
}

/** Known values under their whole paths, so that they stand beside the fields they belong to when a state is put together again. */
function byPath(state: State, paths: readonly string[]): State {
  return Object.fromEntries(paths.map((path) => [path, valueAt(state, path)]).filter(([, value]) => value !== UNKNOWN))
}

function truncate(trimmed: TrimmedChange): TrimmedChange {
  const { previous, hidden: _hidden, ...kept } = trimmed
  const small = previous !== undefined && previous.length <= MAX_BODY / 4
  return { ...kept, fields: idText(trimmed.key), ...(small ? { previous } : undefined), truncated: true }
}
