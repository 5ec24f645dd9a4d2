/** Appends as arguments of their script. */
import { LONGEST } from '../../ports.ts'
import type { Entry } from '../../types.ts'
import { BETWEEN, instant, nameOf, toSafe, toState } from './entry-text.ts'

/**
 * Appends, as their script reads them (lua/append.ts), in one text: a client would look at every argument on its own, and
 * that would take longer than all the rest.
 */
export function toParts(appends: readonly (readonly Entry[])[]): Uint8Array {
  const values: string[] = []
  const write = stateWriter()
  for (const entries of appends) addPart(values, entries, write)
  return Buffer.from(values.join(BETWEEN))
}

function addPart(values: string[], entries: readonly Entry[], write: (entry: Entry) => string): void {
  const byTarget = new Map<string, Entry[]>()
  for (const entry of entries) {
    const of = byTarget.get(entry.target)
    if (of === undefined) byTarget.set(entry.target, [entry])
    else of.push(entry)
  }
  values.push(String(byTarget.size))
  for (const target of byTarget.keys()) values.push(toSafe(target))
  for (const of of byTarget.values()) {
    const width = of.some(({ item, identity }) => item !== identity) ? 3 : 2
    values.push(toHead(of, width))
    for (const entry of of) {
      const { item, identity } = entry
      values.push(nameOf(identity), write(entry))
      if (width === 3) values.push(item === identity ? '' : nameOf(item))
    }
  }
}

/** Targets with the same rules share their changes, and so what was written of them. */
function stateWriter(): (entry: Entry) => string {
  const known = new Map<Entry['change'], { entry: Entry; state: string }>()
  return (entry) => {
    const { change, item, identity, revision, at } = entry
    const same = known.get(change)
    if (same !== undefined) {
      const { entry: other, state } = same
      if (other.at === at && other.revision === revision && other.item === item && other.identity === identity) return state
    }
    const state = toState(entry)
    known.set(change, { entry, state })
    return state
  }
}

/** What the entries of one target have in common, and what follows from their order (law 2, law 15). */
export function toHead(entries: readonly Entry[], width: number): string {
  const [first, last] = [entries[0], entries.at(-1)]
  if (first === undefined || last === undefined) throw new Error('a head is of at least one entry')
  let { closeBy, at: minAt, at: maxAt, maxPending: least } = first
  let alike = true
  for (const entry of entries) {
    const { at, quietUntil, maxPending } = entry
    // What is no number makes the sum none.
    instant(at + quietUntil + entry.closeBy)
    if (at < minAt) minAt = at
    if (at > maxAt) maxAt = at
    if (maxPending !== least) {
      alike = false
      if (maxPending < least) least = maxPending
    }
    // As lua/append.ts does where the pending set is not empty.
    if (entry !== first && closeBy > at + LONGEST.window) closeBy = at
  }
  const { at, quietUntil, size, maxPending, collapsible } = last
  const each = alike ? '' : entries.map((entry) => entry.maxPending).join()
  return [
    entries.length,
    width,
    first.at,
    at,
    quietUntil,
    closeBy,
    minAt,
    maxAt,
    size,
    least,
    maxPending,
    collapsible ? 1 : 0,
    each,
  ].join(';')
}
