/** Primary keys of every kind, singletons, junctions, and paths that lead through relations. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Api, createCollection, type Key } from '../harness/index.ts'
import type { Stage } from '../stage.ts'
import { createWitness, type Witness } from './witness.ts'

const name = { field: 'name', type: 'string', schema: {} }

export function everyKeyAndPath(stage: () => Stage): void {
  describe('keys and paths', () => {
    let api: Api
    let witness: Witness

    beforeAll(async () => {
      api = stage().api
      await createCollection(api, { name: 'words', key: 'string', fields: [name] })
      await createCollection(api, { name: 'uuids', key: 'uuid', fields: [name] })
      await createKeyed(api, 'bigs', { field: 'id', type: 'bigInteger' })
      await createKeyed(api, 'goods', { field: 'sku', type: 'string' })
      await createKeyed(api, 'counted', { field: 'number', type: 'integer', schema: { has_auto_increment: true } })
      await createCollection(api, { name: 'front', fields: [name], meta: { singleton: true } })
      await createManyToMany(api)
      const named = ['words', 'uuids', 'bigs', 'goods', 'counted', 'front', 'tags']
      witness = await createWitness(stage(), [
        ...named.map((collection) => ({ collection, payload: ['name'], previous: ['name'] })),
        { collection: 'posts_tags', payload: ['posts_id', 'tags_id.name'] },
        { collection: 'posts', payload: ['title', 'author.name', 'comments.text', 'author.*', 'tags.tags_id.name'] },
      ])
    })

    const keys: [collection: string, field: string, key: Key | undefined][] = [
      ['words', 'id', 'plain'],
      ['words', 'id', 'Ünï/cødé $? %2F'],
      ['words', 'id', '0042'],
      ['uuids', 'id', undefined],
      ['bigs', 'id', 9_007_199_254_740_991],
      ['goods', 'sku', 'A-1'],
      ['counted', 'number', undefined],
    ]
    it.each(keys)('%s.%s %s: created, updated in two ways, deleted', async (collection, field, given) => {
      const items = api.items(collection)
      let key: Key = ''
      const one = (event: string, now: string, old?: string) => {
        const fields = { id: key, name: now }
        return [{ collection, event, fields, ...(old !== undefined && { previous: { name: old } }) }]
      }
      const created = await witness.hears(async () => {
        const row = await items.create<Record<string, Key>>({ name: 'one', ...(given !== undefined && { [field]: given }) })
        key = toNumber(row[field]!, given)
      })
      expect(created).toEqual(one('create', 'one'))
      const path = encodeURIComponent(key)
      expect(await witness.hears(() => items.update(path, { name: 'two' }))).toEqual(one('update', 'two', 'one'))
      const batch = () => items.updateBatch([{ [field]: key, name: 'three' }])
      expect(await witness.hears(batch)).toEqual(one('update', 'three', 'two'))
      expect(await witness.hears(() => items.remove(path))).toEqual(one('delete', 'three', 'three'))
    })

    it('a singleton', async () => {
      const first = await witness.hears(() => api.patch('/items/front', { name: 'one' }))
      expect(first).toMatchObject([{ collection: 'front', event: 'create', fields: { name: 'one' } }])
      const second = await witness.hears(() => api.patch('/items/front', { name: 'two' }))
      expect(second).toMatchObject([{ event: 'update', fields: { name: 'two' }, previous: { name: 'one' } }])
    })

    it('many to many: both ends, and the rows between', async () => {
      let id = 0
      const first = await witness.hears(async () => {
        const tags = ['red', 'green'].map((tag) => ({ tags_id: { name: tag } }))
        id = (await api.items('posts').create<{ id: number }>({ title: 'tagged', tags })).id
      })
      const of = (collection: string) => first.filter((event) => event.collection === collection).map(({ fields }) => fields)
      expect(of('posts')).toMatchObject([
        { title: 'tagged', tags: [{ tags_id: { name: 'red' } }, { tags_id: { name: 'green' } }] },
      ])
      expect(of('tags')).toMatchObject([{ name: 'red' }, { name: 'green' }])
      expect(of('posts_tags')).toMatchObject([
        { posts_id: id, tags_id: { name: 'red' } },
        { posts_id: id, tags_id: { name: 'green' } },
      ])
      const rest = of('posts_tags')[1]!.id
      const second = await witness.hears(() => api.items('posts').update(id, { tags: [rest] }))
      expect(second).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ collection: 'posts', event: 'update', fields: expect.objectContaining({ id }) }),
          expect.objectContaining({ collection: 'posts_tags', event: 'delete' }),
        ]),
      )
      const third = await witness.hears(() => api.items('posts').remove(id))
      expect(third).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ collection: 'posts', event: 'delete', fields: expect.objectContaining({ title: 'tagged' }) }),
          expect.objectContaining({ collection: 'posts_tags', event: 'delete', fields: expect.objectContaining({ id: rest }) }),
        ]),
      )
    })

    it('paths through relations, on create, update and delete', async () => {
      let id = 0
      let author = 0
      const comments = [{ text: 'first' }, { text: 'second' }]
      const created = await witness.hears(async () => {
        author = (await api.items('authors').create<{ id: number }>({ name: 'Ada' })).id
        id = (await api.items('posts').create<{ id: number }>({ title: 'A', author, comments })).id
      })
      const expected = { id, title: 'A', author: { id: author, name: 'Ada' }, comments, tags: [] }
      const posts = (events: typeof created) => events.filter(({ collection }) => collection === 'posts')
      expect(posts(created)).toMatchObject([{ event: 'create', fields: expected }])
      const updated = await witness.hears(() => api.items('posts').update(id, { title: 'B' }))
      expect(posts(updated)).toMatchObject([{ event: 'update', fields: { ...expected, title: 'B' } }])
      const gone = await witness.hears(() => api.items('posts').remove(id))
      expect(posts(gone)).toMatchObject([{ event: 'delete', fields: { ...expected, title: 'B' } }])
    })
  })
}

/** Some databases hand out large numbers as texts. */
function toNumber(key: Key, given: Key | undefined): Key {
  return typeof given === 'number' ? Number(key) : key
}

async function createKeyed(api: Api, collection: string, key: { field: string; type: string; schema?: object }): Promise<void> {
  const primary = { ...key, schema: { is_primary_key: true, ...key.schema } }
  await api.post('/collections', { collection, schema: {}, meta: {}, fields: [primary, name] })
}

async function createManyToMany(api: Api): Promise<void> {
  await createCollection(api, { name: 'tags', fields: [name] })
  const link = (field: string) => ({ field, type: 'integer', schema: {}, meta: { hidden: true } })
  await createCollection(api, { name: 'posts_tags', fields: [link('posts_id'), link('tags_id')], meta: { hidden: true } })
  await api.post('/fields/posts', {
    field: 'tags',
    type: 'alias',
    schema: null,
    meta: { special: ['m2m'], interface: 'list-m2m' },
  })
  const relate = (field: string, related: string, meta: object) =>
    api.post('/relations', {
      collection: 'posts_tags',
      field,
      related_collection: related,
      schema: { on_delete: 'CASCADE' },
      meta,
    })
  await relate('tags_id', 'tags', { one_field: null, junction_field: 'posts_id' })
  await relate('posts_id', 'posts', { one_field: 'tags', junction_field: 'tags_id', one_deselect_action: 'delete' })
}
