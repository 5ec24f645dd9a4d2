/** Statements on one or more targets whose lanes are locked. */
import type { Batch, DeadReason } from '../../types.ts'
import { type Lane, letterId, newLane, toBatch } from '../lane.ts'
import { type Held, newPending, noteRefused, type Pending, putBack, toBatchEntry } from '../pending.ts'
import {
  inPortions,
  insert,
  itemHash,
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
      (marks) =>
        `SELECT id, state FROM ${session.tables.lanes} WHERE target IN (${marks}) ORDER BY target${session.dialect.forUpdate}`,
    )
    for (const lane of rows.map(toLane)) lanes.set(lane.target, lane)
    if (create === undefined || lanes.size === sorted.length) break
    // One that another process forgets in between is created in the next round.
    const created = missing
      .filter((target) => !lanes.has(target))
      .map((target) => [target, JSON.stringify(emptyLane(newLane(target, create.get(target) ?? 0)))])
    await insert(session, session.tables.lanes, ['target', 'state'], created, session.dialect.onConflict(['target'], []))
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
  const hashes = [...new Set(items.map(({ target, item }) => itemHash(target, item)))]
  const sql = (marks: string) => `SELECT * FROM ${session.tables.entries} WHERE item IN (${marks}) AND flying = 0`
  for (const row of await selectIn(session, hashes, sql)) {
    const held = toHeld(row)
    const of = found.get(Number(row.lane))
    of?.entries.push(held)
    of?.part.before.set(held, { ...held })
  }
  for (const { part, entries } of found.values()) putBack(part.pending, entries)
  return parts
}

/** Writes what differs from what was loaded. */
export async function saveParts(session: Session, parts: Iterable<Part>): Promise<void> {
  const changed: { lane: StoredLane; held: Held }[] = []
  for (const { lane, pending, before } of parts) {
    const kept = new Set<number>()
    for (const held of pending.entries.values()) {
      kept.add(held.order)
      const old = before.get(held)
      if (old === undefined || differs(old, held)) changed.push({ lane, held })
    }
    const gone = [...before.values()].map(({ order }) => order).filter((order) => !kept.has(order))
    await inPortions(gone, (marks, orders) =>
      session.db.run(`DELETE FROM ${session.tables.entries} WHERE lane = ? AND ord IN (${marks})`, [lane.id, ...orders]),
    )
  }
  await writePending(session, changed)
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

export async function readFlying(session: Session, { id, flyingUntil }: StoredLane): Promise<Held[]> {
  const rows = await select(
    session,
    `SELECT * FROM ${session.tables.entries} WHERE lane = ? AND ord <= ? AND flying = 1 ORDER BY ord`,
    [id, flyingUntil],
  )
  return rows.map(toHeld)
}

export async function removeFlying({ db, tables }: Session, lane: StoredLane): Promise<void> {
  await db.run(`DELETE FROM ${tables.entries} WHERE lane = ? AND ord <= ? AND flying = 1`, [lane.id, lane.flyingUntil])
  lane.inFlight = lane.flyingUntil = 0
}

export async function readBatch(session: Session, lane: StoredLane, reclaimed: boolean): Promise<Batch | null> {
  if (lane.batch === null) return null
  return toBatch(lane, lane.batch, (await readFlying(session, lane)).map(toBatchEntry), reclaimed)
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
  const rows: readonly Row[] = await select(
    session,
    `SELECT * FROM ${entries} WHERE lane = ? AND flying = 0 ORDER BY ord LIMIT ?`,
    [lane.id, count],
  )
  const oldest = rows.map(toHeld)
  await bury(session, lane.target, oldest, reason, diedAt)
  const last = oldest.at(-1)?.order ?? 0
  await session.db.run(`DELETE FROM ${entries} WHERE lane = ? AND ord <= ? AND flying = 0`, [lane.id, last])
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
