/** Reads items for us: past permissions, without events, and never a secret. */
import type { ItemKey } from '@unstale/core'
import type { Knex } from 'knex'
import { keyPaths, readablePaths, withKeys } from './fields.ts'
import type { HostContext, Row, Schema } from './host.ts'

export interface Reader {
  database: Knex
  schema(): Promise<Schema>
  /** The schema with a collection in it that another instance may have created since; undefined: there is none. */
  schemaWith(collection: string): Promise<Schema | undefined>
  /** Items by key as text. Those that are not there are left out. */
  byKey(where: Place, keys: readonly ItemKey[], paths: readonly string[]): Promise<Map<string, Row>>
  /** Items whose `field` holds one of these keys. */
  holding(where: Place, field: string, keys: readonly ItemKey[], paths: readonly string[], limit: number): Promise<Row[]>
  /** All items, in portions, by key. */
  all(collection: string, paths: readonly string[], each: (rows: Row[]) => Promise<void>): Promise<void>
}

export interface Place {
  collection: string
  schema: Schema
  /** The transaction, where one is open: SQLite has no second connection to read through. */
  database: Knex
}

/** Items that are read by one statement. */
const PORTION = 500
/** Milliseconds after which a collection that was not found is looked for again. */
const PATIENCE = 10_000

export function createReader({
  services,
  database,
  getSchema,
}: Pick<HostContext, 'services' | 'database' | 'getSchema'>): Reader {
  const missing = new Map<string, number>()

  const serviceOf = ({ collection, schema, database }: Place) =>
    new services.ItemsService(collection, { schema, knex: database, accountability: null })

  function fieldsOf({ schema, collection }: Place, paths: readonly string[]): string[] {
    const primary = schema.collections[collection]?.primary as string
    const readable = readablePaths(schema, collection, paths)
    return [...new Set([primary, ...readable, ...keyPaths(schema, collection, readable)])]
  }

  const whole =
    ({ schema, collection }: Place, paths: readonly string[]) =>
    (row: Row) =>
      withKeys(schema, collection, row, paths)

  const reader: Reader = {
    database,
    schema: () => getSchema(),

    async schemaWith(collection) {
      const known = await getSchema()
      if (known.collections[collection] !== undefined) return known
      const asked = missing.get(collection)
      if (asked !== undefined && Date.now() - asked < PATIENCE) return undefined
      if (missing.size > 1000) missing.clear()
      missing.set(collection, Date.now())
      const fresh = await getSchema({ bypassCache: true })
      return fresh.collections[collection] === undefined ? undefined : fresh
    },

    async byKey(place, keys, paths) {
      const found = new Map<string, Row>()
      const primary = place.schema.collections[place.collection]?.primary
      if (primary === undefined) return found
      const fields = fieldsOf(place, paths)
      for (const some of portions(keys)) {
        const rows = await serviceOf(place).readMany(some, { fields, limit: -1 }, { emitEvents: false })
        for (const row of rows.map(whole(place, fields))) found.set(String(row[primary]), row)
      }
      return found
    },

    async holding(place, field, keys, paths, limit) {
      const rows: Row[] = []
      const fields = fieldsOf(place, [...paths, field])
      for (const some of portions(keys)) {
        const query = { filter: { [field]: { _in: some } }, fields, limit: limit - rows.length }
        const found = await serviceOf(place).readByQuery(query, { emitEvents: false })
        rows.push(...found.map(whole(place, fields)))
        if (rows.length >= limit) break
      }
      return rows
    },

    async all(collection, paths, each) {
      const schema = await reader.schemaWith(collection)
      if (schema === undefined) return
      const place = { collection, schema, database }
      const primary = schema.collections[collection]?.primary as string
      const fields = fieldsOf(place, paths)
      for (let after: unknown; ; ) {
        const filter = after === undefined ? {} : { [primary]: { _gt: after } }
        const query = { fields, filter, sort: [primary], limit: PORTION }
        const rows = await serviceOf(place).readByQuery(query, { emitEvents: false })
        if (rows.length > 0) await each(rows.map(whole(place, fields)))
        if (rows.length < PORTION) return
        after = rows.at(-1)?.[primary]
      }
    },
  }
  return reader
}

function portions<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / PORTION) }, (_, n) => all.slice(n * PORTION, (n + 1) * PORTION))
}
