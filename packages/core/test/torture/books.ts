import type { Said } from './child.ts'
import type { Arrival } from './sink.ts'

/** Why a batch arrived twice. */
export type Reason =
  /** The sink broke the connection after it had taken the batch. */
  | 'its answer was lost'
  /** …before it could store that the batch is delivered. */
  | 'its sender was killed'
  /** The sender lived, and gave the batch up in time, or found that the claim was no longer its own. */
  | 'its lease ran out'
  | 'unexplained'

export interface Duplicate {
  reason: Reason
  before: Arrival
  again: Arrival
  /** What the sender said of it after `before`. */
  said: readonly Settled[]
}

export interface Books {
  heard(sender: string, said: Said): void
  /** Everything it said has been heard. */
  killed(worker: string, at: number): void
  arrived(arrival: Arrival): void
  /**
   * Milliseconds between the kill of a worker that held a batch and the batch's next arrival, from another; one each.
   * Time in which no worker was at work, since all were starting, does not count.
   */
  readonly takeovers: readonly number[]
  /** For each arrival of a batch that had been accepted before: why it was sent again. */
  duplicates(arrivals: readonly Arrival[]): Duplicate[]
}

interface Settled {
  at: number
  verdict: string
  ok: boolean
}

interface Worker {
  killedAt: number
  /** Targets whose batch it may hold: it has asked, and not said what it got. */
  claiming: Set<string>
  /** Batch id → target. */
  holding: Map<string, string>
  /** What it said of each batch, in order. */
  settled: Map<string, Settled[]>
}

/** Who held which batch when, from what the workers say and what arrives. */
export function createBooks(): Books {
  const staffed = staffedClock()
  const workers = new Map<string, Worker>()
  const takeovers: number[] = []
  /** Batches whose holder was killed, by id; `since` by the clock that counts staffed time only. */
  const orphans = new Map<string, { target: string; since: number }>()
  /** Targets of which a worker was killed while it claimed, by uid: it may have got the batch, and nobody heard which. */
  const unheard = new Map<string, number>()

  function workerOf(name: string): Worker {
    const worker = workers.get(name) ?? { killedAt: Infinity, claiming: new Set(), holding: new Map(), settled: new Map() }
    workers.set(name, worker)
    return worker
  }

  function explained(before: Arrival, again: Arrival): Duplicate {
    const { killedAt, settled } = workerOf(before.sender)
    const said = (settled.get(before.id) ?? []).filter(({ at }) => at >= before.at)
    const reason = (): Reason => {
      if (before.answer === 'reset') return 'its answer was lost'
      if (said.length === 0) return killedAt <= again.at ? 'its sender was killed' : 'unexplained'
      return said.every(({ verdict, ok }) => !ok || verdict === 'aborted') ? 'its lease ran out' : 'unexplained'
    }
    return { reason: reason(), before, again, said }
  }

  return {
    takeovers,
    heard(name, said) {
      if (said === 'ready') return name.startsWith('worker') ? staffed.comes(name) : undefined
      if ('key' in said) return
      const { claiming, holding, settled } = workerOf(name)
      if ('claiming' in said) claiming.add(said.claiming)
      else if ('settled' in said) {
        holding.delete(said.settled)
        settled.set(said.settled, [...(settled.get(said.settled) ?? []), { at: Date.now(), verdict: said.verdict, ok: said.ok }])
      } else {
        const { target, claimed, reclaimed } = said
        claiming.delete(target)
        if (claimed === null) return
        holding.set(claimed, target)
        const since = unheard.get(target)
        unheard.delete(target)
        if (reclaimed && since !== undefined && !orphans.has(claimed)) orphans.set(claimed, { target, since })
      }
    },
    killed(name, at) {
      const worker = workerOf(name)
      worker.killedAt = at
      const since = staffed.now()
      staffed.goes(name)
      for (const [id, target] of worker.holding) orphans.set(id, { target, since })
      for (const target of worker.claiming) {
        unheard.set(target, since)
        // It may have been the next holder.
        for (const orphan of orphans.values()) if (orphan.target === target) orphan.since = since
      }
    },
    arrived({ id, sender, at }) {
      const orphan = orphans.get(id)
      if (orphan === undefined || workerOf(sender).killedAt <= at) return
      orphans.delete(id)
      takeovers.push(staffed.now() - orphan.since)
    },
    duplicates(arrivals) {
      const accepted = new Map<string, Arrival>()
      return arrivals.flatMap((arrival) => {
        if (!arrival.accepted) return []
        const before = accepted.get(arrival.id)
        accepted.set(arrival.id, arrival)
        return before === undefined ? [] : [explained(before, arrival)]
      })
    },
  }
}

/** Stands still while nobody is there. */
function staffedClock(): { now(): number; comes(name: string): void; goes(name: string): void } {
  const present = new Set<string>()
  let sum = 0
  let since = 0
  const now = () => sum + (present.size > 0 ? Date.now() - since : 0)
  return {
    now,
    comes(name) {
      if (present.size === 0) since = Date.now()
      present.add(name)
    },
    goes(name) {
      sum = now()
      since = Date.now()
      present.delete(name)
    },
  }
}
