/**
 * How appends are noted. An append that had to lock the lanes of its targets would wait for workers and for other
 * publishers, and on a server be six round trips. So it is one INSERT into the table of arrivals, and durable with that;
 * whoever looks for what is due first takes the arrivals into the pending sets, oldest first, one process at a time, many at
 * once. Nothing can be stranded between the two: what has arrived is seen by every `peek`.
 */
import { randomUUID } from 'node:crypto'
import { PipelineError } from '../../errors.ts'
import type { AppendResult } from '../../ports.ts'
import type { Entry, TrimmedChange } from '../../types.ts'
import { NOTHING } from '../append-queue.ts'
import { appendAll } from './append.ts'
import type { Dialect, List } from './dialect.ts'
import { insert, type Row, removeById, type Session, select, selectIn } from './rows.ts'
import type { Tables } from './tables.ts'
import type { Calls } from './transact.ts'

export interface Arrivals {
  append(appends: readonly (readonly Entry[])[]): Promise<readonly AppendResult[] | null>
  /** The same as a part of a transaction. */
  note(session: Session, entries: readonly Entry[]): Promise<void>
  /** Takes in what this process has noted, if anything; with `all`, what others have noted, too. */
  takeIn(all?: 'all'): Promise<void>
  /** What overflowed as others' arrivals were taken in, once. */
  overflow(): AppendResult | null
}

/** Rows that one transaction looks at, and how many entries one of another process counts for. */
const ROWS = 60
const OTHERS = 50
/** Portions that one call takes in at most. */
const PORTIONS = 20
/** The most entries and characters of a row. */
const NOTED = 500
const BODY = 400_000
/** Characters of one entry: two of its states have to fit into what a server takes at once. A pipeline trims far below. */
const LARGEST = 2_000_000
/** Entries that were noted by this process and not taken in: from so many on it does that itself, in the background… */
const UNTAKEN = 5_000
/** …and does nothing else before it has. */
const TOO_MANY = 20_000

/** What is undone of a taking in was not told to anybody. */
const RELAXED = { relaxed: true }

export function arrivalsOf({ dialect, tables }: { dialect: Dialect; tables: Tables }, { read, write }: Calls): Arrivals {
  /** Entries noted since the last taking in began. */
  let untaken = 0
  /** Entries by the source of their row. */
  const own = new Map<string, readonly Entry[]>()
  let remembered = 0
  /** At most so many are pending for a target, as far as this process knows. */
  const known = new Map<string, number>()
  const overflowed = new Map<string, number>()
  const collapsible = new Map<string, readonly string[]>()
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  function learnt(target: string, pending: number): void {
    if (known.size >= 200_000 && !known.has(target)) known.clear()
    known.set(target, pending)
  }

  /** Whether one of the targets may come to hold more than it may. Others publish, too: what they make overflow is noticed when it is taken in. */
  function mayOverflow(entries: readonly Entry[]): boolean {
    let may = false
    for (const { target, maxPending } of entries) {
      const count = (known.get(target) ?? Infinity) + 1
      learnt(target, count)
      if (count > Math.max(maxPending / 2, maxPending - 5_000)) may = true
    }
    return may
  }

  async function insertNotes({ db }: Pick<Session, 'db'>, parts: readonly Part[]): Promise<void> {
    const rows = parts.map(({ source, body }) => [source, body])
    for (const { source, entries } of parts) remember(source, entries)
    await insert({ db, dialect: { ...dialect, atOnce: null } }, tables.arrivals, { source: 'text', body: 'text' }, rows)
    for (const { entries } of parts) untaken += entries.length
  }

  /** What this process has noted itself it need not read again. */
  function remember(source: string, entries: readonly Entry[]): void {
    own.set(source, entries)
    remembered += entries.length
    for (const [oldest, { length }] of own) {
      if (remembered <= 2 * TOO_MANY) break
      own.delete(oldest)
      remembered -= length
    }
  }

  async function entriesOf(session: Session, rows: readonly Row[]): Promise<Entry[]> {
    // Looked up once: what is remembered may be gone after the next statement.
    const found = rows.map(({ id, source }) => ({ id: Number(id), entries: own.get(String(source)) }))
    const unknown = found.filter(({ entries }) => entries === undefined).map(({ id }) => id)
    const bodies = new Map<number, string>()
    const sql = ({ has }: List) => `SELECT id, body FROM ${tables.arrivals} WHERE ${has('id')}`
    for (const { id, body } of await selectIn(session, unknown, sql)) bodies.set(Number(id), String(body))
    return found.flatMap(({ id, entries }) => entries ?? (JSON.parse(bodies.get(id) ?? '') as Note[]).map(toEntry))
  }

  /** One portion, in a transaction. */
  async function takePortion(session: Session): Promise<{ rows: readonly Row[]; more: boolean; result: AppendResult }> {
    const oldest = `SELECT id, source FROM ${tables.arrivals}${dialect.by('PRIMARY')} ORDER BY id LIMIT ${ROWS}${dialect.forUpdate}`
    const all = await select(session, oldest)
    if (all.length === 0) return { rows: [], more: false, result: NOTHING }
    let sum = 0
    const rows = all.filter(({ source }, place) => {
      sum += own.get(String(source))?.length ?? OTHERS
      return place === 0 || sum <= dialect.portion
    })
    const entries = await entriesOf(session, rows)
    // Not "up to the last": one with a lower number may be about to commit.
    await removeById(
      session,
      tables.arrivals,
      rows.map(({ id }) => Number(id)),
    )
    return { rows, more: rows.length < all.length || all.length === ROWS, result: await appendAll(session, entries, learnt) }
  }

  /** Answers whether there may be more. */
  async function takeSome(): Promise<boolean> {
    const { rows, more, result } = await write('take in what was appended', takePortion, RELAXED)
    for (const { source } of rows) {
      remembered -= own.get(String(source))?.length ?? 0
      own.delete(String(source))
    }
    noteOverflow(result)
    return more
  }

  function noteOverflow(result: AppendResult): void {
    for (const { target, count } of result.overflowed) overflowed.set(target, (overflowed.get(target) ?? 0) + count)
    for (const { target, collections } of result.collapsible) collapsible.set(target, collections)
  }

  async function takeAll(): Promise<void> {
    const before = untaken
    untaken = 0
    try {
      let more = true
      for (let portion = 0; more && portion < PORTIONS; portion++) more = await takeSome()
      // Publishers may be faster: whoever waits here has other things to do, too.
      if (more) untaken += 1
    } catch (error) {
      untaken += before
      throw error
    }
  }

  /** Whoever asks while it runs may have noted too late for it: there is one more run for all of them. */
  function start(): Promise<void> {
    if (running === undefined) {
      running = takeAll().finally(() => {
        running = undefined
      })
      return running
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        return start()
      })
    return next
  }

  function takeOverflow(): AppendResult | null {
    if (overflowed.size === 0 && collapsible.size === 0) return null
    const result = {
      overflowed: [...overflowed].map(([target, count]) => ({ target, count })),
      collapsible: [...collapsible].map(([target, collections]) => ({ target, collections })),
    }
    overflowed.clear()
    collapsible.clear()
    return result
  }

  async function takeIn(all?: 'all'): Promise<void> {
    if (all === 'all' || untaken > 0) await start()
    else await running
  }

  return {
    async append(appends) {
      const entries = appends.flat()
      const tight = mayOverflow(entries)
      // What overflows is told to whoever made it.
      if (tight && appends.length > 1) return null
      if (!tight && dialect.takesInAtOnce(entries.length)) {
        // What this process has noted before comes before.
        await takeIn()
        noteOverflow(await write('append', (session) => appendAll(session, entries, learnt)))
        return appends.map(() => NOTHING)
      }
      if (untaken > TOO_MANY) await start()
      const parts = toParts(entries)
      // One statement is a transaction of its own.
      const call = parts.length === 1 ? read : write
      await call('append', (session) => insertNotes(session, parts))
      if (!tight) {
        if (untaken > UNTAKEN && running === undefined) start().catch(() => {})
        return appends.map(() => NOTHING)
      }
      // It is durable: whoever looks next takes it in, and is told.
      await start().catch(() => {})
      return [takeOverflow() ?? NOTHING]
    },
    async note(session, entries) {
      if (entries.length > 0) await insertNotes(session, toParts(entries))
    },
    takeIn,
    overflow: takeOverflow,
  }
}

/** An entry without what can be told from the rest of it. */
type Note = [
  target: string,
  item: string,
  identity: string | 0,
  change: TrimmedChange,
  revision: string,
  at: number,
  quiet: number,
  close: number,
  size: number,
  maxPending: number,
  collapsible: 0 | 1,
]

/** What becomes one row. */
interface Part {
  /** Names it, for this process alone. */
  source: string
  entries: readonly Entry[]
  body: string
}

function toParts(entries: readonly Entry[]): Part[] {
  const parts: Part[] = []
  let notes: string[] = []
  let length = 0
  const close = (end: number) => {
    if (notes.length === 0) return
    parts.push({ source: randomUUID(), entries: entries.slice(end - notes.length, end), body: `[${notes.join(',')}]` })
    notes = []
    length = 0
  }
  for (const [place, entry] of entries.entries()) {
    const note = JSON.stringify(toNote(entry))
    if (note.length > LARGEST) throw tooLarge(note.length)
    if (notes.length === NOTED || length + note.length > BODY) close(place)
    notes.push(note)
    length += note.length
  }
  close(entries.length)
  return parts
}

function tooLarge(length: number): PipelineError {
  const message = `the store could not append: an entry has ${length} characters, and it takes at most ${LARGEST}`
  return new PipelineError('STORE_FAILED', message)
}

function toNote(entry: Entry): Note {
  const { target, item, identity, change, revision, at, quietUntil, closeBy, size, maxPending, collapsible } = entry
  const [quiet, close] = [quietUntil - at, closeBy - at]
  return [
    target,
    item,
    identity === item ? 0 : identity,
    change,
    revision,
    at,
    quiet,
    close,
    size,
    maxPending,
    collapsible ? 1 : 0,
  ]
}

function toEntry([target, item, identity, change, revision, at, quiet, close, size, maxPending, collapsible]: Note): Entry {
  return {
    target,
    item,
    identity: identity === 0 ? item : identity,
    change,
    revision,
    at,
    quietUntil: at + quiet,
    closeBy: at + close,
    size,
    maxPending,
    collapsible: collapsible === 1,
  }
}
