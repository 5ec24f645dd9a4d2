import { describe, expect, it } from 'vitest'
import { announceEntities } from '../../src/typeorm.ts'
import type { Author, Post, Tag } from './schemas.ts'
import { optionsFor, stage, VERSIONS } from './stage.ts'

const SQLITE = { dialect: 'sqlite' } as const

describe.each(VERSIONS)('with %s', (_, copy) => {
  it('what is not known, or not ready, is refused at once', async () => {
    const { pipeline, dataSource } = await stage(copy, SQLITE)
    const refuse = (entities: unknown) => (message: string) =>
      expect(() => announceEntities(pipeline, dataSource, entities as 'all')).toThrow(message)
    class Unknown {}
    refuse([Unknown])('entities[0]: the DataSource knows no entity "Unknown": add it to `entities` of the DataSource')
    refuse(['Post', { entity: 'Pots' }])('entities[1]: the DataSource knows no entity "Pots"')
    refuse([null])('entities[0]: the DataSource knows no entity of that kind')
    refuse('posts')("entities: has to be 'all' or an array of entity classes")
    refuse([{ entity: 'Post', fields: ['titel'] }])('fields: Post has no property "titel" that can be announced')
    refuse([{ entity: 'Post', fields: ['secret'] }])('fields: Post has no property "secret" that can be announced')
    const closed = new copy.DataSource(optionsFor(SQLITE))
    expect(() => announceEntities(pipeline, closed, 'all')).toThrow('initialize() first')
    const other = { ...closed, isInitialized: true, options: { type: 'oracle' } } as typeof closed
    expect(() => announceEntities(pipeline, other, 'all')).toThrow('type "oracle"')
  })

  it("'all' are all tables of entities", async () => {
    const rules = [{ collection: '*', payload: ['*'] }]
    const here = await stage(copy, SQLITE, { entities: 'all', rules })
    const tag = await here.dataSource.getRepository('Tag').save({ name: 'red' })
    await here.dataSource.getRepository('Post').save({ title: 'one', tags: [tag] })
    const said = here.published.flat().map(({ event, collection }) => `${event} ${collection.slice(here.prefix.length)}`)
    expect(said).toEqual(['create tags', 'create posts', 'update tags'])
  })

  it('rows whose keys nobody can know are a whole collection, with one warning', async () => {
    const here = await stage(copy, SQLITE)
    const insert = () => here.dataSource.createQueryBuilder().insert().into('Post').values({ title: 'x' }).updateEntity(false)
    await insert().execute()
    await insert().execute()
    await here.dataSource.getRepository<Post>('Post').save({ title: 'y' }, { reload: false })
    const whole = { collection: 'posts', event: 'create', key: '*' }
    expect(here.published).toEqual([[whole], [whole], [whole]])
    expect(here.warnings).toEqual([
      expect.stringContaining('Post was written in a way that does not tell which items: all of posts'),
    ])
    // Keys that were given are known.
    const given = { id: '00000000-0000-4000-8000-000000000001', name: 'Ada' }
    await here.dataSource.createQueryBuilder().insert().into('Author').values(given).updateEntity(false).execute()
    expect(here.published[3]).toMatchObject([{ collection: 'authors', key: given.id, fields: given }])
  })

  it('statements at once have transactions of their own, also on the one connection of SQLite', async () => {
    const here = await stage(copy, SQLITE)
    const posts = here.dataSource.getRepository<Post>('Post')
    await posts.insert([
      { title: 'one', slug: 'a' },
      { title: 'two', slug: 'b' },
    ])
    const done = await Promise.allSettled([
      posts.update({ title: 'one' }, { slug: 'b' }),
      posts.update({ title: 'two' }, { slug: 'c' }),
      posts.insert({ title: 'three' }),
    ])
    expect(done.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(await posts.find({ order: { id: 'ASC' } })).toMatchObject([{ slug: 'a' }, { slug: 'c' }, { slug: null }])
    const saved = ['x', 'y', 'z'].map((name) => here.dataSource.getRepository<Author>('Author').save({ name }))
    await Promise.all(saved)
    const names = (await here.delivered()).map(({ fields }) => fields['title'] ?? fields['name'])
    expect(new Set(names)).toEqual(new Set(['one', 'two', 'three', 'x', 'y', 'z']))
  })

  it('updates at once that are given the same object are told one by one', async () => {
    const here = await stage(copy, SQLITE)
    const posts = here.dataSource.getRepository<Post>('Post')
    await posts.insert([{ title: 'one' }, { title: 'two' }, { title: 'three' }])
    here.published.length = 0
    const values = { title: 'x' }
    await Promise.all([1, 2, 3].map((id) => posts.update(id, values)))
    expect(here.warnings).toEqual([])
    expect(here.published.flat().map(({ key }) => key)).toEqual([1, 2, 3])
  })

  it('an item whose key an expression has changed is gone', async () => {
    const here = await stage(copy, SQLITE)
    const tags = here.dataSource.getRepository<Tag>('Tag')
    await tags.insert({ name: 'red' })
    await tags.update(1, { id: () => 'id + 1' })
    expect(here.published[1]).toMatchObject([{ event: 'delete', collection: 'tags', key: 1, fields: { name: 'red' } }])
  })

  it('a subscriber may write while a builder is executed, in the same transaction', async () => {
    const here = await stage(copy, SQLITE)
    const posts = here.dataSource.getRepository<Post>('Post')
    await posts.insert({ title: 'one', slug: 'a' })
    here.published.length = 0
    here.dataSource.subscribers.push({
      listenTo: () => posts.target as never,
      afterUpdate: ({ manager }: { manager: typeof here.dataSource.manager }) =>
        manager.insert('Tag', { name: 'changed' }).then(() => {}),
    } as never)
    await posts.update({ slug: 'a' }, { title: 'new' })
    expect(here.published.flat().map(({ collection, event }) => `${event} ${collection}`)).toEqual([
      'create tags',
      'update posts',
    ])
    expect(here.statements.filter((sql) => sql.startsWith('BEGIN'))).toHaveLength(2)
  })

  it('what is committed is sent at once, not when somebody next looks', async () => {
    const here = await stage(copy, SQLITE)
    await here.pipeline.start()
    await here.dataSource.transaction(async (manager) => {
      await manager.insert('Post', { title: 'one' })
      await here.clock.advance(500)
    })
    await here.clock.advance(340)
    expect(here.transport.requests).toHaveLength(1)
    await here.pipeline.stop()
  })
})
