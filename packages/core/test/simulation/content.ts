import type { ChangeEvent, ChangeInput, Rule } from '../../src/types.ts'
import type { Random } from './random.ts'

export interface Item {
  slug: string
  status: 'published' | 'draft'
  v: number
}

/** One change of the world's content, with the truth about both states. */
export interface Fact {
  change: ChangeInput & { timestamp: number }
  before: Item | null
  after: Item | null
  /** Whether its source told the state before. */
  tells: boolean
}

export interface Content {
  /** Something happens to some item. */
  happen(now: number): Fact
}

/** How long the texts of items are, in worlds where they have any: alone in a body, two in one, and too long for one. */
export const LENGTHS: readonly number[] = [0, 0, 1_000, 60_000, 120_000, 200_000, 300_000]

/**
 * The truth: a few items of two collections that are created, edited, renamed, published, unpublished and deleted.
 * `lengthOf` says how long the text of the next state is; 0: it has none.
 */
export function createContent(random: Random, lengthOf: () => number): Content {
  const items = new Map<string, Item | null>()
  let last = 0
  let versions = 0

  return {
    happen(now) {
      const collection = random.pick(['posts', 'posts', 'pages'])
      const key = 1 + random.below(4)
      const name = `${collection}/${key}`
      const before = items.get(name) ?? null
      const v = ++versions
      const event: ChangeEvent = before === null ? 'create' : random.chance(0.15) ? 'delete' : 'update'
      const after: Item | null =
        event === 'delete'
          ? null
          : {
              slug: before === null || random.chance(0.3) ? random.pick(['a', 'b', 'c', 'd']) : before.slug,
              status: before === null || random.chance(0.3) ? random.pick(['published', 'draft']) : before.status,
              v,
            }
      items.set(name, after)
      last = Math.max(last + 1, now)
      const length = lengthOf()
      const tells = event === 'update' && random.chance(0.85)
      return {
        before,
        after,
        tells,
        change: {
          collection,
          event,
          // The same item may be named by a number and by a text.
          key: random.chance(0.1) ? String(key) : key,
          fields: { ...(after ?? before), ...(length > 0 ? { text: 'x'.repeat(length) } : undefined) },
          ...(tells ? { previous: { ...before } } : undefined),
          timestamp: last,
        },
      }
    },
  }
}

/** What a target's rules oblige us to: nothing (null), or an announcement, with old slugs or without. */
export function obligation(fact: Fact, rules: readonly Rule[]): { old: string | null } | null {
  const { change, before, after, tells } = fact
  const known = change.event === 'update' && !tells ? undefined : before
  let obliged = false
  let old: string | null = null
  for (const rule of rules) {
    if (rule.collection !== '*' && rule.collection !== change.collection) continue
    if (!rule.events.includes(change.event)) continue
    const published = (item: Item | null | undefined) =>
      item === undefined ? undefined : item !== null && (!rule.filter || item.status === 'published')
    const is = published(after)
    const was = published(known)
    if (is !== true && was === false) continue
    obliged = true
    const replaced = known && known.slug !== after?.slug
    if (rule.previous?.includes('slug') && replaced && was === true) old = known.slug
  }
  return obliged ? { old } : null
}
