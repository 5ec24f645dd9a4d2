import { toEntries, toEntry } from '../accept/intake.ts'
import type { Matcher } from '../accept/match.ts'
import { keyAlone } from '../accept/trim.ts'
import type { Change, Entry } from '../types.ts'

/** A committed change out of the inbox: what it was for its publisher, and what it is now that its fields were read. */
export interface Folded {
  at: number
  /** Hydrated. */
  change: Change
  /** As its publisher matched and trimmed it. */
  entries: readonly Entry[]
}

/**
 * Entries of committed changes. Targets that this process knows as published are matched anew, since fields may have
 * been read meanwhile and rules may have been added; everything else goes out as its publisher saw it, so that a process
 * that knows fewer targets, or older rules, drops nothing.
 */
export function fold(rows: readonly Folded[], matcher: Matcher): Entry[] {
  return rows.flatMap(({ at, change, entries }) => {
    const fresh = new Map(toEntries([change], matcher, at).map((entry) => [entry.target, entry]))
    const kept: Entry[] = []
    for (const carried of entries) {
      const bound = matcher.targets.get(carried.target)
      const anew = fresh.get(carried.target)
      fresh.delete(carried.target)
      if (bound?.target.status === 'archived') continue
      if (bound?.target.status !== 'published' || bound.revision !== carried.revision) kept.push(carried)
      else if (anew !== undefined) kept.push(anew)
      // It matched when it was published, and its newest values match no more: they must not be shown. What was unknown then,
      // and is known now, never matched.
      else if (carried.change.shows !== 'key')
        kept.push(toEntry(bound.target, carried.item, keyAlone(carried.change), bound.revision, at))
    }
    return [...kept, ...fresh.values()]
  })
}
