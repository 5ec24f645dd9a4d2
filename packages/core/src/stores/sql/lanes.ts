/** Statements on one or more targets whose lanes are locked. */
import type { DeadReason } from '../../types.ts'
import { type Lane, letterId, newLane } from '../lane.ts'
import { type Held, newPending, noteRefused, type Pending, putBack } from '../pending.ts'
import type { List } from './dialect.ts'
import {
  FLYING,
  inLane,
  inPortions,
  insert,
  itemHash,
  PENDING_ONLY,
  type Row,
  type Session,
  type StoredLane,
  select,
  selectIn,
  toHeld,
  toLane,
  writeDead,
  writePending,
} from './rows.ts'

/**
 * Locks the lanes of these targets, in one order for everybody; all that is done to a target happens under this lock.
 * Those that are missing are created with the epoch in `create`, or left out.
 */
export async function lockLanes(
  session: Session,
  targets: Iterable<string>,
  create?: ReadonlyMap<string, number>,
): Promise<Map<string, StoredLane>> {
  const sorted = [...targets].sort()
  const lanes = new Map<string, StoredLane>()
  for (let round = 0; round < 5; round++) {
    const missing = sorted.filter((target) => !lanes.has(target))
    const rows = await selectIn(
      session,
      missing,
      ({ has }) =>
        `SELECT id, state FROM ${session.tables.lanes}${session.dialect.by('target')} WHERE ${has('target')} ORDER BY target${session.dialect.forUpdate}`,
    )
    for (const lane of rows.map(toLane)) lanes.set(lane.target, lane)
    if (create === undefined || lanes.size === sorted.length) break
    // One that another process forgets in between is created in the next round.
    const created = missing
      .filter((target) => !lanes.has(target))
      .map((target) => [target, JSON.stringify(emptyLane(newLane(target, create.get(target) ?? 0)))])
    await insert(
      session,
      session.tables.lanes,
      { target: 'text', state: 'json' },
      created,
      session.dialect.onConflict(['target'], []),
    )
  }
  return lanes
}

function emptyLane(lane: Lane): Omit<StoredLane, 'id'> {
  return { ...lane, inFlight: 0, flyingUntil: 0 }
}

/** Part of a lane's pending set: every entry of the items in question, as it was and as it is to be. */
export interface Part {
  lane: StoredLane
  pending: Pending
  before: Map<Held, Held>
}

/** Loads what is pending of these items; every lane gets a part. By target. */
export async function loadParts(
  session: Session,
  lanes: Iterable<StoredLane>,
  items: readonly { target: string; item: string }[],
): Promise<Map<string, Part>> {
  const parts = new Map<string, Part>()
  const found = new Map<number, { part: Part; entries: Held[] }>()
  for (const lane of lanes) {
    const part: Part = { lane, pending: newPending(), before: new Map() }
    parts.set(lane.target, part)
    found.set(lane.id, { part, entries: [] })
  }
  const hashes = new Set<number>()
  for (const { target, item } of items) {
    const part = parts.get(target)
    if (part !== undefined) hashes.add(itemHash(part.lane.id, item))
  }
  const sql = ({ has }: List) => `SELECT * FROM ${session.tables.entries} WHERE ${has('hash')}`
  for (const row of await selectIn(session, [...hashes], sql)) {
    const of = found.get(Number(row.lane))
    if (of === undefined || (Number(row.ord) <= of.part.lane.flyingUntil && Number(row.put_back) === 0)) continue
    const held = toHeld(row)
    of.entries.push(held)
    of.part.before.set(held, { ...held })
  }
  for (const { part, entries } of found.values()) putBack(part.pending, entries)
  return parts
}

/** Writes what differs from what was loaded. */
export async function saveParts(session: Session, parts: Iterable<Part>): Promise<void> {
  const added: { lane: StoredLane; held: Held }[] = []
  const changed: { lane: StoredLane; held: Held }[] = []
  for (const { lane, pending, before } of parts) {
    const kept = new Set<number>()
    for (const held of pending.entries.values()) {
      kept.add(held.order)
      const old = before.get(held)
      if (old === undefined) added.push({ lane, held })
      else if (differs(old, held)) changed.push({ lane, held })
    }
    const gone = [...before.values()].map(({ order }) => order).filter((order) => !kept.has(order))
    await inPortions(session, gone, ({ has, bindings }) =>
      session.db.run(`${session.dialect.deleteFrom(session.tables.entries)} WHERE lane = ? AND ${has('ord')}`, [
        lane.id,
        ...bindings,
      ]),
    )
  }
  // To overwrite takes a database several times as long, even where there is nothing.
  await writePending(session, added)
  await writePending(session, changed, 'changed')
}

function differs(a: Held, b: Held): boolean {
  return a.first !== b.first || a.last !== b.last || a.lastAt !== b.lastAt || a.order !== b.order || a.refusedIn !== b.refusedIn
}

/** Law 11. Entries that are in no table any more become pending; the caller sets when they are due. */
export async function returnEntries(
  session: Session,
  lane: StoredLane,
  entries: readonly Held[],
  refusedIn?: number,
): Promise<void> {
  const part = (
    await loadParts(
      session,
      [lane],
      entries.map(({ item }) => ({ target: lane.target, item })),
    )
  ).get(lane.target)
  if (part === undefined) return
  if (refusedIn !== undefined) noteRefused(part.pending, entries, refusedIn, () => lane.nextOrder++)
  const before = part.pending.entries.size
  putBack(part.pending, entries)
  lane.pending += part.pending.entries.size - before
  await saveParts(session, [part])
}

export async function readFlying(session: Session, lane: StoredLane): Promise<Held[]> {
  const sql = `SELECT * FROM ${session.tables.entries} WHERE ${FLYING} ORDER BY ord`
  return (await select(session, sql, inLane(lane))).map(toHeld)
}

export async function removeFlying({ db, tables, dialect }: Session, lanes: readonly StoredLane[]): Promise<void> {
  if (lanes.length === 0) return
  const any = lanes.map(() => `(${FLYING})`).join(' OR ')
  await db.run(`${dialect.deleteFrom(tables.entries)} WHERE ${any}`, lanes.flatMap(inLane))
  for (const lane of lanes) lane.inFlight = lane.flyingUntil = 0
}

/**
 * The oldest pending entries of each lane, as many as its limits allow, and at least one. There is no batch in flight.
 */
export async function takeOldest(
  session: Session,
  lanes: readonly { lane: StoredLane; count: number; bytes: number }[],
): Promise<Held[][]> {
  if (lanes.length === 0) return []
  const { db, tables } = session
  const oldest = `SELECT lane, ord, size, put_back, written FROM ${tables.entries} WHERE lane = ? ORDER BY ord LIMIT ?`
  const each = lanes.map((_, n) => `SELECT * FROM (${oldest}) o${n}`).join(' UNION ALL ')
  const bindings = lanes.flatMap(({ lane, count }) => [lane.id, count])
  const rows = new Map<number, Numbers[]>(lanes.map(({ lane }) => [lane.id, []]))
  for (const { lane, ord, size, put_back, written } of await select(session, each, bindings)) {
    const numbers = { order: Number(ord), size: Number(size), back: Number(put_back) === 1, stamp: Number(written) }
    rows.get(Number(lane))?.push(numbers)
  }
  const taken: Held[][] = []
  for (const { lane, bytes } of lanes) {
    // Databases keep the order of each part, and promise it to nobody.
    const fitting = fit(
      (rows.get(lane.id) ?? []).sort((a, b) => a.order - b.order),
      bytes,
    )
    lane.flyingUntil = fitting.at(-1)?.order ?? 0
    lane.inFlight = fitting.length
    if (fitting.some(({ back }) => back)) {
      await db.run(`UPDATE ${tables.entries} SET put_back = 0 WHERE lane = ? AND ord <= ? AND put_back = 1`, inLane(lane))
    }
    taken.push(await recalled(session, lane, fitting))
  }
  return taken
}

/** Of an entry, what its place in a batch depends on. */
interface Numbers {
  order: number
  size: number
  back: boolean
  stamp: number
}

function fit(oldest: readonly Numbers[], bytes: number): readonly Numbers[] {
  let sum = 0
  const end = oldest.findIndex(({ size }, place) => {
    sum += size
    return sum > bytes && place > 0
  })
  return end < 0 ? oldest : oldest.slice(0, end)
}

/** Entries of which only the numbers were read. */
async function recalled({ db, tables, recall }: Session, { id }: StoredLane, numbers: readonly Numbers[]): Promise<Held[]> {
  const known = numbers.map(({ order, stamp }) => recall.take(id, stamp, order))
  const [first, last] = [known.indexOf(undefined), known.lastIndexOf(undefined)]
  const rest = new Map<number, Held>()
  if (first >= 0) {
    const between = `SELECT * FROM ${tables.entries} WHERE lane = ? AND ord BETWEEN ? AND ?`
    const { rows } = await db.run(between, [id, numbers[first]?.order ?? 0, numbers[last]?.order ?? 0])
    for (const held of rows.map(toHeld)) rest.set(held.order, held)
  }
  return numbers.flatMap(({ order }, place) => known[place] ?? rest.get(order) ?? [])
}

/** Reads and removes the oldest pending entries, and makes them dead letters. */
export async function buryOldest(
  session: Session,
  lane: StoredLane,
  count: number,
  reason: DeadReason,
  diedAt: number,
): Promise<void> {
  const { entries } = session.tables
  const rows: readonly Row[] = await select(session, `SELECT * FROM ${entries} WHERE ${PENDING_ONLY} ORDER BY ord LIMIT ?`, [
    ...inLane(lane),
    count,
  ])
  const oldest = rows.map(toHeld)
  await bury(session, lane.target, oldest, reason, diedAt)
  const last = oldest.at(-1)?.order ?? 0
  await session.db.run(`${session.dialect.deleteFrom(entries)} WHERE ${PENDING_ONLY} AND ord <= ?`, [...inLane(lane), last])
}

export function bury(
  session: Session,
  target: string,
  entries: readonly Held[],
  reason: DeadReason,
  diedAt: number,
): Promise<void> {
  return writeDead(
    session,
    entries.map((held) => ({ id: letterId(target, diedAt, held.order), target, reason, diedAt, held })),
  )
}

/** Removes the lane of a target of which nothing is left. */
export async function removeIfEmpty(session: Session, lane: StoredLane): Promise<boolean> {
  if (lane.pending > 0 || lane.batch !== null) return false
  const { dead, lanes } = session.tables
  if ((await select(session, `SELECT id FROM ${dead} WHERE target = ? LIMIT 1`, [lane.target])).length > 0) return false
  await session.db.run(`DELETE FROM ${lanes} WHERE id = ?`, [lane.id])
  return true
}
