/**
 * Entries as text. One change of an entry is a *state*: a head of numbers and words with a `;` after each, and then the
 * texts whose lengths the head gives. Lua reads only its first four: instant, lengths of `previous` and `fields`, collection.
 */
import { createHash } from 'node:crypto'
import type { BatchEntry, ChangeEvent, Entry, TrimmedChange } from '../../types.ts'

/** Stands between texts that are sent as one. */
export const BETWEEN = '\u0002'

/** Whether it can be sent as it is: half of a character is no UTF-8. */
function isPlain(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed() && !text.includes(BETWEEN)
}

/** What is not plain is sent as JSON, behind a mark. No two texts become one. */
export function toSafe(text: string): string {
  return text.charCodeAt(0) !== 1 && isPlain(text) ? text : `\u0001${JSON.stringify(text)}`
}

export function fromSafe(text: string): string {
  return text.charCodeAt(0) === 1 ? (JSON.parse(text.slice(1)) as string) : text
}

/** A script that is given anything else might fail in its middle. */
export function instant(at: number): string {
  if (!Number.isFinite(at)) throw new TypeError(`an instant is a number of milliseconds, not ${at}`)
  return String(at)
}

/** What is longer, as an identity with long old values may be, is named by its hash. */
const LONG = 200

export function nameOf(identity: string): string {
  // An empty text stands for none.
  if (identity.length <= LONG) return identity === '' ? '\u0001""' : toSafe(identity)
  return `\u0001#${createHash('sha256').update(toSafe(identity)).digest('base64url')}`
}

/** Words that come again and again: collections and revisions. In a head they hold no `;`. */
const written = new Map<string, string>()
const read = new Map<string, string>()

function toWord(text: string): string {
  let word = written.get(text)
  if (word === undefined) {
    if (written.size >= 10_000) written.clear()
    word = JSON.stringify(text).slice(1, -1).replaceAll(';', '\\u003b')
    written.set(text, word)
  }
  return word
}

function fromWord(word: string): string {
  let text = read.get(word)
  if (text === undefined) {
    if (read.size >= 10_000) read.clear()
    text = JSON.parse(`"${word}"`) as string
    // Not the word itself: it would keep all of the text that it was cut from.
    read.set(toWord(text), text)
  }
  return text
}

const EVENTS: Record<string, ChangeEvent> = { c: 'create', u: 'update', d: 'delete' }

/**
 * The event, and what else is to be said: k, the key is a number; b and o, what it `shows`; t, it is truncated; p and h,
 * there are `previous` and `hidden`. Then i, item and identity follow; j, everything is JSON.
 */
function marksOf({ event, key, shows, truncated, previous, hidden }: TrimmedChange): string {
  let marks = event.charAt(0)
  if (typeof key === 'number') marks += 'k'
  if (shows !== undefined) marks += shows === 'before' ? 'b' : 'o'
  if (truncated) marks += 't'
  if (previous !== undefined) marks += 'p'
  if (hidden !== undefined) marks += 'h'
  return marks
}

export function toState({ item, identity, change, revision, at }: Entry): string {
  const { collection, key, timestamp, fields, previous = '', hidden = '' } = change
  if (typeof key !== 'string' && typeof key !== 'number') throw new TypeError(`a key is no ${typeof key}`)
  const name = String(key)
  const plain = `${collection}\u0000${name}`
  const named = item === plain && identity === (change.previous === undefined ? item : `\u0000${previous}\u0000${item}`)
  const names = named ? '' : JSON.stringify([item, identity])
  const marks = named ? marksOf(change) : `${marksOf(change)}i`
  const stamp = timestamp === at ? '' : timestamp
  const head = `${at};${previous.length};${fields.length};${toWord(collection)};${toWord(revision)};`
  const body = `${name}${fields}${previous}${hidden}${names}`
  if (isPlain(body)) return `${head}${marks};${stamp};${name.length};${hidden.length};${names.length};${body}`
  const json = JSON.stringify([name, fields, previous, hidden, names])
  return `${head}${marks}j;${stamp};0;0;${json.length};${json}`
}

interface State {
  at: number
  item: string
  identity: string
  change: TrimmedChange
  revision: string
  /** Where in the text it ends. */
  end: number
}

function fromState(text: string, from: number): State {
  let place = from
  const next = (): string => {
    const end = text.indexOf(';', place)
    const word = text.slice(place, end)
    place = end + 1
    return word
  }
  const cut = (length: number): string => text.slice(place, (place += length))
  const at = Number(next())
  const lengths = [Number(next()), Number(next())] as const
  const collection = fromWord(next())
  const revision = fromWord(next())
  const marks = next()
  const stamp = next()
  const [nameLength, hiddenLength, namesLength] = [Number(next()), Number(next()), Number(next())]
  const [name, fields, previous, hidden, names] = marks.endsWith('j')
    ? (JSON.parse(cut(namesLength)) as [string, string, string, string, string])
    : [cut(nameLength), cut(lengths[1]), cut(lengths[0]), cut(hiddenLength), cut(namesLength)]
  const change: TrimmedChange = {
    collection,
    event: EVENTS[marks.charAt(0)] as ChangeEvent,
    key: marks.includes('k') ? Number(name) : name,
    timestamp: stamp === '' ? at : Number(stamp),
    fields,
  }
  let [item, identity] = [`${collection}\u0000${name}`, '']
  if (marks.includes('p')) change.previous = previous
  if (marks.includes('i')) [item, identity] = JSON.parse(names) as [string, string]
  else identity = change.previous === undefined ? item : `\u0000${previous}\u0000${item}`
  if (marks.includes('h')) change.hidden = hidden
  if (marks.includes('b')) change.shows = 'before'
  if (marks.includes('o')) change.shows = 'key'
  if (marks.includes('t')) change.truncated = true
  return { at, item, identity, change, revision, end: place }
}

/** An entry as Lua keeps it (lua/entries.ts), each with its own newest state. */
export function toBatchEntry(text: string): BatchEntry {
  if (text.charCodeAt(0) !== 43) {
    const { at, item, identity, change, revision } = fromState(text, 0)
    return { item, identity, first: change, last: change, revision, appendedAt: at, lastAt: at }
  }
  const head = /^\+(.*?);.*?;(.*?);.*?;(.*?);/.exec(text)
  if (head === null) throw new Error('an entry is not as it was written')
  const [all, refusedIn, appendedAt, size] = head
  const first = fromState(text, all.length)
  const last = size === '=' ? first : fromState(text, first.end)
  const { item, identity } = first
  const entry = {
    item,
    identity,
    first: first.change,
    last: last.change,
    revision: last.revision,
    appendedAt: Number(appendedAt),
    lastAt: last.at,
  }
  return refusedIn === '0' ? entry : { ...entry, refusedIn: Number(refusedIn) }
}
