/**
 * From what Directus tells its hooks to changes that are announced if they happened, and only then.
 *
 * A mutation that leaves a row of activity is announced by the filter `activity.create`: it runs in the mutation's own
 * transaction, after the write, so that the notice commits or vanishes with it. What was replaced or deleted was read before,
 * by `*.update` and `*.delete`. Actions may come before the commit, or for what is rolled back later: they only serve
 * mutations without a row of activity, and then wait for the transactions in which these were seen.
 */
import type { ChangeEvent, ItemKey } from '@unstale/core'
import { mayAnnounce } from '../fields.ts'
import type { EventContext, HookRegister, Schema } from '../host.ts'
import type { Reader } from '../reader.ts'
import { createAnnounced } from './announced.ts'
import { createCompletion } from './completion.ts'
import { type Asked, concerns, foresee } from './foresight.ts'
import { toKey } from './keys.ts'
import { isNoise } from './noise.ts'
import { createSightings, type Seen, type Sighting } from './sightings.ts'
import { ended, isFatal, outermost, type Transaction, withoutHarm } from './transactions.ts'

export interface Announce {
  /** Within the transaction of the mutation. */
  within(seen: readonly Seen[], transaction: Transaction): Promise<void>
  /** Of what has been committed. */
  now(seen: readonly Seen[]): Promise<void>
}

export interface Captured extends Asked, Announce {
  reader: Reader
  /** A row of the targets was changed, or what their rules name. */
  targetsChanged(): void
  isTarget(collection: string): boolean
  report(error: unknown): void
}

/** Null: nothing is captured now (Directus runs a command, or has not started yet). */
export type Live = () => Captured | null

/** Items that are announced one by one when a collection is sorted anew. */
const SORTED = 10_000

export function capture({ filter, action }: Pick<HookRegister, 'filter' | 'action'>, live: Live): void {
  const sightings = createSightings(Date.now)
  const announced = createAnnounced(Date.now)
  const completion = createCompletion()
  /** Transactions in which something is being created, whose keys are not known yet. */
  const creating = new Map<string, Set<Transaction>>()

  /** Whatever goes wrong in here, the save goes on. */
  const guarded = (work: (captured: Captured) => Promise<void>) => async () => {
    const captured = live()
    if (captured === null) return
    try {
      await work(captured)
    } catch (error) {
      if (isFatal(error)) throw error
      captured.report(error)
    }
  }

  const before = (event: 'update' | 'delete') => (payload: unknown, meta: Record<string, unknown>, context: EventContext) =>
    guarded(async (captured) => {
      const collection = String(meta['collection'])
      const keys = (event === 'delete' ? payload : meta['keys']) as ItemKey[]
      if (!mayAnnounce(collection) || !Array.isArray(keys) || keys.length === 0) return
      const schema = context.schema ?? (await captured.reader.schema())
      if (schema.collections[collection] === undefined || !concerns(captured, schema, collection, event)) return
      const ignored = event === 'update' && isNoise(collection, payload)
      const blind = { items: keyed(schema, collection, event, keys), derived: [] }
      const look = (database: EventContext['database']) =>
        foresee(captured, captured.reader, { collection, schema, database }, event, keys)
      // What could not be read stays unknown.
      const foreseen = ignored
        ? blind
        : await withoutHarm(context.database, look).catch((error: unknown) => {
            captured.report(error)
            return blind
          })
      const { items, derived } = foreseen
      const transaction = outermost(context.database)
      // From here on it is known how it ends.
      void ended(transaction)
      sightings.add({ collection, event, items, derived, ignored, transaction, at: Date.now() })
    })()

  filter('*.update', before('update'))
  filter('*.delete', before('delete'))

  filter('*.create', (_payload, meta, context) => {
    const collection = String(meta['collection'])
    const transaction = outermost(context.database)
    if (transaction === null || !mayAnnounce(collection) || live()?.interest(collection, 'create') == null) return
    const open = creating.get(collection) ?? new Set()
    creating.set(collection, open.add(transaction))
    void ended(transaction).then(() => {
      open.delete(transaction)
      if (open.size === 0) creating.delete(collection)
    })
  })

  filter('activity.create', (payload, _meta, context) =>
    guarded(async (captured) => {
      const { action: event, collection, item } = payload as { action: string; collection: string; item: ItemKey }
      if (event !== 'create' && event !== 'update' && event !== 'delete') return
      const transaction = outermost(context.database)
      if (captured.isTarget(collection)) return void ended(transaction).then(captured.targetsChanged)
      if (!mayAnnounce(collection)) return
      const sighting = event === 'create' ? undefined : sightings.find(collection, event, item)
      if (sighting === undefined && captured.interest(collection, event) === null) return
      if (sighting?.ignored) return
      const schema = context.schema ?? (await captured.reader.schema())
      const own = { collection, event, key: toKey(schema, collection, item), fields: {} } as const
      if (transaction === null) return void (await captured.now([own]))
      announced.add(own, transaction)
      if (sighting === undefined) return captured.within([own], transaction)
      const all = completion.add(sighting, String(item), transaction, (happened) => {
        sightings.remove(sighting)
        if (happened.length > 0) captured.now(happened).catch(captured.report)
      })
      // One INSERT for all the items of a call.
      if (all !== null) await captured.within(all, transaction)
    })(),
  )

  /** What left no row of activity. */
  const untracked = async (
    captured: Captured,
    collection: string,
    event: ChangeEvent,
    keys: unknown[],
    context: EventContext,
  ) => {
    if (!mayAnnounce(collection)) return
    const schema = context.schema ?? (await captured.reader.schema())
    const tracked = context.accountability != null && schema.collections[collection]?.accountability != null
    const seen: Seen[] = []
    const used = new Set<Sighting>()
    const waiting = new Set<Transaction>(event === 'create' ? creating.get(collection) : [])
    for (const raw of keys) {
      const key = toKey(schema, collection, raw)
      if (tracked && announced.take({ collection, event, key })) continue
      const sighting = event === 'create' ? undefined : sightings.find(collection, event, key)
      if (sighting?.ignored) continue
      if (sighting === undefined && captured.interest(collection, event) === null) continue
      const transaction = sighting?.transaction ?? null
      if (transaction !== null && !(await ended(transaction))) continue
      seen.push(sighting?.items.get(String(key)) ?? { collection, event, key, fields: {} })
      if (sighting !== undefined) used.add(sighting)
    }
    for (const sighting of used) {
      sightings.remove(sighting)
      seen.push(...sighting.derived)
    }
    await Promise.all([...waiting].map(ended))
    if (seen.length > 0) await captured.now(seen)
  }

  /** An action must not throw: a save that was committed would be answered with an error. */
  const after =
    (work: (captured: Captured, meta: Record<string, unknown>, context: EventContext) => Promise<void>) =>
    (meta: Record<string, unknown>, context: EventContext): void => {
      void guarded((captured) => work(captured, meta, context))().catch(() => {})
    }

  for (const event of ['create', 'update', 'delete'] as const) {
    action(
      `*.${event}`,
      after(async (captured, meta, context) => {
        const collection = String(meta['collection'])
        const scope = String(meta['event']).split('.')[0]
        if (scope === 'collections' || scope === 'fields' || scope === 'relations') captured.targetsChanged()
        // Named by their fields, in the collection that has them: nothing happened to its items.
        if (scope === 'fields' && collection !== 'directus_fields') return
        if (captured.isTarget(collection)) return captured.targetsChanged()
        if (scope === 'collections' && event === 'delete') await dropped(captured, meta['keys'] ?? meta['payload'])
        const keys = meta['keys'] ?? (event === 'delete' ? meta['payload'] : [meta['key']])
        await untracked(captured, collection, event, Array.isArray(keys) ? keys : [keys], context)
      }),
    )
  }

  const dropped = async (captured: Captured, names: unknown) => {
    const seen = (Array.isArray(names) ? names : [])
      .map(String)
      .filter((name) => mayAnnounce(name) && captured.interest(name, 'delete'))
    if (seen.length > 0) await captured.now(seen.map((collection) => ({ collection, event: 'delete', key: '*', fields: {} })))
  }

  action(
    '*.upload',
    after(async (captured, meta, context) => {
      const key = meta['key'] as ItemKey
      const collection = 'directus_files'
      const known = (['create', 'update'] as const).find((event) => announced.take({ collection, event, key }))
      if (known !== undefined && context.accountability !== null) return
      const replaced = sightings.find(collection, 'update', key) !== undefined
      await untracked(captured, collection, replaced ? 'update' : 'create', [key], context)
    }),
  )

  // Names two items, and moves any number of those between them, of which one end is not told.
  action(
    '*.sort',
    after(async (captured, meta) => {
      const collection = String(meta['collection'])
      if (!mayAnnounce(collection) || captured.interest(collection, 'update') === null) return
      let left = SORTED
      const primary = (await captured.reader.schema()).collections[collection]?.primary ?? 'id'
      await captured.reader.all(collection, [], async (rows) => {
        const some = rows.slice(0, left)
        left -= some.length
        await captured.now(some.map((row) => ({ collection, event: 'update', key: row[primary] as ItemKey, fields: {} })))
      })
      if (left === 0) await captured.now([{ collection, event: 'update', key: '*', fields: {} }])
    }),
  )
}

function keyed(schema: Schema, collection: string, event: 'update' | 'delete', keys: readonly ItemKey[]): Map<string, Seen> {
  return new Map(keys.map((key) => [String(key), { collection, event, key: toKey(schema, collection, key), fields: {} }]))
}
