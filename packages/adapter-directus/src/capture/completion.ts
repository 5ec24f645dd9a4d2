/** Which items of a call that was seen did change: each leaves its own row of activity, in one transaction. */
import type { Seen, Sighting } from './sightings.ts'
import { ended, type Transaction } from './transactions.ts'

export interface Completion {
  /**
   * One more has changed. Answers all that is to be announced once the last one has, else null. When the transaction was
   * committed `left` is called, with what changed if it was not all: filters see calls that are refused afterwards, and
   * somebody else may change one of their items without any filter.
   */
  add(sighting: Sighting, key: string, transaction: Transaction, left: (happened: Seen[]) => void): readonly Seen[] | null
}

export function createCompletion(): Completion {
  /** By transaction: one that is rolled back may be tried again, without its filters. */
  const all = new WeakMap<Transaction, Map<Sighting, Set<string>>>()

  return {
    add(sighting, key, transaction, left) {
      const sightings = all.get(transaction) ?? new Map<Sighting, Set<string>>()
      all.set(transaction, sightings)
      let keys = sightings.get(sighting)
      if (keys === undefined) {
        const own = new Set<string>()
        keys = own
        sightings.set(sighting, own)
        void ended(transaction).then((committed) => {
          if (committed) left(own.size === sighting.items.size ? [] : happened(sighting, own))
        })
      }
      if (keys.has(key)) return null
      keys.add(key)
      return keys.size === sighting.items.size ? happened(sighting, keys) : null
    },
  }
}

function happened(sighting: Sighting, keys: ReadonlySet<string>): Seen[] {
  const items = [...sighting.items].flatMap(([key, seen]) => (keys.has(key) ? [seen] : []))
  return [...items, ...sighting.derived]
}
