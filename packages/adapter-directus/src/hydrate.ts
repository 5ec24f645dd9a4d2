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
  /** Places of those whose item is not there. */
  missing: Set<number>
}

/** `verify`: items that were created are looked for even if nothing of them is asked for. */
export type Hydrate = (changes: readonly ChangeInput[], options?: { verify?: boolean }) => Promise<Hydrated>

export function createHydrate({ interest, reader, purge }: HydrateParts): Hydrate {
  return async (changes, { verify = false } = {}) => {
    await purge()
    const all = [...changes]
    const missing = new Set<number>()
    const groups = Map.groupBy(all.keys(), (place) => `${all[place]?.event} ${all[place]?.collection}`)
    for (const places of groups.values()) {
      const { collection, event } = all[places[0] as number] as ChangeInput
      const paths = interest(collection, event)?.fields ?? []
      const looks = verify && event === 'create'
      if (event === 'delete' || (paths.length === 0 && !looks)) continue
      const schema = await reader.schemaWith(collection)
      if (schema === undefined) continue
      const keys = [...new Set(places.map((place) => (all[place] as ChangeInput).key))].filter((key) => key !== '*')
      const rows = await reader.byKey({ collection, schema, database: reader.database }, keys as ItemKey[], paths)
      for (const place of places) {
        const change = all[place] as ChangeInput
        const row: Row | undefined = rows.get(String(change.key))
        if (row !== undefined) all[place] = { ...change, fields: { ...row, ...change.fields } }
        else if (change.key !== '*') missing.add(place)
      }
    }
    return { changes: all, missing }
  }
}
