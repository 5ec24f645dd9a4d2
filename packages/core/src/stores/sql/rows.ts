/** Lanes and entries as rows, and back. */
import type { SqlExecutor, SqlValue } from '../../ports.ts'
import type { TrimmedChange } from '../../types.ts'
import { type Lane, readyAt } from '../lane.ts'
import { type Held, weightOf } from '../pending.ts'
import type { Columns, Dialect, List } from './dialect.ts'
import type { Recall } from './recall.ts'
import type { Tables } from './tables.ts'

export type Row = Readonly<Record<string, unknown>>

/** A lane as this store keeps it. */
export interface StoredLane extends Lane {
  id: number
  /** How many entries the batch has, and the highest order number among them; 0: there is none. */
  inFlight: number
  flyingUntil: number
}

/**
 * Which rows of a lane fly and which are pending. A claim takes the oldest, so that the highest order number that it took
 * tells; but for those that came back to the pending ones with a number that is lower, while it flies: they are marked.
 */
export const FLYING = 'lane = ? AND ord <= ? AND put_back = 0'
export const PENDING_ONLY = 'lane = ? AND (ord > ? OR put_back = 1)'
export function inLane({ id, flyingUntil }: StoredLane): [number, number] {
  return [id, flyingUntil]
}

/** One statement at a time on one connection, with what the statements need to know. */
export interface Session {
  db: SqlExecutor
  dialect: Dialect
  tables: Tables
  recall: Recall
  /** What this transaction writes is marked with it. */
  stamp: number
}

const ENTRY = {
  collection: 'text',
  appended_at: 'integer',
  last_at: 'integer',
  refused_in: 'integer',
  size: 'integer',
  revision: 'text',
  last_change: 'json',
  // The longest comes last: drivers copy what they have when a message grows.
  first_change: 'json',
} as const satisfies Columns
const PENDING = {
  lane: 'integer',
  ord: 'integer',
  put_back: 'integer',
  hash: 'integer',
  written: 'integer',
  ...ENTRY,
} as const satisfies Columns
const OVERWRITTEN = Object.keys(PENDING).filter((column) => column !== 'lane' && column !== 'ord')
const DEAD = {
  id: 'text',
  target: 'text',
  ord: 'integer',
  reason: 'text',
  died_at: 'integer',
  ...ENTRY,
} as const satisfies Columns
const LANE = { id: 'integer', target: 'text', ready_at: 'integer', state: 'json' } as const satisfies Columns

/** At most about this many characters in one statement. */
const STATEMENT = 500_000

export async function select({ db }: Session, sql: string, bindings: readonly SqlValue[] = []): Promise<readonly Row[]> {
  return (await db.run(sql, bindings)).rows
}

export function toLane(row: Row): StoredLane {
  return { ...(JSON.parse(String(row.state)) as StoredLane), id: Number(row.id) }
}

/** `first_change` names the entry, too: texts with a NUL are safe in JSON, and nowhere else in every database. */
export function toHeld(row: Row): Held {
  const {
    item,
    identity = item,
    change,
  } = JSON.parse(String(row.first_change)) as { item: string; identity?: string; change: TrimmedChange }
  return {
    item,
    identity,
    first: change,
    last: row.last_change == null ? change : (JSON.parse(String(row.last_change)) as TrimmedChange),
    revision: String(row.revision),
    appendedAt: Number(row.appended_at),
    lastAt: Number(row.last_at),
    order: Number(row.ord),
    refusedIn: Number(row.refused_in),
  }
}

/**
 * By which an entry is found, and now and then another one besides. The hashes of a lane are next to each other, so that an
 * index of them has few pages to change at a time.
 */
export function itemHash(lane: number, item: string): number {
  let [a, b] = [0x811c9dc5, 0x9e3779b1]
  for (let place = 0; place < item.length; place++) {
    const code = item.charCodeAt(place)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b)
  }
  return (lane % 2 ** 16) * 2 ** 36 + mixed(a) * 2 ** 18 + mixed(b)
}

/** 18 bits of 32, each of which every bit has its part in. */
function mixed(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return (twice ^ (twice >>> 16)) >>> 14
}

function entryValues(held: Held): SqlValue[] {
  const { item, identity, first, last, revision, appendedAt, lastAt, refusedIn } = held
  const named = JSON.stringify({ item, ...(identity !== item && { identity }), change: first })
  const newest = last === first ? null : JSON.stringify(last)
  return [last.collection, appendedAt, lastAt, refusedIn, weightOf(held), revision, newest, named]
}

/** Inserts the entries into the pending ones of their lanes. With `changed` they overwrite those of the same order number. */
export async function writePending(
  session: Session,
  entries: readonly { lane: StoredLane; held: Held }[],
  changed?: 'changed',
): Promise<void> {
  const rows = entries.map(({ lane, held }) => [
    lane.id,
    held.order,
    held.order <= lane.flyingUntil ? 1 : 0,
    itemHash(lane.id, held.item),
    session.stamp,
    ...entryValues(held),
  ])
  const after = changed && session.dialect.onConflict(['lane', 'ord'], OVERWRITTEN)
  await insert(session, session.tables.entries, PENDING, rows, after)
  for (const { lane, held } of entries) session.recall.keep(lane.id, session.stamp, held)
}

export function writeDead(
  session: Session,
  letters: readonly { id: string; target: string; reason: string; diedAt: number; held: Held }[],
): Promise<void> {
  const rows = letters.map(({ id, target, reason, diedAt, held }) => [
    id,
    target,
    held.order,
    reason,
    diedAt,
    ...entryValues(held),
  ])
  return insert(session, session.tables.dead, DEAD, rows)
}

export async function writeLanes(session: Session, lanes: readonly StoredLane[]): Promise<void> {
  const { db, tables, dialect } = session
  const rows = lanes.map(({ id, ...state }) => [id, state.target, readyAt(state, Infinity), JSON.stringify(state)] as const)
  const [only] = rows
  if (rows.length === 1 && only !== undefined) {
    const [id, , ready, state] = only
    await db.run(`UPDATE ${tables.lanes} SET ready_at = ?, state = ? WHERE id = ?`, [ready, state, id])
  } else await insert(session, tables.lanes, LANE, rows, dialect.onConflict(['id'], ['ready_at', 'state']))
}

/** INSERTs of many rows, as large as the dialect likes them and a statement may be. */
export async function insert(
  { db, dialect }: Pick<Session, 'db' | 'dialect'>,
  table: string,
  columns: Columns,
  rows: readonly (readonly SqlValue[])[],
  after = '',
): Promise<void> {
  const names = Object.keys(columns)
  const row = `(${names.map(() => '?').join(', ')})`
  const into = `INSERT INTO ${table} (${names.join(', ')})`
  for (let from = 0; from < rows.length; ) {
    let count = dialect.rowsPerInsert.find((size) => size <= rows.length - from) ?? rows.length - from
    let length = 0
    for (let n = 0; n < count; n++) {
      for (const value of rows[from + n] ?? []) if (typeof value === 'string') length += value.length
      if (length > STATEMENT && n > 0) count = n
    }
    const portion = rows.slice(from, from + count)
    const values = dialect.atOnce?.rows(columns) ?? `VALUES ${Array(count).fill(row).join(', ')}`
    await db.run(`${into} ${values} ${after}`, dialect.atOnce?.bind(columns, portion) ?? portion.flat())
    from += count
  }
}

/** Calls `run` with the values in portions. */
export async function inPortions<T extends SqlValue>(
  { dialect }: Pick<Session, 'dialect'>,
  values: readonly T[],
  run: (portion: List) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < values.length; from += 512) await run(dialect.list(values.slice(from, from + 512)))
}

/** As `inPortions`, and answers all rows. */
export async function selectIn<T extends SqlValue>(
  session: Session,
  values: readonly T[],
  sql: (portion: List) => string,
): Promise<readonly Row[]> {
  const all: Row[] = []
  await inPortions(session, values, async (portion) => {
    for (const row of await select(session, sql(portion), portion.bindings)) all.push(row)
  })
  return all
}

/** Removes rows by their column `id`. */
export function removeById(session: Session, table: string, ids: readonly SqlValue[]): Promise<void> {
  const { db, dialect } = session
  return inPortions(session, ids, ({ has, bindings }) => db.run(`${dialect.deleteFrom(table)} WHERE ${has('id')}`, bindings))
}
