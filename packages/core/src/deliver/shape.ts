import { type BoundTarget, type Plan, viewOf, type Warn } from '../accept/match.ts'
import { pickPaths } from '../accept/paths.ts'
import { keyAlone, statesOf, trim, untrim } from '../accept/trim.ts'
import { netEvent } from '../batch/dedupe.ts'
import type { Batch, BatchEntry, ItemRef, TrimmedChange } from '../types.ts'
import { toBatchBody, toIdsBody, toSingleBody, type WireEvent } from '../wire/formats.ts'

export interface Shaped {
  body: string
  items: readonly ItemRef[]
}

/**
 * The body of a batch in its target's format; null: nothing is left to send. It depends on the batch's entries and
 * binding and on the target's rules and format alone, so that every attempt under one id carries the same items.
 */
export function shape(batch: Batch, bound: BoundTarget, warn: Warn): Shaped | null {
  const events: Shape[] = []
  for (const entry of batch.entries) {
    const current = bind(entry, batch, bound, warn)
    if (current === null) continue
    const { first, last } = current
    const { collection, key, fields, timestamp } = last
    const event = netEvent(first.event, last.event, bound.eventsOf(collection))
    const wire: WireEvent = { collection, event, key, fields, timestamp }
    if (first.previous !== undefined) wire.previous = first.previous
    if (last.truncated) wire.truncated = true
    events.push({ item: entry.item, wire })
  }
  const wire = withoutEchoes(events)
  if (wire.length === 0) return null
  return {
    body: format(wire, bound),
    items: wire.map(({ collection, key, event }) => ({ collection, key, event })),
  }
}

interface Shape {
  item: string
  wire: WireEvent
}

/** An item's event without old values says nothing that the same event with some does not say. */
function withoutEchoes(events: readonly Shape[]): WireEvent[] {
  const telling = new Set<string>()
  for (const { item, wire } of events) if (wire.previous !== undefined) telling.add(`${wire.event} ${item}`)
  if (telling.size === 0) return events.map(({ wire }) => wire)
  return events
    .filter(({ item, wire }) => wire.previous !== undefined || !telling.has(`${wire.event} ${item}`))
    .map(({ wire }) => wire)
}

function format(events: readonly WireEvent[], { target }: BoundTarget): string {
  if (target.format === 'batch') return toBatchBody(events)
  // A claim for a `single` target takes one entry.
  if (target.format === 'single') return toSingleBody(events[0] as WireEvent)
  const { uid, key, name, url, filter } = target
  return toIdsBody(events, { name, id: uid, key, url, ...(filter === undefined ? undefined : { filter }) })
}

/** An entry as the target's rules see it now: late binding, for entries that were appended before the list was loaded. */
function bind(entry: BatchEntry, batch: Batch, bound: BoundTarget, warn: Warn): Pick<BatchEntry, 'first' | 'last'> | null {
  if (entry.revision === bound.revision || entry.lastAt > batch.binding.asOf) return entry
  const { first, last } = entry
  // A whole collection stands for whatever happened in it.
  if (last.key !== '*' && (first === last || sameChange(first, last))) {
    const plan = bound.planFor(last.collection, last.event)
    const again = retrim(last, plan, warn)
    return plan === null || again === null ? null : { first: withOld(again, first.previous, plan), last: again }
  }
  // It stands for changes of which only the two ends are known: whatever lay between may be asked for, too.
  const plan = bound.planFor(last.collection, 'any')
  if (plan === null) return null
  return {
    first: withOld(retrim(first, plan, warn) ?? keyAlone(first), first.previous, plan),
    last: retrim(last, plan, warn) ?? keyAlone(last),
  }
}

/**
 * The old values that an entry was kept for. Whether a change replaced them while a filter matched that came later is
 * not known; they might be sent when it was accepted, so they are sent as far as the rules still name them.
 */
function withOld(trimmed: TrimmedChange, previous: string | undefined, plan: Plan): TrimmedChange {
  if (previous === undefined || trimmed.previous !== undefined) return trimmed
  const names = plan.rules.flatMap(({ rule }) => rule.previous ?? [])
  const old = pickPaths(JSON.parse(previous) as Record<string, unknown>, names)
  return Object.keys(old).length === 0 ? trimmed : { ...trimmed, previous: JSON.stringify(old) }
}

/** Null: no rule asks for it, or the filters say no. */
function retrim(trimmed: TrimmedChange, plan: Plan | null, warn: Warn): TrimmedChange | null {
  if (plan === null) return null
  const change = untrim(trimmed)
  const { before, after } = statesOf(change)
  const view = viewOf(plan, change, before, after, warn)
  if (view === null) return null
  const again = trim(change, before, after, view)
  return trimmed.truncated ? { ...again, truncated: true } : again
}

function sameChange(one: TrimmedChange, other: TrimmedChange): boolean {
  return (
    one.event === other.event &&
    one.timestamp === other.timestamp &&
    one.fields === other.fields &&
    one.previous === other.previous
  )
}
