/** Each way of writing rows, and what it says. */
import type { ChangeInput } from '@unstale/core'
import type { Repository } from 'typeorm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Author, Post, Tag } from './schemas.ts'
import { type Place, type Stage, stage, type TypeOrm } from './stage.ts'

/** Two posts (slugs a and b) of one author, the first of them with a tag, were there before. */
interface Scene extends Stage {
  posts: Repository<Post>
  authors: Repository<Author>
  tags: Repository<Tag>
  one: Post
  two: Post
  ada: Author
  tag: Tag
}

type Way = [name: string, act: (scene: Scene) => Promise<unknown>, said: string[], calls?: number]

async function forget({ delivered, published }: Scene): Promise<void> {
  await delivered()
  published.length = 0
}

/** `event collection name`, and how its slug changed. */
export function say({ event, collection, key, fields = {}, previous }: ChangeInput): string {
  if (key !== '*') expect(String(fields['id'] ?? key), 'the key is that of the fields').toBe(String(key))
  const name = fields['title'] ?? fields['name'] ?? key
  const [before, after] = [previous?.['slug'], fields['slug']]
  return `${event} ${collection} ${name}${event === 'update' && before !== after ? `: ${before ?? 'none'} > ${after ?? 'none'}` : ''}`
}

const builder = ({ dataSource }: Scene) => dataSource.createQueryBuilder()

const ways: readonly Way[] = [
  ['save of a new entity', ({ posts }) => posts.save({ title: 'new', slug: 'n' }), ['create posts new']],
  ['save of many', ({ posts }) => posts.save([{ title: 'x' }, { title: 'y' }]), ['create posts x', 'create posts y']],
  ['save of a change', ({ posts, one }) => posts.save({ ...one, slug: 'c' }), ['update posts one: a > c']],
  ['save of a part', ({ posts, one }) => posts.save({ id: one.id, slug: 'c' }), ['update posts one: a > c']],
  [
    'save of new and old ones',
    ({ posts, one }) => posts.save([{ title: 'new' }, { id: one.id, slug: null }]),
    ['create posts new', 'update posts one: a > none'],
  ],
  ['save of what is as it was', ({ posts, one }) => posts.save({ id: one.id, slug: 'a' }), [], 0],
  ['save of a foreign key', ({ posts, one }) => posts.save({ id: one.id, author: null }), ['update posts one']],
  ['remove', ({ posts, two }) => posts.remove({ ...two }), ['delete posts two']],
  ['remove of one with relations', ({ posts, one }) => posts.remove({ ...one }), ['delete posts one', 'update tags red']],
  ['softRemove', ({ posts, one }) => posts.softRemove({ ...one }), ['delete posts one']],
  [
    'recover',
    async (scene) => {
      await scene.posts.softDelete(scene.one.id)
      await forget(scene)
      await scene.posts.recover({ ...scene.one, title: 'not written' })
    },
    ['create posts one'],
  ],
  [
    'a cascade',
    ({ posts, one, tag }) => posts.save({ id: one.id, tags: [tag, { name: 'blue' } as Tag] }),
    ['create tags blue', 'update posts one'],
  ],
  [
    'save of a relation that gained one',
    ({ posts, two, tag }) => posts.save({ id: two.id, tags: [tag] }),
    ['update posts two', 'update tags red'],
  ],
  [
    'save of a relation that lost one',
    ({ posts, one }) => posts.save({ id: one.id, tags: [] }),
    ['update posts one', 'update tags red'],
  ],
  [
    'save of a relation and more',
    ({ posts, one }) => posts.save({ id: one.id, slug: 'c', tags: [] }),
    ['update posts one: a > c', 'update tags red'],
  ],
  [
    'save of children without their entities',
    ({ authors, ada }) => authors.save({ id: ada.id, posts: [] }),
    ['update posts one', 'update posts two'],
    2,
  ],
  ['insert', ({ posts }) => posts.insert([{ title: 'x' }, { title: 'y', slug: 'y' }]), ['create posts x', 'create posts y']],
  ['update by key', ({ posts, one }) => posts.update(one.id, { slug: 'c' }), ['update posts one: a > c']],
  ['update by condition', ({ posts }) => posts.update({ slug: 'b' }, { slug: 'c' }), ['update posts two: b > c']],
  [
    'update by relation',
    ({ posts, ada }) => posts.update({ author: { id: ada.id } }, { status: 'x' }),
    ['update posts one', 'update posts two'],
  ],
  ['update that finds nothing', ({ posts }) => posts.update({ slug: 'z' }, { slug: 'c' }), [], 0],
  ['increment', ({ posts, one }) => posts.increment({ id: one.id }, 'views', 3), ['update posts one']],
  ['delete by key', ({ posts, two }) => posts.delete(two.id), ['delete posts two']],
  ['delete by condition', ({ posts }) => posts.delete({ slug: 'b' }), ['delete posts two']],
  ['softDelete', ({ posts }) => posts.softDelete({ slug: 'a' }), ['delete posts one']],
  [
    'softDelete of what is deleted',
    async (scene) => {
      await scene.posts.softDelete({ slug: 'a' })
      await forget(scene)
      await scene.posts.softDelete({ slug: 'a' })
    },
    [],
    0,
  ],
  [
    'restore',
    async (scene) => {
      await scene.posts.softDelete({ slug: 'a' })
      await forget(scene)
      await scene.posts.restore({ slug: 'a' })
    },
    ['create posts one'],
  ],
  [
    'upsert',
    ({ posts }) =>
      posts.upsert(
        [
          { title: 'ONE', slug: 'a' },
          { title: 'new', slug: 'n' },
        ],
        ['slug'],
      ),
    ['update posts ONE', 'create posts new'],
  ],
  [
    'insert or ignore',
    (scene) =>
      builder(scene)
        .insert()
        .into('Post')
        .values([
          { title: 'x', slug: 'a' },
          { title: 'new', slug: 'n' },
        ])
        .orIgnore()
        .execute(),
    ['create posts new'],
  ],
  [
    'an update builder',
    (scene) =>
      builder(scene)
        .update('Post')
        .set({ slug: () => "'c'" })
        .where('slug = :slug', { slug: 'a' })
        .execute(),
    ['update posts one: a > c'],
  ],
  [
    'its clone',
    (scene) => builder(scene).update('Post').set({ slug: 'c' }).where({ slug: 'a' }).clone().execute(),
    ['update posts one: a > c'],
  ],
  [
    'a delete builder',
    (scene) =>
      builder(scene)
        .delete()
        .from('Post')
        .where('slug IN (:...slugs)', { slugs: ['b'] })
        .execute(),
    ['delete posts two'],
  ],
  ['an insert builder', (scene) => builder(scene).insert().into('Post').values({ title: 'new' }).execute(), ['create posts new']],
  [
    'a change of the key',
    async (scene) => {
      const { id } = await scene.tags.save({ name: 'free' })
      await forget(scene)
      await scene.tags.update(id, { id: 4_000 + id })
    },
    ['delete tags free', 'create tags free'],
  ],
  [
    'a relation builder that adds',
    (scene) => builder(scene).relation('Post', 'tags').of(scene.two.id).add(scene.tag.id),
    ['update posts two', 'update tags red'],
  ],
  [
    'a relation builder that removes',
    (scene) => builder(scene).relation('Post', 'tags').of(scene.one.id).remove(scene.tag.id),
    ['update posts one', 'update tags red'],
  ],
  [
    'a relation builder that sets',
    (scene) => builder(scene).relation('Post', 'author').of(scene.one.id).set(null),
    ['update posts one'],
  ],
  ['what is not watched', ({ dataSource, published }) => dataSource.query('SELECT 1').then(() => published), [], 0],
]

export function testsWays(name: string, copy: TypeOrm, place: Place): void {
  describe(name, () => {
    let scene: Scene
    beforeAll(async () => {
      const set = await stage(copy, place, { ended: afterAll })
      const { dataSource } = set
      scene = {
        ...set,
        posts: dataSource.getRepository('Post'),
        authors: dataSource.getRepository('Author'),
        tags: dataSource.getRepository('Tag'),
      } as Scene
    })
    beforeEach(async () => {
      await scene.empty()
      const { posts, authors, tags, published, statements } = scene
      const ada = await authors.save({ name: 'Ada' })
      const tag = await tags.save({ name: 'red' })
      // In relations TypeORM wants nothing but the keys.
      const one = await posts.save({ title: 'one', slug: 'a', author: { id: ada.id } as Author })
      const two = await posts.save({ title: 'two', slug: 'b', author: { id: ada.id } as Author })
      await posts.save({ id: one.id, tags: [{ id: tag.id } as Tag] })
      await scene.delivered()
      Object.assign(scene, { ada, tag, one, two })
      published.length = 0
      statements.length = 0
    })

    it.each(ways)('%s', async (_, act, said, calls = 1) => {
      await act(scene)
      expect(scene.published.flat().map(say)).toEqual(said)
      expect(scene.published).toHaveLength(calls)
      const delivered = (await scene.delivered()).map(({ event, collection }) => `${event} ${collection}`)
      expect(new Set(delivered)).toEqual(new Set(said.map((one) => one.split(' ').slice(0, 2).join(' '))))
      expect(scene.warnings).toEqual([])
    })
  })
}
