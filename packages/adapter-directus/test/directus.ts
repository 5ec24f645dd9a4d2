/** What Directus calls for each kind of mutation, as it was recorded on a running one (12.4, 11.17), without Directus. */
import type { ChangeEvent, Interest, ItemKey } from '@unstale/core'
import { type Captured, capture } from '../src/capture/capture.ts'
import type { Seen } from '../src/capture/sightings.ts'
import type { Transaction } from '../src/capture/transactions.ts'
import type { ActionHandler, EventContext, FilterHandler, Row, Schema } from '../src/host.ts'
import type { Reader } from '../src/reader.ts'

export interface Announcement {
  how: 'within' | 'now'
  seen: readonly Seen[]
}

export interface Open {
  trx: Transaction
  commit(): Promise<void>
  rollback(): Promise<void>
}

export interface FakeDirectus {
  announced: Announcement[]
  reports: unknown[]
  /** Times that the targets were told to be read anew. */
  targetsChanged(): number
  rows: Map<string, Row[]>
  filter(name: string, payload: unknown, meta?: Row, context?: Partial<EventContext>): Promise<unknown>
  action(name: string, meta: Row, context?: Partial<EventContext>): unknown
  /** The row of activity that a tracked mutation writes in its transaction. */
  activity(action: string, collection: string, item: ItemKey, trx: Transaction): Promise<unknown>
  begin(): Open
  interests: Partial<Record<string, Interest>>
  pool: EventContext['database']
}

const ADMIN = { role: null, user: 'u', admin: true, app: true }

/** Lets everything run that waits for nothing. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function fakeDirectus(schema: Schema): FakeDirectus {
  const filters: [string, FilterHandler][] = []
  const actions: [string, ActionHandler][] = []
  const announced: Announcement[] = []
  const reports: unknown[] = []
  const rows = new Map<string, Row[]>()
  const interests: FakeDirectus['interests'] = {}
  const pool = { isTransaction: undefined } as unknown as EventContext['database']
  let targets = 0

  const of = (collection: string) => rows.get(collection) ?? []
  const primary = (collection: string) => schema.collections[collection]?.primary as string
  const reader: Reader = {
    database: pool,
    schema: async () => schema,
    schemaWith: async () => schema,
    async byKey({ collection }, keys) {
      const found = of(collection).filter((row) => keys.map(String).includes(String(row[primary(collection)])))
      return new Map(found.map((row) => [String(row[primary(collection)]), { ...row }]))
    },
    holding: async ({ collection }, field, keys) => of(collection).filter((row) => keys.map(String).includes(String(row[field]))),
    all: async (collection, _paths, each) => each(of(collection)),
  }
  const captured: Captured = {
    interest: (collection: string, event: ChangeEvent) => interests[`${collection}.${event}`] ?? interests[collection] ?? null,
    within: async (seen) => void announced.push({ how: 'within', seen }),
    now: async (seen) => void announced.push({ how: 'now', seen }),
    reader,
    targetsChanged: () => void targets++,
    isTarget: (collection) => collection === 'cache_flush_targets',
    report: (error) => void reports.push(error),
  }
  capture(
    {
      filter: (name, handler) => void filters.push([name, handler]),
      action: (name, handler) => void actions.push([name, handler]),
    },
    () => captured,
  )

  const matches = (pattern: string, name: string) => {
    const [parts, words] = [pattern.split('.'), name.split('.')]
    return parts.length === words.length && parts.every((part, place) => part === '*' || part === words[place])
  }
  /** Items of the user's collections are emitted under two names. */
  const namesOf = (name: string, meta: Row) => (name.startsWith('items.') ? [name, `${meta['collection']}.${name}`] : [name])
  const contextOf = (context: Partial<EventContext>): EventContext => ({
    database: pool,
    schema,
    accountability: ADMIN,
    ...context,
  })

  const directus: FakeDirectus = {
    announced,
    reports,
    rows,
    interests,
    pool,
    targetsChanged: () => targets,
    async filter(name, payload, meta = {}, context = {}) {
      let answer: unknown
      for (const event of namesOf(name, meta))
        for (const [pattern, handler] of filters)
          if (matches(pattern, event)) answer = (await handler(payload, { ...meta, event }, contextOf(context))) ?? answer
      return answer
    },
    action(name, meta, context = {}) {
      for (const event of namesOf(name, meta))
        for (const [pattern, handler] of actions) if (matches(pattern, event)) handler({ ...meta, event }, contextOf(context))
      return settle()
    },
    activity: (action, collection, item, database) =>
      directus.filter(
        'activity.create',
        { action, collection, item, user: 'u' },
        { collection: 'directus_activity' },
        { database },
      ),
    begin() {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      promise.catch(() => {})
      const trx = Object.assign(() => {}, {
        isTransaction: true,
        executionPromise: promise,
        client: { dialect: 'sqlite3', on: () => {} },
      }) as unknown as Transaction
      return {
        trx,
        commit() {
          resolve(undefined)
          return settle()
        },
        rollback() {
          reject(new Error('rolled back'))
          return settle()
        },
      }
    },
  }
  return directus
}

/** A schema of a few words: collections with the type of their key, and foreign keys `from.field > to RULE`. */
export function schemaOf(collections: Record<string, Record<string, string>>, foreignKeys: readonly string[] = []): Schema {
  const overview = Object.entries(collections).map(([collection, fields]) => {
    const all = Object.entries(fields).map(([field, words]) => {
      const [type, ...special] = words.split(' ') as [string, ...string[]]
      return [field, { field, type, special: special.filter((word) => word !== 'untracked') }] as const
    })
    const [primary] = Object.keys(fields) as [string]
    const tracked = !Object.values(fields).some((words) => words.includes('untracked'))
    const about = {
      collection,
      primary,
      singleton: false,
      accountability: tracked ? 'all' : null,
      fields: Object.fromEntries(all),
    }
    return [collection, about] as const
  })
  const relations = foreignKeys.map((text) => {
    const [, collection, field, related, rule] = /^(\w+)\.(\w+) > (\w+) ?(.*)$/.exec(text) as unknown as string[]
    const meta = { one_field: null, one_allowed_collections: null }
    return {
      collection,
      field,
      related_collection: related,
      schema: { on_delete: rule || null },
      meta,
    } as Schema['relations'][number]
  })
  return { collections: Object.fromEntries(overview), relations }
}
