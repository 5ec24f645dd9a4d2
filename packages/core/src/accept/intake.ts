import { identityOf, itemOf } from '../batch/dedupe.ts'
import { windowOf } from '../batch/window.ts'
import type { Change, Entry, Target, TrimmedChange } from '../types.ts'
import type { Matcher } from './match.ts'
import { trim } from './trim.ts'

/** From changes to entries: one for each change and target that asked for it, stamped `at`. */
export function toEntries(changes: readonly Change[], matcher: Matcher, at: number): Entry[] {
  const entries: Entry[] = []
  for (const change of changes) {
    const item = itemOf(change.collection, change.key)
    // Targets with the same rules share one trimmed change.
    let shared: Map<string, TrimmedChange> | undefined
    let only: { revision: string; trimmed: TrimmedChange } | undefined
    matcher.match(change, ({ bound }, view, before, after) => {
      const { target, revision } = bound
      let trimmed = only?.revision === revision ? only.trimmed : shared?.get(revision)
      if (trimmed === undefined) {
        trimmed = trim(change, before, after, view)
        if (only === undefined) only = { revision, trimmed }
        else {
          shared ??= new Map()
          shared.set(revision, trimmed)
        }
      }
      entries.push(toEntry(target, item, trimmed, revision, at))
    })
  }
  return entries
}

/** The entry of one whole collection, for a target whose pending set has overflowed. */
export function wholeCollectionEntry(target: Target, collection: string, revision: string, at: number): Entry {
  const trimmed: TrimmedChange = { collection, event: 'update', key: '*', timestamp: at, fields: '{"id":"*"}' }
  return toEntry(target, itemOf(collection, '*'), trimmed, revision, at)
}

/** An entry is made whole for one target: the store adds nothing and asks nobody. */
export function toEntry(target: Target, item: string, change: TrimmedChange, revision: string, at: number): Entry {
  const { quietUntil, closeBy } = windowOf(target.window, at)
  return {
    target: target.uid,
    item,
    identity: identityOf(item, change.previous),
    change,
    revision,
    at,
    quietUntil,
    closeBy,
    size: target.format === 'single' ? 1 : target.window.size,
    maxPending: target.maxPending,
    collapsible: target.wholeCollection,
  }
}
