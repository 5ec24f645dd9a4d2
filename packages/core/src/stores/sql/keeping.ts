/** What people and clean-up do to a target's entries: collapse, redrive, forget. */
import type { Entry } from '../../types.ts'
import { leased, makeDue, noteAppend, noteRemoved } from '../lane.ts'
import { addEntry, type Held } from '../pending.ts'
import { loadParts, lockLanes, readFlying, removeFlying, removeIfEmpty, returnEntries, saveParts } from './lanes.ts'
import {
  inLane,
  PENDING_ONLY,
  type Row,
  removeById,
  type Session,
  type StoredLane,
  select,
  selectIn,
  toHeld,
  writeLanes,
  writePending,
} from './rows.ts'

export async function collapse(session: Session, target: string, entries: readonly Entry[]): Promise<void> {
  const [head] = entries
  if (head === undefined) return
  const lane = (await lockLanes(session, [target], new Map([[target, head.at]]))).get(target)
  if (lane === undefined) return
  const table = session.tables.entries
  const places = new Map<string, Row[]>()
  for (const { change } of entries) {
    if (places.has(change.collection)) continue
    const of = [...inLane(lane), change.collection]
    const where = `${PENDING_ONLY} AND collection = ?`
    places.set(change.collection, [
      ...(await select(session, `SELECT ord, appended_at FROM ${table} WHERE ${where} ORDER BY ord LIMIT ?`, [
        ...of,
        entries.length,
      ])),
    ])
    await session.db.run(`${session.dialect.deleteFrom(table)} WHERE ${where}`, of)
  }
  lane.pending = await countPending(session, lane)
  for (const entry of entries) {
    const { item, identity, change, revision, at } = entry
    const place = places.get(change.collection)?.shift()
    if (place === undefined) {
      const part = (await loadParts(session, [lane], [entry])).get(target)
      if (part === undefined) continue
      const added = addEntry(part.pending, entry, lane.nextOrder)
      if (added) lane.nextOrder += 1
      noteAppend(lane, entry, added)
      await saveParts(session, [part])
    } else {
      const kept = { appendedAt: Number(place.appended_at), order: Number(place.ord) }
      const held = { item, identity, first: change, last: change, revision, lastAt: at, refusedIn: 0, ...kept }
      await writePending(session, [{ lane, held }])
      lane.pending += 1
    }
  }
  noteRemoved(lane, lane.pending)
  await writeLanes(session, [lane])
}

export async function redrive(
  session: Session,
  lane: StoredLane,
  query: { ids?: readonly string[]; now: number },
): Promise<number> {
  const { dead } = session.tables
  const { ids, now } = query
  const rows =
    ids === undefined
      ? await select(session, `SELECT * FROM ${dead} WHERE target = ?`, [lane.target])
      : (await selectIn(session, [...new Set(ids)], ({ has }) => `SELECT * FROM ${dead} WHERE ${has('id')}`)).filter(
          ({ target }) => target === lane.target,
        )
  if (rows.length === 0) return 0
  await removeById(
    session,
    dead,
    rows.map(({ id }) => String(id)),
  )
  // They get their chances anew.
  const letters = rows.map((row) => ({ ...toHeld(row), refusedIn: 0 })).sort((a, b) => a.order - b.order)
  await returnEntries(session, lane, letters)
  makeDue(lane, lane.pending, now)
  await writeLanes(session, [lane])
  return rows.length
}

export async function forget(session: Session, lane: StoredLane, asOf: number): Promise<void> {
  const { entries, dead } = session.tables
  await session.db.run(`${session.dialect.deleteFrom(entries)} WHERE ${PENDING_ONLY} AND last_at <= ?`, [...inLane(lane), asOf])
  await session.db.run(`DELETE FROM ${dead} WHERE target = ? AND last_at <= ?`, [lane.target, asOf])
  noteRemoved(lane, await countPending(session, lane))
  const flying = await readFlying(session, lane)
  const old = ({ lastAt }: Held) => lastAt <= asOf
  if (lane.batch !== null && flying.some(old)) {
    // What came after goes out under another id: a batch keeps its entries or is none.
    const rest = flying.filter((held) => !old(held))
    await removeFlying(session, [lane])
    await returnEntries(session, lane, rest)
    if (rest.length > 0) makeDue(lane, lane.pending, asOf)
    if (leased(lane.batch, asOf)) lane.batch.forgotten = true
    else lane.batch = null
  }
  if (!(await removeIfEmpty(session, lane))) await writeLanes(session, [lane])
}

async function countPending(session: Session, lane: StoredLane): Promise<number> {
  const rows = await select(session, `SELECT COUNT(*) AS n FROM ${session.tables.entries} WHERE ${PENDING_ONLY}`, inLane(lane))
  return Number(rows[0]?.n)
}
