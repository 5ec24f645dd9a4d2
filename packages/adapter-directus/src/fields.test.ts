import { RELATED_KEY } from '@unstale/core'
import { describe, expect, it } from 'vitest'
import { schemaOf } from '../test/directus.ts'
import { follow, keyPaths, mayAnnounce, readablePaths, withKeys } from './fields.ts'

const schema = schemaOf(
  {
    posts: { id: 'integer', title: 'string', secret: 'string conceal', meta: 'json', author: 'integer', comments: 'alias o2m' },
    authors: { id: 'integer', name: 'string', user: 'uuid' },
    comments: { id: 'integer', text: 'string', post: 'integer' },
    pages: { id: 'integer', headline: 'string' },
    blocks: { id: 'integer', item: 'string' },
    directus_users: { id: 'uuid', first_name: 'string', password: 'hash hash', auth_data: 'json' },
  },
  ['posts.author > authors', 'comments.post > posts', 'authors.user > directus_users'],
)
const related = {
  ...schema,
  relations: [
    ...schema.relations.map((relation) =>
      relation.collection === 'comments' ? { ...relation, meta: { one_field: 'comments' } } : relation,
    ),
    { collection: 'blocks', field: 'item', related_collection: null, schema: null, meta: { one_allowed_collections: ['pages'] } },
  ],
}

describe('a path of a rule', () => {
  it.each([
    ['title', ['title']],
    ['author', ['author']],
    ['author.name', ['author.name']],
    ['author.user.first_name', ['author.user.first_name']],
    ['comments.text', ['comments.text']],
    ['author.*', ['author.id', 'author.name', 'author.user']],
    ['*', ['id', 'title', 'meta', 'author']],
    // All of a JSON value has to be read for a part of it.
    ['meta.seo.title', ['meta']],
  ])('%s asks for %j', (path, paths) => expect(follow(related, 'posts', path)).toEqual({ paths }))

  it('leads through a relation to one of several collections', () => {
    expect(follow(related, 'blocks', 'item:pages.headline')).toEqual({ paths: ['item:pages.headline'] })
  })

  it.each([
    ['secret', /"posts.secret" is concealed, hashed or encrypted/],
    ['author.user.password', /"directus_users.password" is concealed/],
    ['author.user.auth_data', /is concealed/],
    ['titel', /"posts" has no field "titel"/],
    ['author.titel', /"authors" has no field "titel"/],
    ['*.name', /has something after/],
  ])('%s is refused', (path, problem) =>
    expect(follow(related, 'posts', path)).toMatchObject({ problem: expect.stringMatching(problem) }),
  )

  it('is left out of what is read where it may not be', () => {
    expect(readablePaths(related, 'posts', ['title', 'secret', 'author.user.password', 'nothing'])).toEqual(['title'])
    expect(readablePaths(related, 'directus_users', ['*'])).toEqual(['id', 'first_name'])
  })
})

describe('related items', () => {
  it('are read with their keys, at each step', () => {
    expect(keyPaths(related, 'posts', ['title', 'author.name', 'author.user.first_name', 'comments.text'])).toEqual([
      'author.id',
      'author.user.id',
      'comments.id',
    ])
  })

  it('are their keys for who asks for them, and their fields for who asks for those', () => {
    const row = { id: 1, author: { id: 7, name: 'Ada' }, comments: [{ id: 5, text: 'hello' }], item: { headline: 'H' } }
    expect(withKeys(related, 'posts', row, ['author.name', 'comments.text', 'title'])).toMatchObject({
      author: { [RELATED_KEY]: 7, name: 'Ada' },
      comments: [{ [RELATED_KEY]: 5, text: 'hello' }],
    })
    expect(withKeys(related, 'blocks', row, ['item:pages.headline'])).toMatchObject({ 'item:pages': { headline: 'H' } })
    expect(withKeys(related, 'posts', { id: 1, author: null }, ['author.name'])).toEqual({ id: 1, author: null })
  })
})

it.each([
  'directus_activity',
  'directus_revisions',
  'directus_sessions',
  'directus_presets',
  'directus_notifications',
  'cache_flush_targets',
])('changes of %s are never announced', (collection) => expect(mayAnnounce(collection)).toBe(false))
