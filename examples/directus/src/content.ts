import type { Api } from './api.ts'
import { createCollection, createManyToOne, type Field } from './schema.ts'

const input = (field: string, meta: Record<string, unknown> = {}): Field => ({
  field,
  type: 'string',
  meta: { interface: 'input', ...meta },
})

const statusChoices = [
  { text: 'Published', value: 'published', color: 'var(--theme--primary)' },
  { text: 'Draft', value: 'draft', color: 'var(--theme--foreground)' },
]

const postFields: readonly Field[] = [
  input('title', { required: true, width: 'full' }),
  { ...input('slug', { required: true, options: { slug: true } }), schema: { is_unique: true } },
  {
    field: 'status',
    type: 'string',
    schema: { default_value: 'draft' },
    meta: { interface: 'select-dropdown', display: 'labels', options: { choices: statusChoices }, width: 'half' },
  },
  { field: 'date', type: 'date', meta: { interface: 'datetime', width: 'half' } },
  { field: 'body', type: 'text', meta: { interface: 'input-multiline' } },
]

const authors = [{ name: 'Ada Nakamura' }, { name: 'Ibrahim Feld' }]

const posts = [
  {
    title: 'Harbour at dawn',
    slug: 'harbour-at-dawn',
    status: 'published',
    date: '2026-03-02',
    author: 1,
    body: 'The boats come in before the town is awake.',
  },
  {
    title: 'Orchard in the rain',
    slug: 'orchard-in-the-rain',
    status: 'published',
    date: '2026-03-09',
    author: 2,
    body: 'Nobody picks, and the ladders stay where they are.',
  },
  {
    title: 'The night market',
    slug: 'the-night-market',
    status: 'published',
    date: '2026-03-16',
    author: 1,
    body: 'It opens when everything else has closed.',
  },
  { title: 'Not ready yet', slug: 'not-ready-yet', status: 'draft', date: '2026-03-23', author: 2, body: 'Publish me.' },
]

/** Two collections with some items in them; where they exist, they stay as they are. */
export async function createContent(client: Api): Promise<void> {
  const existing = await client.get<{ collection: string }[]>('/collections')
  if (existing.some(({ collection }) => collection === 'posts')) return
  await createCollection(client, { name: 'authors', fields: [input('name', { required: true })], meta: { icon: 'person' } })
  await createCollection(client, {
    name: 'posts',
    fields: postFields,
    meta: { icon: 'article', display_template: '{{title}}' },
  })
  await createManyToOne(client, { collection: 'posts', field: 'author', related: 'authors', template: '{{name}}' })
  await client.items('authors').createMany(authors)
  await client.items('posts').createMany(posts)
}

const reader = {
  policy: '5f0c8a52-6f2b-4b1e-9d39-3f1f6e6a7c01',
  user: '5f0c8a52-6f2b-4b1e-9d39-3f1f6e6a7c02',
  token: 'front-ends-own-token',
} as const

/** A user for the front end, who may read the content and nothing else. Answers the token. */
export async function createReader(client: Api): Promise<string> {
  const existing = await client.items('directus_users').list({ filter: { id: { _eq: reader.user } } })
  if (existing.length > 0) return reader.token
  await client.items('directus_policies').create({ id: reader.policy, name: 'Front end', icon: 'public' })
  const read = ['posts', 'authors'].map((collection) => ({ policy: reader.policy, collection, action: 'read', fields: ['*'] }))
  await client.items('directus_permissions').createMany(read)
  await client.items('directus_users').create({ id: reader.user, first_name: 'Front end', token: reader.token })
  await client.post('/access', { user: reader.user, policy: reader.policy })
  return reader.token
}
