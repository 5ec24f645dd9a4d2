/** Before a mutation: reads the values that it is about to replace or delete, where somebody asked for them. */
import type { ChangeEvent, Interest, ItemKey } from '@unstale/core'
import type { Row, Schema } from '../host.ts'
import type { Place, Reader } from '../reader.ts'
import { type Cascade, cascadesOf, leadsTo } from './cascades.ts'
import { toKey } from './keys.ts'
import type { Seen } from './sightings.ts'

export interface Asked {
  /** What somebody asked for of a collection and event; null: nobody did. */
  interest(collection: string, event: ChangeEvent): Interest | null
}

/** Items whose values are read ahead, and items of other collections that are looked for; of more only the keys are told. */
const MOST = 10_000

/** Whether anybody will want to hear of it. */
export function concerns(asked: Asked, schema: Schema, collection: string, event: 'update' | 'delete'): boolean {
  if (asked.interest(collection, event) !== null) return true
  return (
    event === 'delete' && leadsTo(schema, collection, (cascade) => asked.interest(cascade.collection, cascade.event) !== null)
  )
}

/** The items as they are now, as changes that are about to happen to them. */
export async function foresee(
  asked: Asked,
  reader: Reader,
  place: Place,
  event: 'update' | 'delete',
  keys: readonly ItemKey[],
): Promise<{ items: Map<string, Seen>; derived: Seen[] }> {
  const { collection, schema } = place
  const ids = keys.map((key) => toKey(schema, collection, key))
  const paths = pathsOf(asked.interest(collection, event), event)
  const known = paths.length > 0 && ids.length <= MOST ? await reader.byKey(place, ids, paths) : new Map<string, Row>()
  const items = new Map(ids.map((key) => [String(key), seenAs(collection, event, key, known.get(String(key)))]))
  const derived = event === 'delete' && ids.length <= MOST ? await follow(asked, reader, place, ids) : []
  return { items, derived }
}

/** What deleting these items leads to, and what that leads to. */
async function follow(asked: Asked, reader: Reader, place: Place, keys: readonly ItemKey[]): Promise<Seen[]> {
  const derived: Seen[] = []
  const done = new Set<string>()
  const wanted = (cascade: Cascade) => asked.interest(cascade.collection, cascade.event) !== null
  const queue = [{ collection: place.collection, keys }]
  for (let next = queue.shift(); next !== undefined && derived.length < MOST; next = queue.shift()) {
    for (const cascade of cascadesOf(place.schema, next.collection)) {
      const { collection, field, event } = cascade
      const further = event === 'delete' && leadsTo(place.schema, collection, wanted)
      if (!wanted(cascade) && !further) continue
      const paths = pathsOf(asked.interest(collection, event), event)
      const rows = await reader.holding({ ...place, collection }, field, next.keys, paths, MOST - derived.length)
      const primary = place.schema.collections[collection]?.primary as string
      const found = rows.filter((row) => !done.has(`${collection} ${row[primary]}`))
      for (const row of found) {
        done.add(`${collection} ${row[primary]}`)
        if (wanted(cascade)) derived.push(seenAs(collection, event, row[primary] as ItemKey, row))
      }
      if (further && found.length > 0) queue.push({ collection, keys: found.map((row) => row[primary] as ItemKey) })
    }
  }
  return derived
}

function pathsOf(interest: Interest | null, event: 'update' | 'delete'): readonly string[] {
  return (event === 'delete' ? interest?.fields : interest?.previous) ?? []
}

function seenAs(collection: string, event: ChangeEvent, key: ItemKey, row: Row | undefined): Seen {
  if (event === 'delete') return { collection, event, key, fields: row ?? {} }
  return { collection, event, key, fields: {}, ...(row === undefined ? undefined : { previous: row }) }
}
