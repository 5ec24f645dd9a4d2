import type { Outcome } from '../types.ts'

/** The most that waits: beyond it the oldest are dropped. */
const WAITING = { outcomes: 5_000, items: 50_000 }
/** The most that is written at once, unless a single outcome has more. */
const GROUP = { outcomes: 200, items: 500 }

/** Outcomes on their way into the delivery log, in order; only so many may wait. */
export interface WaitingOutcomes {
  size(): number
  /** Whether there are enough for one write. */
  isGroup(): boolean
  /** Answers how many of the oldest it had to drop. */
  add(outcome: Outcome): number
  /** The oldest, as many as one write may have. */
  take(): Outcome[]
  /** What was taken goes before the others. Answers as `add`. */
  putBack(group: readonly Outcome[]): number
  /** Answers how many there were. */
  clear(): number
}

export function waitingOutcomes(): WaitingOutcomes {
  let outcomes: Outcome[] = []
  let items = 0

  function dropOldest(): number {
    let count = 0
    while (outcomes.length - count > WAITING.outcomes || (items > WAITING.items && outcomes.length - count > 1)) {
      items -= itemsOf(outcomes[count])
      count += 1
    }
    if (count > 0) outcomes.splice(0, count)
    return count
  }

  return {
    size: () => outcomes.length,
    isGroup: () => outcomes.length >= GROUP.outcomes || items >= GROUP.items,
    add(outcome) {
      outcomes.push(outcome)
      items += itemsOf(outcome)
      return dropOldest()
    },
    take() {
      let count = 0
      let taken = 0
      while (count < Math.min(outcomes.length, GROUP.outcomes)) {
        const more = itemsOf(outcomes[count])
        if (count > 0 && taken + more > GROUP.items) break
        taken += more
        count += 1
      }
      items -= taken
      return outcomes.splice(0, count)
    },
    putBack(group) {
      outcomes = [...group, ...outcomes]
      for (const outcome of group) items += itemsOf(outcome)
      return dropOldest()
    },
    clear() {
      const count = outcomes.length
      outcomes = []
      items = 0
      return count
    },
  }
}

function itemsOf(outcome: Outcome | undefined): number {
  return outcome?.batch.items.length ?? 0
}
