/** The collections of the extension, as Directus is told to make them. */
import { TARGETS, TARGETS_USERS } from '../fields.ts'

/** A field as `FieldsService` takes it. */
export interface Field {
  collection: string
  field: string
  type: string
  /** Null: no column. */
  schema: Record<string, unknown> | null
  meta: Record<string, unknown>
}

export interface RelationSpec {
  collection: string
  field: string
  related_collection: string
  meta: Record<string, unknown> | null
  schema: { on_delete: string }
}

export interface CollectionSpec {
  collection: string
  meta: Record<string, unknown>
  schema: Record<string, never>
  fields: Field[]
}

export interface Plan {
  collections: CollectionSpec[]
  relations: RelationSpec[]
}

export interface PlanOptions {
  /** Whether this Directus encrypts fields (11.14 and newer). */
  encrypts: boolean
}

const EVENTS = [
  { text: 'Created', value: 'create' },
  { text: 'Updated', value: 'update' },
  { text: 'Deleted', value: 'delete' },
]

/** A field inside of the repeater. The Data Model page rebuilds it from its meta, so that its name and type stand there again. */
function nested(field: string, name: string, type: string, meta: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return { field, name, type, ...more, meta: { field, name, type, width: 'full', ...meta } }
}

/** The repeater of rules. It stores the JSON that it always was. */
export const RULES_FORM: Readonly<Record<string, unknown>> = {
  interface: 'list',
  display: 'formatted-json-value',
  display_options: { format: '{{collection}}' },
  options: {
    template: '{{collection}} {{events}}',
    addLabel: 'Add a collection',
    placeholder: 'Nothing is sent yet: add a collection',
    fields: [
      nested('collection', 'Collection', 'string', {
        required: true,
        interface: 'system-collection',
        options: { includeSystem: true, includeSingleton: true },
      }),
      nested(
        'events',
        'When an item is',
        'json',
        {
          required: true,
          interface: 'select-multiple-checkbox',
          options: { choices: EVENTS },
          display: 'labels',
          display_options: { choices: EVENTS },
        },
        { schema: { default_value: ['create', 'update', 'delete'] } },
      ),
      nested(
        'payload',
        'Fields to send',
        'json',
        {
          note: 'The id is always sent. In the raw value, * is every field.',
          interface: 'system-field-tree',
          options: { collectionField: 'collection' },
        },
        { schema: { default_value: [] } },
      ),
      nested('filter', 'Only items that match', 'json', {
        note: 'Before or after the change: an item that leaves the filter is announced, too.',
        interface: 'system-filter',
        options: { collectionField: 'collection' },
      }),
      nested('previous', 'Old values to send', 'json', {
        note: 'Such as a slug: the front end can drop the page at the old address, too.',
        interface: 'system-field-tree',
        options: { collectionField: 'collection' },
      }),
    ],
  },
}

type FieldMeta = Record<string, unknown>

function field(name: string, type: string, meta: FieldMeta, schema: Record<string, unknown> | null = {}): Field {
  return { collection: TARGETS, field: name, type, schema, meta: { width: 'full', ...meta } }
}

/** What the form calls a field whose name says little. */
const called = (translation: string) => ({ translations: [{ language: 'en-US', translation }] })

const STATUSES = [
  { text: '$t:published', value: 'published', color: 'var(--theme--primary)' },
  { text: '$t:draft', value: 'draft', color: 'var(--theme--foreground)' },
  { text: '$t:archived', value: 'archived', color: 'var(--theme--warning)' },
]

function systemField(name: string, type: string, special: string, interface_: string, sort: number): Field {
  const display = interface_ === 'datetime' ? { display: 'datetime', display_options: { relative: true } } : { display: 'user' }
  const options = interface_ === 'select-dropdown-m2o' ? { template: '{{avatar}} {{first_name}} {{last_name}}' } : null
  return field(name, type, {
    special: [special],
    interface: interface_,
    options,
    ...display,
    readonly: true,
    hidden: true,
    width: 'half',
    sort,
  })
}

const NO_AUTH = [{ name: 'Nothing to send', rule: { auth_header: { _eq: 'no-auth' } }, hidden: true, required: false }]

export function planOf({ encrypts }: PlanOptions): Plan {
  const secret = {
    special: [encrypts ? 'encrypt' : 'conceal'],
    interface: 'input-hash',
    options: { masked: true },
    display: 'hash',
  }
  const targets: Field[] = [
    field(
      'id',
      'uuid',
      { special: ['uuid'], interface: 'input', readonly: true, hidden: true, sort: 1 },
      { is_primary_key: true, length: 36, has_auto_increment: false },
    ),
    field('unstale', 'alias', { special: ['alias', 'no-data'], interface: 'unstale-target', sort: 2 }, null),
    field('name', 'string', {
      interface: 'input',
      options: { trim: true, placeholder: 'Web site' },
      note: 'How people call it. Its host, if empty.',
      width: 'half',
      sort: 3,
    }),
    field(
      'status',
      'string',
      {
        interface: 'select-dropdown',
        options: { choices: STATUSES },
        display: 'labels',
        display_options: { choices: STATUSES },
        note: 'Only published targets are called. A draft keeps what waits for it.',
        width: 'half',
        sort: 4,
      },
      { default_value: 'draft', is_nullable: false },
    ),
    field(
      'url',
      'string',
      {
        interface: 'input',
        required: true,
        options: { trim: true, font: 'monospace', placeholder: 'https://site.example/api/hooks/flush' },
        note: 'Where changes are sent, by POST.',
        validation: { _and: [{ url: { _regex: '^https?://' } }] },
        validation_message: 'Has to begin with http:// or https://',
        sort: 5,
      },
      { is_nullable: false },
    ),
    field('schema', 'json', {
      ...RULES_FORM,
      special: ['cast-json'],
      required: true,
      note: 'A rule for each collection whose changes are sent.',
      ...called('Rules'),
      sort: 6,
    }),
    field(
      'auth_header',
      'string',
      {
        interface: 'select-dropdown',
        options: {
          allowOther: true,
          choices: [
            { text: 'Authorization: Bearer …', value: 'bearer' },
            { text: 'Api-Key: …', value: 'api-key' },
            { text: 'No header', value: 'no-auth' },
          ],
        },
        note: 'Any other value is the name of a header.',
        ...called('How the key is sent'),
        width: 'half',
        sort: 7,
      },
      { default_value: 'bearer' },
    ),
    field('api_key', 'text', {
      ...secret,
      required: true,
      conditions: NO_AUTH,
      note: 'What the receiver compares. Nobody can read it here afterwards.',
      ...called('Key'),
      width: 'half',
      sort: 8,
    }),
    field(
      'users_notification',
      'alias',
      {
        special: ['m2m'],
        interface: 'list-m2m',
        options: { enableCreate: false, template: '{{directus_users_id.first_name}} {{directus_users_id.last_name}}' },
        note: 'They get one notification when this target starts to fail, and one when it has recovered.',
        ...called('People to tell'),
        sort: 9,
      },
      null,
    ),
    field('format', 'string', {
      interface: 'select-dropdown',
      options: {
        allowNone: true,
        choices: [
          { text: 'Several changes in one request (1.1)', value: 'batch' },
          { text: 'One request a change (1.0)', value: 'single' },
          { text: 'Ids alone', value: 'ids' },
        ],
        placeholder: 'As configured',
      },
      note: 'What a request looks like.',
      width: 'half',
      sort: 10,
    }),
    field(
      'whole_collection',
      'boolean',
      {
        special: ['cast-boolean'],
        interface: 'boolean',
        options: { label: 'Understands * for all items' },
        note: 'Then one entry is enough where very much has changed at once.',
        ...called('Whole collections'),
        width: 'half',
        sort: 11,
      },
      { default_value: false },
    ),
    field('signing_keys', 'text', { ...secret, readonly: true, hidden: true, note: 'Made and rotated above.', sort: 12 }),
    field('signing_overlap_until', 'bigInteger', { interface: 'input', readonly: true, hidden: true, sort: 13 }),
    systemField('user_created', 'uuid', 'user-created', 'select-dropdown-m2o', 14),
    systemField('date_created', 'timestamp', 'date-created', 'datetime', 15),
    systemField('user_updated', 'uuid', 'user-updated', 'select-dropdown-m2o', 16),
    systemField('date_updated', 'timestamp', 'date-updated', 'datetime', 17),
  ]
  const junction: Field[] = [
    {
      collection: TARGETS_USERS,
      field: 'id',
      type: 'integer',
      schema: { is_primary_key: true, has_auto_increment: true },
      meta: { hidden: true },
    },
    { collection: TARGETS_USERS, field: 'cache_flush_targets_id', type: 'uuid', schema: {}, meta: { hidden: true } },
    { collection: TARGETS_USERS, field: 'directus_users_id', type: 'uuid', schema: {}, meta: { hidden: true } },
  ]
  return {
    collections: [
      {
        collection: TARGETS,
        schema: {},
        meta: {
          icon: 'sync',
          note: 'Who is told when content changes, so that no cache stays stale',
          display_template: '{{name}} {{url}}',
          archive_field: 'status',
          archive_value: 'archived',
          unarchive_value: 'draft',
          archive_app_filter: true,
          translations: [
            {
              language: 'en-US',
              translation: 'Cache Flush Targets',
              singular: 'Cache Flush Target',
              plural: 'Cache Flush Targets',
            },
          ],
        },
        fields: targets,
      },
      { collection: TARGETS_USERS, schema: {}, meta: { hidden: true, icon: 'import_export' }, fields: junction },
    ],
    relations: [
      relation(TARGETS, 'user_created', 'directus_users', 'SET NULL'),
      relation(TARGETS, 'user_updated', 'directus_users', 'SET NULL'),
      relation(TARGETS_USERS, 'cache_flush_targets_id', TARGETS, 'CASCADE', {
        one_field: 'users_notification',
        junction_field: 'directus_users_id',
        one_deselect_action: 'delete',
      }),
      relation(TARGETS_USERS, 'directus_users_id', 'directus_users', 'CASCADE', {
        one_field: null,
        junction_field: 'cache_flush_targets_id',
      }),
    ],
  }
}

function relation(
  collection: string,
  name: string,
  related: string,
  onDelete: string,
  meta: Record<string, unknown> = {},
): RelationSpec {
  return {
    collection,
    field: name,
    related_collection: related,
    meta: { many_collection: collection, many_field: name, one_collection: related, ...meta },
    schema: { on_delete: onDelete },
  }
}
