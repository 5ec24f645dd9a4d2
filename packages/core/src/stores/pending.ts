/** A pending set: entries by identity, oldest first, and what happens where two of them are of one item. */
import type { BatchEntry, Entry, TrimmedChange } from '../types.ts'

/** An entry as a store keeps it. */
export interface Held extends Omit<BatchEntry, 'refusedIn'> {
  /** Numbers the target's entries by their first append. */
  order: number
  /** 0: never refused. */
  refusedIn: number
}

export interface Pending {
  /** By identity, in the order of `order`. */
  entries: Map<string, Held>
  /** Entries whose identity is not their item's own, by item: only where old values are announced. */
  variants: Map<string, Held[]>
}

export function newPending(): Pending {
  return { entries: new Map(), variants: new Map() }
}

/** Laws 2 and 3, for one entry. Answers whether it is a new one; it then has `order`. */
export function addEntry(pending: Pending, entry: Entry, order: number): boolean {
  const { item, identity, change, revision, at } = entry
  const known = pending.entries.get(identity)
  if (known !== undefined) {
    // Reported late, it is still what came first.
    if (at < known.appendedAt) {
      known.first = change
      known.appendedAt = at
    }
    if (at >= known.lastAt) {
      // A receiver that refused it has not seen it like this.
      known.refusedIn = 0
      renewLast(pending, known, change, revision, at)
    }
    return false
  }
  const held = { item, identity, first: change, last: change, revision, appendedAt: at, lastAt: at, order, refusedIn: 0 }
  link(pending, held)
  shareLast(pending, held)
  return true
}

/** Law 11: entries come back from a batch or from the dead letters. */
export function putBack(pending: Pending, returned: readonly Held[]): void {
  if (returned.length === 0) return
  for (const held of returned) {
    const known = pending.entries.get(held.identity)
    if (known === undefined) {
      link(pending, held)
      // At a tie what was pending is the newer.
      const sibling = siblingOf(pending, held)
      if (sibling !== undefined && sibling.lastAt === held.lastAt) copyLast(sibling, held)
      else shareLast(pending, held)
      continue
    }
    known.order = Math.min(held.order, known.order)
    if (held.appendedAt <= known.appendedAt) {
      known.first = held.first
      known.appendedAt = held.appendedAt
    }
    known.refusedIn = 0
    if (held.lastAt > known.lastAt) renewLast(pending, known, held.last, held.revision, held.lastAt)
  }
  sort(pending)
}

/**
 * What a receiver refused as batch `seq` is about to be put back. Each entry remembers when it was first refused; one that
 * was alone goes behind the others, unless it merges with one that is pending.
 */
export function noteRefused(pending: Pending, refused: readonly Held[], seq: number, nextOrder: () => number): void {
  for (const held of refused) held.refusedIn ||= seq
  const [alone] = refused
  if (refused.length === 1 && alone !== undefined && !pending.entries.has(alone.identity)) alone.order = nextOrder()
}

/** Removes and answers the oldest entries: at least one, at most `count`, and not more than `bytes` characters in all. */
export function takeOldest(pending: Pending, count: number, bytes: number): Held[] {
  const taken: Held[] = []
  let sum = 0
  for (const held of pending.entries.values()) {
    sum += weightOf(held)
    if (taken.length === count || (sum > bytes && taken.length > 0)) break
    taken.push(held)
  }
  for (const held of taken) unlink(pending, held)
  return taken
}

/** Removes and answers the entries that fulfil `test`. */
export function takeWhere(pending: Pending, test: (held: Held) => boolean): Held[] {
  const taken = [...pending.entries.values()].filter(test)
  for (const held of taken) unlink(pending, held)
  return taken
}

export function insert(pending: Pending, held: Held): void {
  link(pending, held)
  sort(pending)
}

/** About how many characters an entry adds to a body. */
export function weightOf({ first, last }: Pick<Held, 'first' | 'last'>): number {
  return (first.previous?.length ?? 0) + last.fields.length + 100
}

export function toBatchEntry({ item, identity, first, last, revision, appendedAt, lastAt, refusedIn }: Held): BatchEntry {
  const entry = { item, identity, first, last, revision, appendedAt, lastAt }
  return refusedIn === 0 ? entry : { ...entry, refusedIn }
}

function renewLast(pending: Pending, held: Held, last: TrimmedChange, revision: string, lastAt: number): void {
  held.last = last
  held.revision = revision
  held.lastAt = lastAt
  shareLast(pending, held)
}

/** Gives all entries of the item the newest `last`: that of `held`, unless theirs is newer. */
function shareLast(pending: Pending, held: Held): void {
  const sibling = siblingOf(pending, held)
  if (sibling === undefined) return
  if (sibling.lastAt > held.lastAt) {
    copyLast(sibling, held)
    return
  }
  const plain = pending.entries.get(held.item)
  if (plain !== undefined && plain.item === held.item) copyLast(held, plain)
  for (const other of pending.variants.get(held.item) ?? []) copyLast(held, other)
}

/** Any other entry of the item: all of them share their `last`. */
function siblingOf(pending: Pending, held: Held): Held | undefined {
  if (pending.variants.size === 0) return undefined
  const variants = pending.variants.get(held.item)
  if (variants === undefined) return undefined
  const other = variants.find((variant) => variant !== held)
  if (other !== undefined) return other
  const plain = pending.entries.get(held.item)
  return plain !== held && plain?.item === held.item ? plain : undefined
}

function copyLast(from: Held, to: Held): void {
  // As in `addEntry`: what was refused was not this.
  if (to.lastAt !== from.lastAt) to.refusedIn = 0
  to.last = from.last
  to.revision = from.revision
  to.lastAt = from.lastAt
}

function link(pending: Pending, held: Held): void {
  pending.entries.set(held.identity, held)
  if (held.identity === held.item) return
  const variants = pending.variants.get(held.item)
  if (variants === undefined) pending.variants.set(held.item, [held])
  else variants.push(held)
}

function unlink(pending: Pending, held: Held): void {
  pending.entries.delete(held.identity)
  if (held.identity === held.item) return
  const left = (pending.variants.get(held.item) ?? []).filter((variant) => variant !== held)
  if (left.length === 0) pending.variants.delete(held.item)
  else pending.variants.set(held.item, left)
}

/** A map keeps the order in which its keys came; entries that come back belong in front. */
function sort(pending: Pending): void {
  const sorted = [...pending.entries.values()].sort((a, b) => a.order - b.order)
  pending.entries = new Map(sorted.map((held) => [held.identity, held]))
}
