import { beforeEach, describe, expect, it } from 'vitest'
import { type FakeDirectus, fakeDirectus, schemaOf, settle } from '../../test/directus.ts'

const schema = schemaOf(
  {
    posts: { id: 'integer', title: 'string', slug: 'string', author: 'integer' },
    authors: { id: 'integer', name: 'string' },
    comments: { id: 'integer', text: 'string', post: 'integer' },
    likes: { id: 'integer', comment: 'integer' },
    notes: { id: 'uuid untracked', text: 'string' },
    directus_files: { id: 'uuid', title: 'string' },
    directus_users: { id: 'uuid', first_name: 'string' },
  },
  ['posts.author > authors SET NULL', 'comments.post > posts CASCADE', 'likes.comment > comments CASCADE'],
)
const ALL = { fields: ['title'], previous: ['slug'] }
const SERVICE = { accountability: null }

let directus: FakeDirectus
beforeEach(() => {
  directus = fakeDirectus(schema)
  directus.interests['posts'] = ALL
  directus.rows.set('posts', [
    { id: 1, title: 'one', slug: 'a', author: 7 },
    { id: 2, title: 'two', slug: 'b', author: 7 },
  ])
})

const update = (keys: (string | number)[], context = {}) =>
  directus.filter('items.update', { slug: 'x' }, { collection: 'posts', keys }, context)
const updated = (keys: (string | number)[], context = {}) =>
  directus.action('items.update', { collection: 'posts', keys, payload: {} }, context)

describe('a mutation that leaves a row of activity', () => {
  it('is announced within its transaction, once, whatever its actions say', async () => {
    const { trx, commit } = directus.begin()
    await directus.filter('items.create', { title: 'new' }, { collection: 'posts' }, { database: trx })
    await directus.activity('create', 'posts', 3, trx)
    await commit()
    await directus.action('items.create', { collection: 'posts', key: 3, payload: {} })
    expect(directus.announced).toEqual([{ how: 'within', seen: [{ collection: 'posts', event: 'create', key: 3, fields: {} }] }])
  })

  it('has one notice for all its items, with the values that they had before', async () => {
    await update(['1', '2'])
    const { trx, commit } = directus.begin()
    for (const key of ['1', '2']) await directus.activity('update', 'posts', key, trx)
    await commit()
    await updated([1, 2])
    expect(directus.announced).toHaveLength(1)
    expect(directus.announced[0]?.seen).toMatchObject([
      { event: 'update', key: 1, previous: { slug: 'a' } },
      { event: 'update', key: 2, previous: { slug: 'b' } },
    ])
  })

  it('is announced again within the transaction that Directus tries again', async () => {
    await update([1])
    const first = directus.begin()
    await directus.activity('update', 'posts', 1, first.trx)
    await first.rollback()
    const second = directus.begin()
    await directus.activity('update', 'posts', 1, second.trx)
    expect(directus.announced.map(({ seen }) => seen)).toMatchObject([
      [{ previous: { slug: 'a' } }],
      [{ previous: { slug: 'a' } }],
    ])
  })

  it('is not announced by an action that came before its commit, and was rolled back', async () => {
    const { trx, rollback } = directus.begin()
    await update([1], { database: trx })
    await directus.activity('update', 'posts', 1, trx)
    await updated([1])
    await rollback()
    expect(directus.announced.map(({ how }) => how)).toEqual(['within'])
  })

  it('carries nothing that a filter saw of an earlier one', async () => {
    await update([1, 2])
    const first = directus.begin()
    await directus.activity('update', 'posts', 1, first.trx)
    await directus.activity('update', 'posts', 2, first.trx)
    await first.commit()
    // An operation of a Flow runs no filters.
    const second = directus.begin()
    await directus.activity('update', 'posts', 1, second.trx)
    expect(directus.announced[1]?.seen).toEqual([{ collection: 'posts', event: 'update', key: 1, fields: {} }])
  })

  it.each(['login', 'version_save', 'run'])('is none if the activity is %s', async (action) => {
    await directus.activity(action, 'posts', 1, directus.begin().trx)
    expect(directus.announced).toEqual([])
  })

  it('is nothing to us where nobody asked', async () => {
    await directus.activity('update', 'authors', 1, directus.begin().trx)
    expect(directus.announced).toEqual([])
  })

  it('goes on if we fail', async () => {
    const broken = () => {
      throw new Error('the column is gone')
    }
    directus.rows.set('posts', new Proxy([], { get: broken }))
    await expect(update([1])).resolves.toBeUndefined()
    expect(directus.reports).toHaveLength(1)
    await directus.activity('update', 'posts', 1, directus.begin().trx)
    expect(directus.announced[0]?.seen).toEqual([{ collection: 'posts', event: 'update', key: 1, fields: {} }])
  })
})

describe('a mutation that leaves none', () => {
  it('is announced by its action, with the values that it had before', async () => {
    await update([1])
    await updated([1], SERVICE)
    expect(directus.announced).toMatchObject([{ how: 'now', seen: [{ key: 1, previous: { slug: 'a' } }] }])
  })

  it('is announced where its collection keeps no activity', async () => {
    directus.interests['notes'] = ALL
    await directus.action('items.create', { collection: 'notes', key: 'k', payload: {} })
    expect(directus.announced).toMatchObject([{ how: 'now', seen: [{ event: 'create', key: 'k' }] }])
  })

  it('waits for the transaction in which it was seen', async () => {
    const { trx, commit } = directus.begin()
    await update([1], { database: trx })
    await updated([1], SERVICE)
    expect(directus.announced).toEqual([])
    await commit()
    expect(directus.announced).toHaveLength(1)
  })

  it('is not announced when that is rolled back', async () => {
    const { trx, rollback } = directus.begin()
    await update([1], { database: trx })
    await updated([1], SERVICE)
    await rollback()
    expect(directus.announced).toEqual([])
  })

  it('waits, if it creates, for whatever is creating something there', async () => {
    const { trx, commit } = directus.begin()
    await directus.filter('items.create', {}, { collection: 'posts' }, { database: trx })
    await directus.action('items.create', { collection: 'posts', key: 3, payload: {} }, SERVICE)
    expect(directus.announced).toEqual([])
    await commit()
    expect(directus.announced).toHaveLength(1)
  })

  it('is announced although somebody else has just done the same with activity', async () => {
    await update([1])
    const { trx, commit } = directus.begin()
    await directus.activity('update', 'posts', 1, trx)
    await commit()
    await updated([1], SERVICE)
    expect(directus.announced.map(({ how }) => how)).toEqual(['within', 'now'])
  })
})

describe('what the database does on its own', () => {
  it('is told along with the delete, down to what nobody knew to be related', async () => {
    directus.interests['likes'] = ALL
    directus.rows.set('comments', [{ id: 5, text: 'hello', post: 1 }])
    directus.rows.set('likes', [{ id: 9, comment: 5 }])
    await directus.filter('items.delete', [1], { collection: 'posts' })
    await directus.activity('delete', 'posts', 1, directus.begin().trx)
    expect(directus.announced[0]?.seen).toMatchObject([
      { collection: 'posts', event: 'delete', key: 1, fields: { title: 'one', slug: 'a' } },
      { collection: 'likes', event: 'delete', key: 9 },
    ])
  })

  it('is an update where it only lets go', async () => {
    await directus.filter('items.delete', [7], { collection: 'authors' })
    await directus.activity('delete', 'authors', 7, directus.begin().trx)
    expect(directus.announced[0]?.seen).toMatchObject([
      { collection: 'authors', key: 7 },
      { collection: 'posts', event: 'update', key: 1, previous: { slug: 'a' } },
      { collection: 'posts', event: 'update', key: 2 },
    ])
  })
})

describe('what is special in Directus', () => {
  it('an upload is told once, by its row of activity', async () => {
    directus.interests['directus_files'] = ALL
    const { trx, commit } = directus.begin()
    await directus.activity('create', 'directus_files', 'f', trx)
    await commit()
    await directus.action('files.upload', { collection: 'directus_files', key: 'f', payload: {} })
    expect(directus.announced).toMatchObject([{ how: 'within', seen: [{ event: 'create', key: 'f' }] }])
  })

  it('an upload without activity is a create, and a replacement an update', async () => {
    directus.interests['directus_files'] = ALL
    await directus.action('files.upload', { collection: 'directus_files', key: 'f', payload: {} }, SERVICE)
    await directus.filter('files.update', {}, { collection: 'directus_files', keys: ['g'] })
    await directus.action('files.upload', { collection: 'directus_files', key: 'g', payload: {} }, SERVICE)
    expect(directus.announced.map(({ seen }) => seen[0]?.event)).toEqual(['create', 'update'])
  })

  it.each([
    ['directus_users', 'users', { last_page: '/content' }],
    ['directus_files', 'files', { tus_data: {} }],
  ])('%s: what Directus notes for itself is no change', async (collection, scope, payload) => {
    directus.interests[collection] = ALL
    await directus.filter(`${scope}.update`, payload, { collection, keys: ['k'] })
    await directus.activity('update', collection, 'k', directus.begin().trx)
    await directus.action(`${scope}.update`, { collection, keys: ['k'], payload }, SERVICE)
    expect(directus.announced).toEqual([])
  })

  it('sorting by hand is told of every item', async () => {
    await directus.action('items.sort', { collection: 'posts', item: 1, to: 2 })
    await settle()
    expect(directus.announced[0]?.seen.map(({ key }) => key)).toEqual([1, 2])
  })

  it('a collection that is dropped is told as a whole', async () => {
    await directus.action('collections.delete', { collection: 'directus_collections', keys: ['posts'], payload: ['posts'] })
    expect(directus.announced).toMatchObject([{ how: 'now', seen: [{ collection: 'posts', event: 'delete', key: '*' }] }])
  })

  it('fields that change are no items', async () => {
    await directus.action('fields.update', { collection: 'posts', keys: ['title'], payload: {} })
    expect(directus.announced).toEqual([])
  })

  it('an edit of a target is followed, once it is committed', async () => {
    const { trx, commit } = directus.begin()
    await directus.activity('update', 'cache_flush_targets', 't', trx)
    expect(directus.targetsChanged()).toBe(0)
    await commit()
    expect(directus.targetsChanged()).toBe(1)
  })
})
