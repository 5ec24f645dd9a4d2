/** Lanes and entries as rows, and back. */
import crypto from 'node:crypto'
import type { SqlExecutor, SqlValue } from '../../ports.ts'
import type { TrimmedChange } from '../../types.ts'
import { type Lane, readyAt } from '../lane.ts'
import { type Held, weightOf } from '../pending.ts'
import type { Dialect } from './dialect.ts'
import type { Tables } from './tables.ts'

export type Row = Readonly<Record<string, unknown>>

/** A lane as this store keeps it. */
export interface StoredLane extends Lane {
  id: number
  /** How many entries the batch has, and the highest order number among them. */
  inFlight: number
  flyingUntil: number
}

/** One statement at a time on one connection, with what the statements need to know. */
export interface Session {
  db: SqlExecutor
  dialect: Dialect
  tables: Tables
}

const ENTRY = [
  'item',
  'collection',
  'appended_at',
  'last_at',
  'refused_in',
  'size',
  'revision',
  'first_change',
  'last_change',
] as const
const PENDING = ['lane', 'ord', 'flying', ...ENTRY] as const
const DEAD = ['id', 'target', 'ord', 'reason', 'died_at', ...ENTRY] as const

/** At most about this many characters in one statement. */
const STATEMENT = 1_000_000

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

/** The same item of two targets has two hashes: one column finds an entry. */
export function itemHash(target: string, item: string): string {
  const text = `${target}\u0000${item}`
  // The one-shot form is twice as fast where it is there (Node 20.12 and later).
  const digest = crypto.hash?.('sha256', text, 'base64url') ?? crypto.createHash('sha256').update(text).digest('base64url')
  return digest.slice(0, 22)
}

function entryValues(target: string, held: Held): SqlValue[] {
  const { item, identity, first, last, revision, appendedAt, lastAt, refusedIn } = held
  const named = JSON.stringify({ item, ...(identity !== item && { identity }), change: first })
  const newest = last === first ? null : JSON.stringify(last)
  return [itemHash(target, item), last.collection, appendedAt, lastAt, refusedIn, weightOf(held), revision, named, newest]
}

/** Inserts the entries into the pending ones of their lanes, or overwrites those of the same order number. */
export function writePending(session: Session, entries: readonly { lane: StoredLane; held: Held }[]): Promise<void> {
  const rows = entries.map(({ lane, held }) => [lane.id, held.order, 0, ...entryValues(lane.target, held)])
  const changing = PENDING.filter((column) => column !== 'lane' && column !== 'ord')
  return insert(session, session.tables.entries, PENDING, rows, session.dialect.onConflict(['lane', 'ord'], changing))
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
    ...entryValues(target, held),
  ])
  return insert(session, session.tables.dead, DEAD, rows)
}

export function writeLanes(session: Session, lanes: readonly StoredLane[]): Promise<void> {
  const rows = lanes.map(({ id, ...state }) => [id, state.target, readyAt(state, Infinity), JSON.stringify(state)])
  const after = session.dialect.onConflict(['id'], ['ready_at', 'state'])
  return insert(session, session.tables.lanes, ['id', 'target', 'ready_at', 'state'], rows, after)
}

/** Multi-row INSERTs, as large as the dialect likes them and a statement may be. */
export async function insert(
  { db, dialect }: Pick<Session, 'db' | 'dialect'>,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  after = '',
): Promise<void> {
  const row = `(${columns.map(() => '?').join(', ')})`
  for (let from = 0; from < rows.length; ) {
    let count = dialect.rowsPerInsert.find((size) => size <= rows.length - from) ?? rows.length - from
    let length = 0
    for (let n = 0; n < count; n++) {
      for (const value of rows[from + n] ?? []) if (typeof value === 'string') length += value.length
      if (length > STATEMENT && n > 0) count = n
    }
    const values = Array(count).fill(row).join(', ')
    await db.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ${values} ${after}`, rows.slice(from, from + count).flat())
    from += count
  }
}

/** Calls `run` with the values in portions, each as `?, ?, …` and padded to few different lengths, so that statements are prepared once. */
export async function inPortions<T extends SqlValue>(
  values: readonly T[],
  run: (marks: string, portion: readonly T[]) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < values.length; from += 500) {
    const portion = values.slice(from, from + 500)
    const length = Math.min(500, 2 ** Math.ceil(Math.log2(portion.length)))
    while (portion.length < length) portion.push(portion[0] as T)
    await run(Array(length).fill('?').join(', '), portion)
  }
}

/** As `inPortions`, and answers all rows. */
export async function selectIn<T extends SqlValue>(
  session: Session,
  values: readonly T[],
  sql: (marks: string) => string,
): Promise<readonly Row[]> {
  const all: Row[] = []
  await inPortions(values, async (marks, portion) => {
    for (const row of await select(session, sql(marks), portion)) all.push(row)
  })
  return all
}
