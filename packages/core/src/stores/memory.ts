import type { AppendResult, Store } from '../ports.ts'
import type { DeadLetter, DeadReason, Entry } from '../types.ts'
import { nextDueAt, selectDue } from './due.ts'
import {
  allowance,
  type Lane,
  leased,
  letterId,
  makeDue,
  newLane,
  noteAppend,
  noteRemoved,
  openBatch,
  owns,
  readyAt,
  reclaim,
  settleLane,
  toBatch,
  toStats,
  wakeLane,
} from './lane.ts'
import { memoryLog } from './log.ts'
import { memoryTargets } from './memory-targets.ts'
import {
  addEntry,
  type Held,
  insert,
  newPending,
  noteRefused,
  type Pending,
  putBack,
  takeOldest,
  takeWhere,
  toBatchEntry,
} from './pending.ts'

/** One target: its lane, and its entries by where they are. */
interface Kept {
  lane: Lane
  pending: Pending
  flying: readonly Held[]
  dead: Map<string, Letter>
}

type Letter = Omit<DeadLetter, 'entry'> & { held: Held }

const NOTHING: AppendResult = Object.freeze({ overflowed: Object.freeze([]), collapsible: Object.freeze([]) })

/**
 * Keeps everything in this process: fast, and gone with it. `now` is what `time()` answers (default: the machine's clock).
 */
export function memoryStore(options: { now?: () => number } = {}): Store {
  const { now = Date.now } = options
  const all = new Map<string, Kept>()
  const targets = memoryTargets()
  /** Those with something pending or a batch: an idle target costs nothing. */
  const active = new Set<Kept>()

  function reach(target: string, at: number): Kept {
    let kept = all.get(target)
    if (kept === undefined) {
      kept = empty(target, at)
      all.set(target, kept)
    }
    return kept
  }

  function* lanes(): Iterable<Lane> {
    for (const { lane } of active) yield lane
  }

  /** Keeps `active` true, and lets go of a target of which nothing is left, if `forgettable`. */
  function review(kept: Kept, forgettable = false): void {
    const idle = kept.lane.pending === 0 && kept.lane.batch === null
    if (idle) active.delete(kept)
    else active.add(kept)
    if (forgettable && idle && kept.dead.size === 0) all.delete(kept.lane.target)
  }

  function bury(kept: Kept, entries: readonly Held[], reason: DeadReason, diedAt: number): void {
    const { target } = kept.lane
    for (const held of entries) {
      const id = letterId(target, diedAt, held.order)
      kept.dead.set(id, { id, target, reason, diedAt, held })
    }
  }

  function add(entry: Entry): Kept {
    const kept = reach(entry.target, entry.at)
    const { lane } = kept
    const added = addEntry(kept.pending, entry, lane.nextOrder)
    if (added) lane.nextOrder += 1
    noteAppend(lane, entry, added)
    if (lane.pending === 1) active.add(kept)
    return kept
  }

  function overflow(over: ReadonlyMap<string, Entry>): AppendResult {
    const overflowed: { target: string; count: number }[] = []
    const collapsible: { target: string; collections: readonly string[] }[] = []
    for (const [target, entry] of over) {
      const kept = reach(target, entry.at)
      const count = kept.lane.pending - entry.maxPending
      if (count <= 0) continue
      if (entry.collapsible) {
        const collections = new Set<string>()
        for (const held of kept.pending.entries.values()) collections.add(held.last.collection)
        collapsible.push({ target, collections: [...collections].sort() })
      } else {
        bury(kept, takeOldest(kept.pending, count, Infinity), 'overflow', entry.at)
        noteRemoved(kept.lane, kept.pending.entries.size)
        overflowed.push({ target, count })
      }
    }
    return { overflowed, collapsible }
  }

  function lettersOf(target: string | undefined): Letter[] {
    if (target !== undefined) return [...(all.get(target)?.dead.values() ?? [])]
    return [...all.values()].flatMap(({ dead }) => [...dead.values()])
  }

  return {
    name: 'memory',
    durable: false,

    async append(entries) {
      let over: Map<string, Entry> | undefined
      for (const entry of entries) {
        const { lane } = add(entry)
        // Counted once all are in: an append is one step.
        if (lane.pending > entry.maxPending || over?.has(entry.target)) {
          over ??= new Map()
          over.set(entry.target, entry)
        }
      }
      return over === undefined ? NOTHING : overflow(over)
    },

    async collapse(target, entries) {
      const kept = all.get(target)
      const collections = new Set(entries.map(({ change }) => change.collection))
      const removed = kept === undefined ? [] : takeWhere(kept.pending, ({ last }) => collections.has(last.collection))
      if (kept !== undefined) kept.lane.pending = kept.pending.entries.size
      for (const entry of entries) {
        const { lane, pending } = reach(target, entry.at)
        const { item, identity, change, revision, at } = entry
        const place = removed.findIndex(({ last }) => last.collection === change.collection)
        if (place < 0) {
          add(entry)
          continue
        }
        const { order, appendedAt } = removed.splice(place, 1)[0] as Held
        insert(pending, { item, identity, first: change, last: change, revision, appendedAt, lastAt: at, order, refusedIn: 0 })
        lane.pending = pending.entries.size
      }
      if (kept !== undefined) noteRemoved(kept.lane, kept.pending.entries.size)
    },

    due: async (query) => selectDue(lanes(), query),

    async claim(request) {
      const kept = all.get(request.target)
      if (kept === undefined) return null
      const { lane, pending } = kept
      const at = readyAt(lane, request.now)
      if (at === null || at > request.now) return null
      const again = reclaim(lane, request)
      if (again !== null) return toBatch(lane, again, kept.flying.map(toBatchEntry), true)
      kept.flying = takeOldest(pending, allowance(lane, request), request.bytes)
      return toBatch(lane, openBatch(lane, request, pending.entries.size), kept.flying.map(toBatchEntry), false)
    },

    async renew(receipt, leaseUntil) {
      const lane = all.get(receipt.target)?.lane
      if (lane?.batch == null || !owns(lane, receipt)) return false
      lane.batch.leaseUntil = leaseUntil
      return true
    },

    async settle(receipt, verdict, now) {
      const kept = all.get(receipt.target)
      if (kept === undefined || !owns(kept.lane, receipt)) return { ok: false }
      const { lane, pending, flying } = kept
      const seq = lane.batch?.seq ?? 0
      const { fate, transition } = settleLane(lane, verdict, now)
      if (fate === 'back') {
        if (verdict.kind === 'split') noteRefused(pending, flying, seq, () => lane.nextOrder++)
        putBack(pending, flying)
        lane.pending = pending.entries.size
      } else if (fate === 'dead' && verdict.kind === 'dead') {
        bury(kept, flying, verdict.reason, now)
      }
      if (fate !== 'kept') kept.flying = []
      review(kept, fate === 'freed')
      return { ok: true, ...(transition && { transition }) }
    },

    async wake(target, at) {
      const kept = all.get(target)
      if (kept !== undefined) wakeLane(kept.lane, at)
    },

    async suspend(target, reason, at) {
      reach(target, at).lane.suspended = reason
    },

    async resume(target, at) {
      const kept = all.get(target)
      if (kept === undefined) return
      kept.lane.suspended = null
      wakeLane(kept.lane, at)
    },

    peek: async (query) => ({ nextDueAt: nextDueAt(lanes(), query), inbox: false, targets: targets.version() }),

    async stats(targets) {
      return targets.map((target) => {
        const { lane, pending, flying, dead } = all.get(target) ?? empty(target, 0)
        let oldest = pending.entries.values().next().value
        for (const held of flying) if (oldest === undefined || held.order < oldest.order) oldest = held
        return toStats(lane, { oldestAt: oldest?.appendedAt ?? null, inFlight: flying.length, dead: dead.size })
      })
    },

    async listDead({ target, limit, before }) {
      const letters = lettersOf(target).filter(({ id }) => before === undefined || id < before)
      letters.sort((a, b) => (a.id > b.id ? -1 : 1))
      return letters.slice(0, limit).map(({ held, ...letter }) => ({ ...letter, entry: toBatchEntry(held) }))
    },

    async redrive({ target, ids, now }) {
      const kept = all.get(target)
      if (kept === undefined) return 0
      const { lane, pending, dead } = kept
      const letters = [...dead.values()].filter(({ id }) => ids === undefined || ids.includes(id))
      if (letters.length === 0) return 0
      for (const { id, held } of letters) {
        dead.delete(id)
        // It gets its chances anew.
        held.refusedIn = 0
      }
      putBack(
        pending,
        letters.map(({ held }) => held).sort((a, b) => a.order - b.order),
      )
      makeDue(lane, pending.entries.size, now)
      review(kept)
      return letters.length
    },

    async forget(target, asOf) {
      const kept = all.get(target)
      if (kept === undefined) return
      const { lane, pending, dead } = kept
      const old = ({ lastAt }: Held) => lastAt <= asOf
      takeWhere(pending, old)
      noteRemoved(lane, pending.entries.size)
      for (const [id, { held }] of dead) if (old(held)) dead.delete(id)
      if (lane.batch !== null && kept.flying.some(old)) {
        // What came after goes out under another id: a batch keeps its entries or is none.
        const rest = kept.flying.filter((held) => !old(held))
        kept.flying = []
        putBack(pending, rest)
        if (rest.length > 0) makeDue(lane, pending.entries.size, asOf)
        if (leased(lane.batch, asOf)) lane.batch.forgotten = true
        else lane.batch = null
      }
      review(kept, true)
    },

    async prune({ before, limit }) {
      const letters = lettersOf(undefined).filter(({ diedAt }) => diedAt < before)
      letters.sort((a, b) => (a.id < b.id ? -1 : 1))
      const pruned = letters.slice(0, limit)
      for (const { id, target } of pruned) all.get(target)?.dead.delete(id)
      return pruned.length
    },

    time: async () => now(),
    close: async () => {},
    targets,
    log: (bounds) => memoryLog(bounds),
  }
}

function empty(target: string, at: number): Kept {
  return { lane: newLane(target, at), pending: newPending(), flying: [], dead: new Map() }
}
