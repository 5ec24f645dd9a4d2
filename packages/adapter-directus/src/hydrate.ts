/** After a commit: reads what the announced items hold now, as far as somebody asked for it. */
import type { ChangeInput, ItemKey } from '@unstale/core'
import type { Asked } from './capture/foresight.ts'
import type { Row } from './host.ts'
import type { Reader } from './reader.ts'

export interface HydrateParts extends Asked {
  reader: Reader
  /** Called once before anything is read: nothing that is stale must be read after us. */
  purge(): Promise<void>
}

export interface Hydrated {
  /** As given, with the fields that were asked for. */
  changes: ChangeInput[]
  /** Places of those that did not happen, as far as `verify` looked: what was created is not there, or what was deleted is. */
  untrue: Set<number>
}

/** `verify`: items that were created or deleted are looked for even if nothing of them is asked for. */
export type Hydrate = (changes: readonly ChangeInput[], options?: { verify?: boolean }) => Promise<Hydrated>

export function createHydrate({ interest, reader, purge }: HydrateParts): Hydrate {
  return async (changes, { verify = false } = {}) => {
    await purge()
    const all = [...changes]
    const untrue = new Set<number>()
    const last = lastValues(all)
    const groups = Map.groupBy(all.keys(), (place) => `${all[place]?.event} ${all[place]?.collection}`)
    for (const places of groups.values()) {
      const { collection, event } = all[places[0] as number] as ChangeInput
      const paths = event === 'delete' ? [] : (interest(collection, event)?.fields ?? [])
      if (paths.length === 0 && !(verify && event !== 'update')) continue
      const schema = await reader.schemaWith(collection)
      if (schema === undefined) continue
      const keys = [...new Set(places.map((place) => (all[place] as ChangeInput).key))].filter((key) => key !== '*')
      const rows = await reader.byKey({ collection, schema, database: reader.database }, keys as ItemKey[], paths)
      for (const place of places) {
        const change = all[place] as ChangeInput
        const row = rows.get(String(change.key))
        if ((event === 'create' && row === undefined && change.key !== '*') || (event === 'delete' && row !== undefined))
          untrue.add(place)
        // What is gone by now is told with its last values, if they are known.
        const known = event === 'delete' ? undefined : (row ?? last.get(nameOf(change)))
        if (known !== undefined) all[place] = { ...change, fields: { ...known, ...change.fields } }
      }
    }
    return { changes: all, untrue }
  }
}

/** Of items that these changes delete. */
function lastValues(changes: readonly ChangeInput[]): Map<string, Row> {
  return new Map(
    changes.flatMap((change): [string, Row][] =>
      change.event === 'delete' && change.fields !== undefined ? [[nameOf(change), change.fields]] : [],
    ),
  )
}

function nameOf({ collection, key }: ChangeInput): string {
  return `${collection} ${key}`
}
