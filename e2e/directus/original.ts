/** The two collections of the original extension, as it creates them when Directus starts, and a user who has made himself at home. */
import type { Api } from './harness/index.ts'
import { createManyToOne } from './harness/index.ts'

const TARGETS = 'cache_flush_targets'
const JUNCTION = 'cache_flush_targets_directus_users'

/** Its columns, in a table of its own. */
export const COLUMNS = [
  'id',
  'status',
  'url',
  'auth_header',
  'api_key',
  'schema',
  'user_created',
  'date_created',
  'user_updated',
  'date_updated',
] as const

const meta = (interface_: string, more: object = {}) => ({ interface: interface_, width: 'full', ...more })
const system = (field: string, type: string, special: string) => ({
  field,
  type,
  schema: {},
  meta: meta(type === 'uuid' ? 'select-dropdown-m2o' : 'datetime', { special: [special], readonly: true, hidden: true }),
})

const FIELDS = [
  {
    field: 'id',
    type: 'uuid',
    schema: { is_primary_key: true, length: 36, has_auto_increment: false },
    meta: meta('input', { special: ['uuid'], readonly: true, hidden: true }),
  },
  {
    field: 'status',
    type: 'string',
    schema: { default_value: 'draft', is_nullable: false },
    meta: meta('select-dropdown', {
      options: { choices: ['published', 'draft', 'archived'].map((value) => ({ text: `$t:${value}`, value })) },
    }),
  },
  { field: 'url', type: 'string', schema: { is_unique: true, is_nullable: false }, meta: meta('input', { required: true }) },
  {
    field: 'auth_header',
    type: 'string',
    schema: { default_value: 'bearer' },
    meta: meta('select-dropdown', {
      width: 'half',
      options: { allowOther: true, choices: ['bearer', 'api-key', 'no-auth'].map((value) => ({ text: value, value })) },
    }),
  },
  { field: 'api_key', type: 'string', schema: {}, meta: meta('input', { width: 'half', options: { masked: true } }) },
  {
    field: 'schema',
    type: 'json',
    schema: {},
    // The display, the note and the place are what the user has changed.
    meta: meta('input-code', {
      special: ['cast-json'],
      required: true,
      options: { language: 'JSON', template: '[{ "collection": "", "events": [], "payload": [] }]' },
      display: 'raw',
      note: 'Ask Ada before you change this',
      sort: 42,
    }),
  },
  { field: 'users_notification', type: 'alias', schema: null, meta: meta('list-m2m', { special: ['m2m'] }) },
  system('user_created', 'uuid', 'user-created'),
  system('date_created', 'timestamp', 'date-created'),
  system('user_updated', 'uuid', 'user-updated'),
  system('date_updated', 'timestamp', 'date-updated'),
]

/** With foreign keys that have no rule for when what they point to is deleted. */
export async function createOriginal(api: Api): Promise<void> {
  await api.post('/collections', {
    collection: TARGETS,
    schema: {},
    meta: {
      icon: 'bolt',
      note: 'Made by the original',
      archive_field: 'status',
      archive_value: 'archived',
      unarchive_value: 'draft',
    },
    fields: FIELDS,
  })
  const hidden = { hidden: true }
  await api.post('/collections', {
    collection: JUNCTION,
    schema: {},
    meta: hidden,
    fields: [{ field: 'id', type: 'integer', schema: { is_primary_key: true, has_auto_increment: true }, meta: hidden }],
  })
  const onDelete = 'NO ACTION'
  const many = { collection: JUNCTION, type: 'uuid', onDelete } as const
  await createManyToOne(api, { ...many, field: 'cache_flush_targets_id', related: TARGETS })
  await createManyToOne(api, { ...many, field: 'directus_users_id', related: 'directus_users' })
  await api.patch(`/relations/${JUNCTION}/cache_flush_targets_id`, {
    meta: { one_field: 'users_notification', junction_field: 'directus_users_id' },
  })
  await api.patch(`/relations/${JUNCTION}/directus_users_id`, { meta: { junction_field: 'cache_flush_targets_id' } })
  for (const field of ['user_created', 'user_updated'])
    await api.post('/relations', {
      collection: TARGETS,
      field,
      related_collection: 'directus_users',
      schema: { on_delete: onDelete },
    })
}
