/**
 * Pending entries as this process wrote them, so that a claim need not read them again. Each transaction has a number, a
 * stamp, and each row that of the last one that wrote it. So what another process has made of a row since, or what was
 * undone, is not taken for the row.
 */
import { randomInt } from 'node:crypto'
import { type Held, weightOf } from '../pending.ts'

export interface Recall {
  /** The number of one more transaction. */
  stamp(): number
  keep(lane: number, stamp: number, held: Held): void
  /** Answers an entry, and forgets it. */
  take(lane: number, stamp: number, order: number): Held | undefined
}

/** The most that is kept, in entries and characters. */
const ENTRIES = 50_000
const CHARACTERS = 32_000_000

export function createRecall(): Recall {
  let last = randomInt(2 ** 47)
  const lanes = new Map<number, Map<number, { stamp: number; held: Held }>>()
  let [entries, characters] = [0, 0]

  function remove(lane: number, order: number): { stamp: number; held: Held } | undefined {
    const known = lanes.get(lane)
    const found = known?.get(order)
    if (known === undefined || found === undefined) return undefined
    known.delete(order)
    if (known.size === 0) lanes.delete(lane)
    entries -= 1
    characters -= weightOf(found.held)
    return found
  }

  return {
    stamp: () => ++last,
    keep(lane, stamp, held) {
      remove(lane, held.order)
      // What others claim stays here. To begin anew is cheap, and rarely needed.
      if (entries >= ENTRIES || characters >= CHARACTERS) {
        lanes.clear()
        entries = characters = 0
      }
      let known = lanes.get(lane)
      if (known === undefined) lanes.set(lane, (known = new Map()))
      known.set(held.order, { stamp, held })
      entries += 1
      characters += weightOf(held)
    },
    take(lane, stamp, order) {
      const found = remove(lane, order)
      return found?.stamp === stamp ? found.held : undefined
    },
  }
}
