/**
 * What a store knows of one target besides its entries, and how each call changes it. Every store that can run
 * TypeScript under a lock shares these functions, so that the laws of the port are written once.
 */
import { type ClaimRequest, LONGEST } from '../ports.ts'
import type { Batch, BatchEntry, Binding, Entry, Receipt, TargetState, TargetStats, Transition, Verdict } from '../types.ts'

export interface Lane extends TargetState {
  target: string
  epoch: number
  /** Number of the last batch; 0: none yet. */
  seq: number
  /** Order number of the next entry that is appended. */
  nextOrder: number
  /** How many entries are pending. */
  pending: number
  /** Both are null while nothing is pending. */
  dueAt: number | null
  closeBy: number | null
  /** Until then nothing is claimed: a retry of the batch, or what a split put back. Null once something was claimed. */
  notBefore: number | null
  /** Somebody asked for it since the last claim. */
  wokenAt: number | null
  batch: LaneBatch | null
}

export interface LaneBatch {
  id: string
  seq: number
  /** Null: nobody holds it, it waits for another attempt. */
  token: string | null
  leaseUntil: number
  openedAt: number
  attempt: number
  refusals: number
  binding: Binding
  /** Its entries are gone; it only keeps claims out until it is settled or its lease ends. */
  forgotten: boolean
}

export function newLane(target: string, epoch: number): Lane {
  return {
    target,
    epoch,
    seq: 0,
    nextOrder: 1,
    pending: 0,
    dueAt: null,
    closeBy: null,
    notBefore: null,
    wokenAt: null,
    suspended: null,
    limit: null,
    failures: 0,
    failingSince: null,
    failing: false,
    deliveredSeq: 0,
    batch: null,
  }
}

/** Law 2, for one entry; `added`: it was not merged into a pending one. */
export function noteAppend(lane: Lane, entry: Entry, added: boolean): void {
  const { at, size, quietUntil } = entry
  let closeBy = lane.closeBy ?? entry.closeBy
  // Left by a clock that was wrong: it would let a steady stream of changes put off the window for ever.
  if (lane.closeBy !== null && closeBy > at + LONGEST.window) closeBy = at
  if (added) lane.pending += 1
  lane.closeBy = closeBy
  lane.dueAt = Math.min(lane.pending >= size ? at : quietUntil, closeBy)
}

/** The pending set holds `count` entries that are due at `at`. */
export function makeDue(lane: Lane, count: number, at: number): void {
  lane.pending = count
  lane.dueAt = lane.closeBy = count > 0 ? at : null
}

/** Some pending entries were removed; what is left is due when it was. */
export function noteRemoved(lane: Lane, left: number): void {
  lane.pending = left
  if (left === 0) lane.dueAt = lane.closeBy = null
}

/** When there is something to claim (law 10); null: there is nothing, or it may not be claimed. Pass `Infinity` for the plain instants. */
export function readyAt(lane: Lane, now: number): number | null {
  if (lane.suspended !== null) return null
  const { batch } = lane
  const notBefore = lane.notBefore === null ? null : legal(lane.notBefore, now, LONGEST.retry)
  const lease = batch === null || batch.token === null ? null : legal(batch.leaseUntil, now, LONGEST.lease)
  if (batch !== null && !batch.forgotten) return lease ?? notBefore ?? batch.openedAt
  if (lane.dueAt === null) return null
  return Math.max(legal(lane.dueAt, now, LONGEST.window), notBefore ?? 0, lease ?? 0)
}

/** Law 13: an instant that no legal configuration could have asked for counts as due. */
function legal(instant: number, now: number, longest: number): number {
  return instant > now + longest ? now : instant
}

/** Whether a target counts towards the share that failing targets may use. */
export function countsAsFailing(lane: Lane): boolean {
  return lane.failures > 0 && lane.wokenAt === null
}

/** The batch that waits for another attempt, or whose lease ran out, goes to another claimer. */
export function reclaim(lane: Lane, request: ClaimRequest): LaneBatch | null {
  const { batch } = lane
  if (batch === null || batch.forgotten) return null
  batch.token = request.token
  batch.leaseUntil = request.leaseUntil
  lane.notBefore = lane.wokenAt = null
  return batch
}

/** The most entries that the claim may take. */
export function allowance(lane: Lane, request: ClaimRequest): number {
  return Math.max(1, Math.min(request.entries, lane.limit ?? request.entries))
}

/** Opens a batch with what was taken from the pending set, in which `left` entries stay. */
export function openBatch(lane: Lane, request: ClaimRequest, left: number): LaneBatch {
  lane.seq += 1
  lane.notBefore = lane.wokenAt = null
  makeDue(lane, left, request.now)
  lane.batch = {
    id: request.batchId,
    seq: lane.seq,
    token: request.token,
    leaseUntil: request.leaseUntil,
    openedAt: request.now,
    attempt: 1,
    refusals: 0,
    binding: request.binding,
    forgotten: false,
  }
  return lane.batch
}

export function toBatch(lane: Lane, batch: LaneBatch, entries: readonly BatchEntry[], reclaimed: boolean): Batch {
  const { id, seq, openedAt, attempt, refusals, binding, token } = batch
  const { target, epoch, failures, failingSince, failing, limit, deliveredSeq, suspended } = lane
  const state = { failures, failingSince, failing, limit, deliveredSeq, suspended }
  return { id, target, seq, epoch, entries, attempt, openedAt, reclaimed, refusals, binding, state, token: token ?? '' }
}

/** Law 7. */
export function owns(lane: Lane, receipt: Receipt): boolean {
  return lane.batch !== null && lane.batch.token === receipt.token && lane.batch.id === receipt.batchId
}

/** What becomes of the batch's entries. `freed`: there were none, it was forgotten. */
export type Fate = 'kept' | 'removed' | 'back' | 'dead' | 'freed'

/**
 * Law 9, for a claim that is its owner's. With the fate `back` the store puts the entries back (law 11) and sets
 * `pending`; they are due as this sets it.
 */
export function settleLane(lane: Lane, verdict: Verdict, now: number): { fate: Fate; transition?: Transition } {
  const batch = lane.batch
  if (batch === null || batch.forgotten) {
    lane.batch = null
    return { fate: 'freed' }
  }
  if (verdict.kind === 'aborted') {
    batch.token = null
    return { fate: 'kept' }
  }
  if (verdict.kind === 'retry') {
    batch.token = null
    batch.attempt += 1
    if (verdict.refused) batch.refusals += 1
    lane.notBefore = lane.wokenAt === null ? verdict.at : now
    let transition = fail(lane, verdict.failing, now)
    if (verdict.suspend !== undefined && lane.suspended === null) {
      lane.suspended = verdict.suspend
      transition = 'suspended'
    }
    return { fate: 'kept', ...(transition && { transition }) }
  }
  lane.batch = null
  if (verdict.kind === 'split') {
    const at = lane.wokenAt === null ? verdict.at : now
    lane.limit = verdict.limit
    lane.notBefore = lane.dueAt = lane.closeBy = at
    const transition = fail(lane, verdict.failing, now)
    return { fate: 'back', ...(transition && { transition }) }
  }
  if (verdict.kind === 'return') {
    lane.dueAt = lane.closeBy = now
    return { fate: 'back' }
  }
  if (verdict.kind === 'dead') return { fate: 'dead' }

  lane.limit = verdict.limit
  if (verdict.skipped) return { fate: 'removed' }
  const recovered = lane.failing
  lane.deliveredSeq = batch.seq
  lane.failures = 0
  lane.failingSince = null
  lane.failing = false
  return { fate: 'removed', ...(recovered && { transition: 'recovered' }) }
}

function fail(lane: Lane, failing: boolean, now: number): Transition | undefined {
  lane.failures += 1
  lane.failingSince ??= now
  if (!failing || lane.failing) return undefined
  lane.failing = true
  return 'failing'
}

export function wakeLane(lane: Lane, at: number): void {
  lane.wokenAt = at
  lane.notBefore = null
  if (lane.pending > 0) lane.dueAt = lane.closeBy = at
}

/** Whether a claim of the batch runs at `at`. */
export function leased(batch: LaneBatch, at: number): boolean {
  return batch.token !== null && legal(batch.leaseUntil, at, LONGEST.lease) > at
}

export function toStats(lane: Lane, counts: { oldestAt: number | null; inFlight: number; dead: number }): TargetStats {
  const { target, pending, failures, failingSince, failing, suspended, limit, seq } = lane
  return { target, pending, ...counts, dueAt: readyAt(lane, Infinity), failures, failingSince, failing, suspended, limit, seq }
}

/** Sorts by when and in which order the entry died; says nothing that the letter does not. */
export function letterId(target: string, diedAt: number, order: number): string {
  return `${instantKey(diedAt)}${order.toString(36).padStart(8, '0')}${target}`
}

/** Sorts as the instant does, and before every letter of that instant. */
export function instantKey(at: number): string {
  return Math.max(0, Math.floor(at)).toString(36).padStart(9, '0')
}
