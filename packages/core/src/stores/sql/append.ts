/** How entries join the pending sets of their targets. */
import type { AppendResult } from '../../ports.ts'
import type { Entry } from '../../types.ts'
import { NOTHING } from '../append-queue.ts'
import { noteAppend, noteRemoved } from '../lane.ts'
import { addEntry } from '../pending.ts'
import { buryOldest, loadParts, lockLanes, saveParts } from './lanes.ts'
import { inLane, PENDING_ONLY, type Session, type StoredLane, select, writeLanes } from './rows.ts'

/** Entries that were appended one after the other, in one transaction. Overflow is counted once all are in. */
export async function appendAll(
  session: Session,
  entries: readonly Entry[],
  learnt: (target: string, pending: number) => void,
): Promise<AppendResult> {
  const created = new Map<string, number>()
  for (const { target, at } of entries) if (!created.has(target)) created.set(target, at)
  const lanes = await lockLanes(session, created.keys(), created)
  // Where nothing is pending there is nothing to merge with.
  const parts = await loadParts(
    session,
    lanes.values(),
    entries.filter(({ target }) => lanes.get(target)?.pending !== 0),
  )
  const over = new Map<string, Entry>()
  for (const entry of entries) {
    const part = parts.get(entry.target)
    if (part === undefined) throw new Error('a lane was created and is not there')
    const { lane, pending } = part
    const added = addEntry(pending, entry, lane.nextOrder)
    if (added) lane.nextOrder += 1
    noteAppend(lane, entry, added)
    if (lane.pending > entry.maxPending || over.has(entry.target)) over.set(entry.target, entry)
  }
  await saveParts(session, parts.values())
  const result = over.size === 0 ? NOTHING : await overflow(session, over, lanes)
  await writeLanes(session, [...lanes.values()])
  for (const { target, pending } of lanes.values()) learnt(target, pending)
  return result
}

async function overflow(
  session: Session,
  over: ReadonlyMap<string, Entry>,
  lanes: ReadonlyMap<string, StoredLane>,
): Promise<AppendResult> {
  const overflowed: { target: string; count: number }[] = []
  const collapsible: { target: string; collections: readonly string[] }[] = []
  for (const [target, entry] of over) {
    const lane = lanes.get(target) as StoredLane
    const count = lane.pending - entry.maxPending
    if (count <= 0) continue
    if (entry.collapsible) {
      const rows = await select(
        session,
        `SELECT DISTINCT collection FROM ${session.tables.entries} WHERE ${PENDING_ONLY}`,
        inLane(lane),
      )
      collapsible.push({ target, collections: rows.map(({ collection }) => String(collection)).sort() })
    } else {
      await buryOldest(session, lane, count, 'overflow', entry.at)
      noteRemoved(lane, entry.maxPending)
      overflowed.push({ target, count })
    }
  }
  return { overflowed, collapsible }
}
