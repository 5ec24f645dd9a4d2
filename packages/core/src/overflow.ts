import { wholeCollectionEntry } from './accept/intake.ts'
import type { AlignedClock } from './clock.ts'
import type { Teller } from './deliver/notify.ts'
import type { AppendResult, Store } from './ports.ts'
import { type Roster, refOf } from './targets.ts'

/** What follows when more waits for a target than may: people are told of dead letters, and what may be collapsed is. */
export function createRelief(deps: {
  store: Store
  roster: Roster
  teller: Teller
  time: AlignedClock
}): (result: AppendResult) => Promise<void> {
  const { store, roster, teller, time } = deps
  return async ({ overflowed, collapsible }) => {
    if (overflowed.length === 0 && collapsible.length === 0) return
    const at = time.now()
    const { matcher } = await roster.ready()
    for (const { target, count } of overflowed) {
      const bound = matcher.targets.get(target)
      if (bound === undefined) continue
      teller.incident({ kind: 'dead', target: refOf(bound.target), reason: 'overflow', items: [], count, at })
    }
    for (const { target, collections } of collapsible) {
      const bound = matcher.targets.get(target)
      if (bound === undefined) continue
      await store.collapse(
        target,
        collections.map((collection) => wholeCollectionEntry(bound.target, collection, bound.revision, at)),
      )
    }
  }
}
