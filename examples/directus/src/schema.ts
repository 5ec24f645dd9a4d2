import type { Api } from './api.ts'

export interface Field {
  field: string
  /** As Directus names it: string, text, integer, boolean, dateTime, json, uuid, alias, … */
  type: string
  schema?: Record<string, unknown> | null
  meta?: Record<string, unknown>
}

export interface Collection {
  name: string
  /** Of the field `id`. Default 'integer', which counts by itself; a 'uuid' is made by Directus, a 'string' given by hand. */
  key?: 'integer' | 'uuid' | 'string'
  fields: readonly Field[]
  /** Further settings of the collection: `{ singleton: true }`, `{ accountability: null }`, `{ archive_field: 'status' }`. */
  meta?: Record<string, unknown>
}

const keys: Record<NonNullable<Collection['key']>, Field> = {
  integer: { field: 'id', type: 'integer', schema: { is_primary_key: true, has_auto_increment: true }, meta: { hidden: true } },
  uuid: { field: 'id', type: 'uuid', schema: { is_primary_key: true, length: 36 }, meta: { hidden: true, special: ['uuid'] } },
  string: { field: 'id', type: 'string', schema: { is_primary_key: true, length: 255 }, meta: { interface: 'input' } },
}

export async function createCollection(client: Api, { name, key = 'integer', fields, meta = {} }: Collection): Promise<void> {
  await client.post('/collections', {
    collection: name,
    schema: {},
    meta,
    fields: [keys[key], ...fields.map((field) => ({ schema: {}, ...field }))],
  })
}

export async function createField(client: Api, collection: string, field: Field): Promise<void> {
  await client.post(`/fields/${collection}`, { schema: {}, ...field })
}

export interface Relation {
  collection: string
  field: string
  related: string
  /** What the key of the related collection is. Default 'integer'. */
  type?: 'integer' | 'uuid' | 'string'
  onDelete?: 'SET NULL' | 'CASCADE' | 'NO ACTION'
  /** Field of the related collection that lists these items. */
  list?: string
  /** How the related item is shown: `{{name}}`. */
  template?: string
}

/** A field that refers to an item of another collection, and a foreign key. */
export async function createManyToOne(client: Api, relation: Relation): Promise<void> {
  const { collection, field, related, type = 'integer', onDelete = 'SET NULL', list, template } = relation
  const how = template === undefined ? {} : { options: { template }, display: 'related-values', display_options: { template } }
  await createField(client, collection, { field, type, meta: { interface: 'select-dropdown-m2o', special: ['m2o'], ...how } })
  if (list !== undefined) {
    const meta = { interface: 'list-o2m', special: ['o2m'] }
    await createField(client, related, { field: list, type: 'alias', schema: null, meta })
  }
  await client.post('/relations', {
    collection,
    field,
    related_collection: related,
    schema: { on_delete: onDelete },
    meta: list === undefined ? {} : { one_field: list },
  })
}
