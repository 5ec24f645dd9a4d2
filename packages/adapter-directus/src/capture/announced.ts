/** Which changes were announced within their transaction, so that the action that follows need not do it again. */
import type { ChangeEvent, ItemKey } from '@unstale/core'
import { ended, type Transaction } from './transactions.ts'

interface Named {
  collection: string
  event: ChangeEvent
  key: ItemKey
}

export interface Announced {
  add(change: Named, transaction: Transaction): void
  /** True, once for each time it was added. */
  take(change: Named): boolean
}

/** Milliseconds for which an action may be late. What is forgotten too early is announced twice, which does no harm. */
const PATIENCE = 60_000
const MOST = 50_000

export function createAnnounced(now: () => number): Announced {
  /** By change, the instants at which it was added; the longest untouched first. */
  const all = new Map<string, number[]>()
  const nameOf = ({ collection, event, key }: Named) => `${event} ${collection} ${key}`

  function take(change: Named): boolean {
    const name = nameOf(change)
    const times = all.get(name)
    const at = times?.shift()
    if (times?.length === 0) all.delete(name)
    return at !== undefined && now() - at < PATIENCE
  }

  return {
    add(change, transaction) {
      const name = nameOf(change)
      const times = all.get(name) ?? []
      all.delete(name)
      all.set(name, [...times, now()])
      const oldest = all.size > MOST ? all.keys().next().value : undefined
      if (oldest !== undefined) all.delete(oldest)
      void ended(transaction).then((committed) => {
        if (!committed) take(change)
      })
    },
    take,
  }
}
