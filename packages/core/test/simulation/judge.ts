import { itemOf } from '../../src/batch/dedupe.ts'
import { MAX_BODY } from '../../src/batch/window.ts'
import { obligation } from './content.ts'
import type { Received, ReceivedEvent } from './receiver.ts'
import type { World } from './world.ts'

/** What went wrong in a world; nothing, if the guarantees hold. */
export async function judge(world: World): Promise<string[]> {
  return [
    ...(await lost(world)),
    ...(await stranded(world)),
    ...changedBatches(world),
    ...overlaps(world),
    ...disorder(world),
    ...early(world),
    ...large(world),
    ...world.breaches,
  ]
}

/** Every accepted change is covered by a later 2xx to its target, with every old value its rules name, or it is dead or skipped. */
async function lost(world: World): Promise<string[]> {
  const problems: string[] = []
  const dead = new Set((await world.store.listDead({ limit: 10_000 })).map(({ target, entry }) => `${target} ${entry.item}`))
  for (const { fact, at, targets } of world.accepted) {
    const { collection, key, timestamp } = fact.change
    for (const { uid, rules } of targets) {
      const duty = obligation(fact, rules)
      if (duty === null || dead.has(`${uid} ${itemOf(collection, key)}`)) continue
      const row = world.rows.find((candidate) => candidate.uid === uid)
      if (row === undefined || row.versions.at(-1)?.input.status === 'archived') continue
      // Rules that came later than its publisher's may have dropped it, or the old value.
      const known = row.versions.findLastIndex(({ input }) => input.rules === rules)
      const later = row.versions.slice(known + 1).map(({ input }) => obligation(fact, input.rules))
      if (later.some((other) => other === null)) continue
      const owed = later.some((other) => other?.old !== duty.old) ? null : duty.old
      const seen = arrivals(world, uid).filter(({ received }) => received.took && received.at >= at)
      const same = seen.filter(({ event }) => isItem(event, collection, key))
      const name = `${uid} ${fact.change.event} ${collection}/${key} t=${timestamp - 1_700_000_000_000} (${JSON.stringify(fact.before)} → ${JSON.stringify(fact.after)})`
      if (!same.some(({ event }) => event.timestamp >= timestamp)) problems.push(`lost: ${name}`)
      else if (owed !== null && !same.some(({ event }) => event.previous?.slug === owed || event.id === '*'))
        problems.push(`lost the old slug ${owed}: ${name}`)
    }
  }
  return problems
}

/** Nothing waits any more when all is well. */
async function stranded(world: World): Promise<string[]> {
  const uids = world.rows.filter(({ versions }) => versions.at(-1)?.input.status === 'published').map(({ uid }) => uid)
  const stats = await world.store.stats(uids)
  return stats
    .filter(({ pending, inFlight }) => pending + inFlight > 0)
    .map(({ target, pending, inFlight }) => `stranded: ${target} has ${pending} pending, ${inFlight} in flight`)
}

/** A batch id always had the same items. */
function changedBatches(world: World): string[] {
  const bodies = new Map<string, string>()
  return world.receivers.log.flatMap(({ id, events }) => {
    const items = JSON.stringify(events.map((event) => [event.collection, event.id, event.event]))
    const known = bodies.get(id) ?? items
    bodies.set(id, known)
    return known === items ? [] : [`batch ${id} changed from ${known} to ${items}`]
  })
}

function overlaps({ receivers }: World): string[] {
  return receivers.overlaps.map((url) => `two requests at once to ${url}`)
}

/** Of one item, no state is followed by an older one. */
function disorder(world: World): string[] {
  if (world.transactions || world.freezes) return []
  const problems: string[] = []
  for (const { uid } of world.rows) {
    const newest = new Map<string, number>()
    for (const { event, received } of arrivals(world, uid)) {
      const item = itemOf(event.collection, event.id)
      const known = newest.get(item) ?? 0
      if (event.timestamp < known)
        problems.push(
          `disorder: ${uid} ${event.collection}/${event.id} t=${event.timestamp - 1_700_000_000_000} in ${received.id} after ${known - 1_700_000_000_000}`,
        )
      newest.set(item, Math.max(known, event.timestamp))
    }
  }
  return problems
}

/** No item leaves before its change was reported. */
function early(world: World): string[] {
  return world.receivers.log.flatMap(({ id, at, events }) =>
    events
      .filter(({ timestamp }) => timestamp > at + 100)
      .map((event) => `early: ${id} told of ${event.collection}/${event.id} before it happened`),
  )
}

/** No body is larger than it may be, unless it holds one change alone. */
function large({ receivers }: World): string[] {
  return receivers.log.flatMap(({ id, length, events }) =>
    length > MAX_BODY && events.length > 1 ? [`large: ${id} has ${length} characters of ${events.length} changes`] : [],
  )
}

function arrivals(world: World, uid: string): { received: Received; event: ReceivedEvent }[] {
  const row = world.rows.find((candidate) => candidate.uid === uid)
  const urls = new Set(row?.versions.map(({ input }) => input.url))
  return world.receivers.log
    .filter(({ url }) => urls.has(url))
    .flatMap((received) => received.events.map((event) => ({ received, event })))
}

function isItem(event: ReceivedEvent, collection: string, key: string | number): boolean {
  return event.collection === collection && (event.id === '*' || String(event.id) === String(key))
}
