/** `POST /flush`: announces items anew, as if they had been updated. */
import type { ChangeEvent, ChangeInput, ItemKey, Pipeline, Target } from '@unstale/core'
import type { Hono } from 'hono'
import type { Context } from '../options.ts'
import { resource } from '../resource.ts'
import { upToDate } from './actions.ts'
import { bodyOf, wrong } from './body.ts'
import type { Directory, KnownTarget } from './directory.ts'
import { queryOf } from './query.ts'

export interface FlushAnswer {
  /** Who will be told, and of how many entries. */
  accepted: readonly { target: string; entries: number }[]
  skipped: readonly { target: string; reason: SkipReason }[]
}

/**
 * `whole-collection`: it does not take whole collections: name keys, or set its `wholeCollection` · `not-asked`: none of its
 * rules asks for updates or creations of that · `filtered`: its filters exclude it · `draft`, `archived`: its status ·
 * `left-out`: it has to be mended.
 */
export type SkipReason = 'whole-collection' | 'not-asked' | 'filtered' | 'draft' | 'archived' | 'left-out'

interface Wish {
  target?: string
  /** Without: every collection that a rule names. */
  collection?: string
  /** Without: the whole collection. */
  keys?: readonly ItemKey[]
}

/** Keys of one request. */
const NAMED = 1_000

export function addFlush(app: Hono, { pipeline }: Pick<Context, 'pipeline'>, directory: Directory): void {
  resource(app, '/flush', {
    async POST(c) {
      queryOf(c, [])
      const wish = toWish(await bodyOf(c, ['target', 'collection', 'keys']))
      const all = await directory.list()
      const chosen = wish.target === undefined ? all : [await directory.find(wish.target)]
      return c.json(await flush(pipeline, all, chosen, wish))
    },
  })
}

async function flush(
  pipeline: Context['pipeline'],
  all: readonly KnownTarget[],
  chosen: readonly KnownTarget[],
  { target: named, collection, keys }: Wish,
): Promise<FlushAnswer> {
  const skipped = new Map<string, SkipReason>()
  const entries = new Map<string, number>()
  const plan = new Map<string, { collection: string; event: ChangeEvent; uids: string[] }>()
  for (const { key, uid, target } of chosen) {
    if (target?.status !== 'published') {
      // Nobody expects those to be told but who names one.
      if (named !== undefined) skipped.set(key, target === null ? 'left-out' : (target.status as 'draft' | 'archived'))
      continue
    }
    const wanted = collection === undefined ? collectionsOf(target, all) : [collection]
    const asked = wanted.flatMap((one) => eventOf(target, one) ?? [])
    if (asked.length === 0) {
      if (named !== undefined || collection === undefined) skipped.set(key, 'not-asked')
      continue
    }
    if (keys === undefined && !target.wholeCollection) {
      skipped.set(key, 'whole-collection')
      continue
    }
    entries.set(uid, 0)
    for (const { event, collection } of asked) {
      const name = `${event} ${collection}`
      const step = plan.get(name) ?? { event, collection, uids: [] }
      step.uids.push(uid)
      plan.set(name, step)
    }
  }
  for (const { collection, event, uids } of plan.values()) {
    const changes = (keys ?? ['*']).map((key) => ({ collection, event, key }))
    const told = await upToDate(pipeline, () => publishTo(pipeline, changes, uids))
    for (const [uid, count] of told) entries.set(uid, (entries.get(uid) ?? 0) + count)
  }
  const byUid = new Map(chosen.map(({ uid, key }) => [uid, key]))
  const keyed = [...entries].map(([uid, count]) => ({ target: byUid.get(uid) ?? uid, entries: count }))
  for (const { target } of keyed.filter((one) => one.entries === 0)) skipped.set(target, 'filtered')
  return {
    accepted: keyed.filter((one) => one.entries > 0),
    skipped: [...skipped].map(([target, reason]) => ({ target, reason })),
  }
}

/** Publishes to these targets, and answers with how many entries to each. */
async function publishTo(
  pipeline: Pick<Pipeline, 'publish' | 'on'>,
  changes: readonly ChangeInput[],
  uids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const told = new Map<string, number>()
  // Others publish meanwhile; who announces the very same items to the same targets tells the same.
  const same = (items: readonly { collection: string; key: ItemKey; event: string }[]) =>
    items.length === changes.length &&
    changes.every(({ collection, key, event }, at) => {
      const item = items[at]
      return item?.collection === collection && item.key === key && item.event === event
    })
  const stop = pipeline.on('accepted', ({ items, targets }) => {
    if (!same(items)) return
    for (const { uid, entries } of targets) if (uids.includes(uid)) told.set(uid, entries)
  })
  try {
    await pipeline.publish(changes, { targets: uids })
  } finally {
    stop()
  }
  return told
}

/** Those that its rules name; where one names every collection, those that anybody's rules name. */
function collectionsOf(target: Target, all: readonly KnownTarget[]): string[] {
  const named = (one: Target) => one.rules.map((rule) => rule.collection)
  const own = named(target)
  const names = own.includes('*') ? [...own, ...all.flatMap((one) => (one.target === null ? [] : named(one.target)))] : own
  return [...new Set(names)].filter((name) => name !== '*')
}

/** As an update, else as a creation. Never as a deletion: nothing was deleted, and a receiver might believe it. */
function eventOf(target: Target, collection: string): { collection: string; event: ChangeEvent } | null {
  const rules = target.rules.filter((rule) => rule.collection === collection || rule.collection === '*')
  const events = new Set(rules.flatMap((rule) => rule.events))
  const event = events.has('update') ? 'update' : events.has('create') ? 'create' : null
  return event === null ? null : { collection, event }
}

function toWish({ target, collection, keys }: Readonly<Record<string, unknown>>): Wish {
  if (target !== undefined && (typeof target !== 'string' || target === ''))
    throw wrong('target', 'has to be the key of a target')
  if (collection !== undefined && !isName(collection))
    throw wrong('collection', "has to be a collection's name; left out, it is every collection that a rule names")
  if (keys === undefined) return { ...(target !== undefined && { target }), ...(collection !== undefined && { collection }) }
  if (collection === undefined) throw wrong('keys', 'needs a collection: keys are those of a collection')
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > NAMED || !keys.every(isKey))
    throw wrong('keys', `has to be an array of 1 to ${NAMED} keys of items, or left out for the whole collection`)
  return { ...(target !== undefined && { target }), collection, keys: [...new Set(keys)] }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '*' && /^[^\p{Cc}]{1,255}$/u.test(value)
}

function isKey(value: unknown): value is ItemKey {
  return typeof value === 'number' ? Number.isFinite(value) : isName(value)
}
