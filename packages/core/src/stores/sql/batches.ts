/** Batches: how they are claimed, and what becomes of them. */
import type { ClaimRequest, Store } from '../../ports.ts'
import type { Batch, Receipt, Verdict } from '../../types.ts'
import { allowance, openBatch, owns, readyAt, reclaim, settleLane, toBatch } from '../lane.ts'
import { toBatchEntry } from '../pending.ts'
import { bury, lockLanes, readFlying, removeFlying, removeIfEmpty, returnEntries, takeOldest } from './lanes.ts'
import { type Session, type StoredLane, writeLanes } from './rows.ts'

/** `idle`: nothing is pending, or not yet due; what others have just appended may be. */
export interface Claimed {
  batch: Batch | null
  idle: boolean
}

/** Claims of different targets. */
export async function claimAll(session: Session, requests: readonly ClaimRequest[]): Promise<Claimed[]> {
  const lanes = await lockLanes(
    session,
    requests.map(({ target }) => target),
  )
  const claimed: Claimed[] = []
  const opened: { place: number; lane: StoredLane; request: ClaimRequest; count: number; bytes: number }[] = []
  const changed: StoredLane[] = []
  for (const [place, request] of requests.entries()) {
    const { target, now, bytes } = request
    const lane = lanes.get(target)
    const at = lane === undefined ? null : readyAt(lane, now)
    if (lane === undefined || at === null || at > now) {
      const idle = lane === undefined || (lane.suspended === null && lane.batch === null)
      claimed[place] = { batch: null, idle }
      continue
    }
    changed.push(lane)
    const again = reclaim(lane, request)
    if (again === null) opened.push({ place, lane, request, count: allowance(lane, request), bytes })
    else {
      const entries = (await readFlying(session, lane)).map(toBatchEntry)
      claimed[place] = { batch: toBatch(lane, again, entries, true), idle: false }
    }
  }
  const taken = await takeOldest(session, opened)
  for (const [n, { place, lane, request }] of opened.entries()) {
    const entries = (taken[n] ?? []).map(toBatchEntry)
    const batch = openBatch(lane, request, lane.pending - entries.length)
    claimed[place] = { batch: toBatch(lane, batch, entries, false), idle: false }
  }
  if (changed.length > 0) await writeLanes(session, changed)
  return claimed
}

export interface Settlement {
  receipt: Receipt
  verdict: Verdict
  now: number
}

type Settled = Awaited<ReturnType<Store['settle']>>

/** Settlements of different targets. */
export async function settleAll(session: Session, settlements: readonly Settlement[]): Promise<Settled[]> {
  const lanes = await lockLanes(
    session,
    settlements.map(({ receipt }) => receipt.target),
  )
  const results: Settled[] = []
  const gone: StoredLane[] = []
  const changed: StoredLane[] = []
  for (const { receipt, verdict, now } of settlements) {
    const lane = lanes.get(receipt.target)
    if (lane === undefined || !owns(lane, receipt)) {
      results.push({ ok: false })
      continue
    }
    const seq = lane.batch?.seq ?? 0
    const { fate, transition } = settleLane(lane, verdict, now)
    results.push({ ok: true, ...(transition && { transition }) })
    if (fate === 'removed') gone.push(lane)
    else if (fate === 'back' || fate === 'dead') {
      const flying = await readFlying(session, lane)
      await removeFlying(session, [lane])
      if (fate === 'back') await returnEntries(session, lane, flying, verdict.kind === 'split' ? seq : undefined)
      else if (verdict.kind === 'dead') await bury(session, lane.target, flying, verdict.reason, now)
    }
    if (fate !== 'freed' || !(await removeIfEmpty(session, lane))) changed.push(lane)
  }
  await removeFlying(session, gone)
  if (changed.length > 0) await writeLanes(session, changed)
  return results
}
