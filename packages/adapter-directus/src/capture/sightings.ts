/** What the filters saw of mutations that are about to happen, until it is known whether they did. */
import type { ChangeEvent, ItemKey } from '@unstale/core'
import type { Row } from '../host.ts'
import type { Transaction } from './transactions.ts'

/** A change without its instant. */
export interface Seen {
  collection: string
  event: ChangeEvent
  key: ItemKey
  fields: Row
  previous?: Row
}

/** One call that updates or deletes some items of a collection. */
export interface Sighting {
  collection: string
  event: 'update' | 'delete'
  /** By key as text. */
  items: ReadonlyMap<string, Seen>
  /** What the database will do on its own because of it. */
  derived: readonly Seen[]
  /** It changes nothing that anybody could ask for. */
  ignored: boolean
  /** The transaction in which it was seen, if one was open. */
  transaction: Transaction | null
  at: number
}

export interface Sightings {
  add(sighting: Sighting): void
  /** The last one that holds this item. */
  find(collection: string, event: string, key: ItemKey): Sighting | undefined
  /** It has happened. What comes next was not seen by this one. */
  remove(sighting: Sighting): void
}

/** Milliseconds after which a mutation that was seen will not happen any more. */
const PATIENCE = 60_000
/** Items that are remembered in all. */
const MOST = 100_000

export function createSightings(now: () => number): Sightings {
  /** Oldest first. */
  const sightings = new Set<Sighting>()
  let size = 0

  function remove(sighting: Sighting): void {
    if (sightings.delete(sighting)) size -= sighting.items.size
  }

  return {
    add(sighting) {
      sightings.add(sighting)
      size += sighting.items.size
      for (const old of sightings) {
        if (old === sighting || (size <= MOST && now() - old.at < PATIENCE)) break
        remove(old)
      }
    },
    remove,
    find(collection, event, key) {
      const text = String(key)
      let last: Sighting | undefined
      for (const sighting of sightings) {
        if (sighting.event === event && sighting.collection === collection && sighting.items.has(text)) last = sighting
      }
      return last
    },
  }
}
