/** What we use of Directus, in words of our own: its types differ from version to version, and ours should not drag them along. */
import type { Knex } from 'knex'

export interface HookRegister {
  filter(event: string, handler: FilterHandler): void
  action(event: string, handler: ActionHandler): void
  init(event: string, handler: (meta: Record<string, unknown>) => void | Promise<void>): void
}

export interface HostContext {
  services: Services
  env: Readonly<Record<string, unknown>>
  database: Knex
  logger: { info(message: string): void; warn(message: string): void; error(message: string): void }
  getSchema(options?: { bypassCache?: boolean; database?: Knex }): Promise<Schema>
}

export interface EventContext {
  /** The transaction of the mutation in some filters, else the pool. */
  database: Knex
  /** Null where Directus was given none. */
  schema: Schema | null
  accountability: Accountability | null
}

export type FilterHandler = (payload: unknown, meta: Record<string, unknown>, context: EventContext) => unknown
export type ActionHandler = (meta: Record<string, unknown>, context: EventContext) => void

export interface Accountability {
  role: string | null
  user: string | null
  admin: boolean
  app: boolean
  [more: string]: unknown
}

export interface Schema {
  collections: Readonly<Record<string, CollectionOverview>>
  relations: readonly Relation[]
}

export interface CollectionOverview {
  collection: string
  /** Name of the primary key's field. */
  primary: string
  singleton: boolean
  /** `all`, `activity`, or null: mutations leave no row of activity. */
  accountability: string | null
  fields: Readonly<Record<string, FieldOverview>>
}

export interface FieldOverview {
  field: string
  /** `integer`, `string`, `uuid`, `json`, `alias`, … */
  type: string
  special: readonly string[]
}

export interface Relation {
  /** The collection that holds the foreign key, and its field. */
  collection: string
  field: string
  /** The collection it points to; null: to one of several. */
  related_collection: string | null
  schema: { on_delete?: string | null } | null
  meta: { one_field?: string | null; one_allowed_collections?: readonly string[] | null } | null
}

export interface ServiceOptions {
  schema: Schema
  knex?: Knex
  accountability?: Accountability | null
}

export interface ItemsService {
  readMany(keys: readonly (string | number)[], query: Query, options?: { emitEvents?: boolean }): Promise<Row[]>
  readByQuery(query: Query, options?: { emitEvents?: boolean }): Promise<Row[]>
  readOne(key: string | number, query?: Query, options?: { emitEvents?: boolean }): Promise<Row>
  createMany(rows: readonly Row[], options?: Record<string, unknown>): Promise<(string | number)[]>
  updateOne(key: string | number, row: Row, options?: Record<string, unknown>): Promise<string | number>
}

export interface Query {
  fields?: readonly string[]
  limit?: number
  sort?: readonly string[]
  filter?: Record<string, unknown>
}

export type Row = Record<string, unknown>

/** Some of Directus's services; each is made anew for a schema and an accountability. */
export interface Services {
  ItemsService: new (collection: string, options: ServiceOptions) => ItemsService
  NotificationsService: new (options: ServiceOptions) => Pick<ItemsService, 'createMany'>
  CollectionsService: new (options: ServiceOptions) => { createOne(payload: unknown): Promise<string> }
  FieldsService: new (
    options: ServiceOptions,
  ) => {
    createField(collection: string, field: unknown): Promise<void>
    updateField(collection: string, field: unknown): Promise<string>
  }
  RelationsService: new (
    options: ServiceOptions,
  ) => {
    createOne(relation: unknown): Promise<void>
    updateOne(collection: string, field: string, relation: unknown): Promise<void>
  }
  UtilsService: new (options: ServiceOptions) => { clearCache(options: { system: boolean }): Promise<void> }
  PermissionsService: new (
    options: ServiceOptions,
  ) => {
    getItemPermissions(collection: string, key?: string): Promise<Record<string, { access: boolean } | undefined>>
  }
  [name: string]: unknown
}

/** Everything is allowed: for what the extension itself does. */
export const EVERYTHING: Accountability = { role: null, user: null, roles: [], admin: true, app: true, ip: null }
