import { describe, expect, it } from 'vitest'
import { Animal, type Author, Cat, Dog, type Note, type Post, type Spot } from './schemas.ts'
import { type Delivered, type Stage, stage, VERSIONS } from './stage.ts'

const SQLITE = { dialect: 'sqlite' } as const
const only = (events: readonly Delivered[]): Delivered => {
  expect(events).toHaveLength(1)
  return events[0] as Delivered
}

describe.each(VERSIONS)('what %s announces of an item', (_, copy) => {
  const posts = ({ dataSource }: Stage) => dataSource.getRepository<Post>('Post')

  it('is its columns by property path, with relations as foreign keys and embedded ones nested, and no column that is not selected', async () => {
    const here = await stage(copy, SQLITE)
    const { id } = await here.dataSource.getRepository<Author>('Author').save({ name: 'Ada' })
    await here.delivered()
    await posts(here).save({ title: 'one', secret: 'x', meta: { city: 'Rome', zip: null }, author: { id } as Author })
    expect(only(await here.delivered())).toEqual({
      collection: 'posts',
      event: 'create',
      fields: {
        id: 1,
        title: 'one',
        slug: null,
        status: 'draft',
        views: 0,
        deletedAt: null,
        author: id,
        meta: { city: 'Rome', zip: null },
      },
    })
    await posts(here).update(1, { secret: 'y', meta: { city: 'Oslo', zip: null } })
    expect(only(await here.delivered()).fields).toMatchObject({ author: id, meta: { city: 'Oslo', zip: null } })
    expect(JSON.stringify(here.published)).not.toContain('secret')
  })

  it('is only what somebody asked for', async () => {
    const rules = [{ collection: 'posts', events: ['update' as const], payload: ['title', 'meta.city'], previous: ['slug'] }]
    const here = await stage(copy, SQLITE, { rules })
    await posts(here).insert({ title: 'one', slug: 'a', meta: { city: 'Rome', zip: '1' } })
    here.statements.length = 0
    await posts(here).update(1, { slug: 'b' })
    const fields = { id: 1, title: 'one', slug: 'b', meta: { city: 'Rome' } }
    expect(here.published).toEqual([
      [{ collection: 'posts', event: 'update', key: 1, fields: expect.objectContaining({ slug: 'b' }), previous: { slug: 'a' } }],
    ])
    expect(here.published[0]?.[0]?.fields).toEqual({ ...fields, id: undefined, slug: 'b' })
    const columns = here.statements.filter((sql) => sql.startsWith('SELECT')).map((sql) => sql.split(' FROM ')[0])
    expect(columns.join()).not.toMatch(/views|status|zip/i)
    await posts(here).save({ id: 1, title: 'two' })
    expect(here.published[1]?.[0]).toMatchObject({ fields: { title: 'two' }, previous: { slug: 'b' } })
  })

  it('has the values of the entity, not those of the row, and a composite key in one', async () => {
    const here = await stage(copy, SQLITE)
    const notes = here.dataSource.getRepository<Note>('Note')
    await notes.save({ lang: 'en', slug: 'a', words: ['x', 'y'] })
    expect(here.published[0]).toMatchObject([{ event: 'create', key: 'en,a', fields: { words: ['x', 'y'] } }])
    await notes.update({ lang: 'en' }, { words: ['z'] })
    expect(here.published[1]).toMatchObject([
      { event: 'update', key: 'en,a', fields: { words: ['z'] }, previous: { words: ['x', 'y'] } },
    ])
    await notes.remove(await notes.findOneByOrFail({ slug: 'a' }))
    expect(here.published[2]).toMatchObject([{ event: 'delete', key: 'en,a', fields: { words: ['z'] } }])
  })

  it('has a bigint as its key', async () => {
    const here = await stage(copy, SQLITE)
    const spots = here.dataSource.getRepository<Spot>('Spot')
    await spots.insert({ id: '9007199254740993', name: 'far' })
    expect(here.published[0]).toMatchObject([{ event: 'create', fields: { name: 'far' } }])
    await spots.save({ id: '12', name: 'near', opened: new Date(0) })
    expect(here.published[1]).toMatchObject([{ key: '12', fields: { opened: new Date(0) } }])
  })

  it('is in the collection of its table, whatever its class', async () => {
    const here = await stage(copy, SQLITE)
    const cat = await here.dataSource.getRepository(Cat).save({ name: 'Tom', lives: 9 })
    await here.dataSource.getRepository(Dog).insert({ name: 'Rex', tricks: 'sit' })
    await here.dataSource.getRepository(Cat).update(cat.id, { lives: 8 })
    await here.dataSource.getRepository(Animal).delete({ name: 'Rex' })
    expect(here.published.flat()).toMatchObject([
      { collection: 'animals', event: 'create', key: 1, fields: { name: 'Tom', lives: 9 } },
      { collection: 'animals', event: 'create', key: 2, fields: { name: 'Rex', tricks: 'sit' } },
      { collection: 'animals', event: 'update', key: 1, fields: { name: 'Tom', lives: 8 } },
      { collection: 'animals', event: 'delete', key: 2, fields: { name: 'Rex', tricks: 'sit' } },
    ])
  })

  it('has not got what its class has not got, and it is not looked for', async () => {
    const rules = [{ collection: 'animals', payload: ['name', 'lives', 'tricks'] }]
    const here = await stage(copy, SQLITE, { rules })
    await here.dataSource.getRepository(Cat).save({ name: 'Tom', lives: 9 })
    expect(here.published[0]).toMatchObject([{ fields: { name: 'Tom', lives: 9 } }])
    expect(here.statements.filter((sql) => sql.startsWith('SELECT'))).toEqual([])
  })

  it('has the collection, key and fields of the options', async () => {
    const entity = 'Post'
    const entities = [{ entity, collection: 'posts', key: (post: object) => (post as Post).slug, fields: ['title'] }]
    const here = await stage(copy, SQLITE, { entities })
    await posts(here).save({ title: 'one', slug: 'a' })
    await posts(here).update({ slug: 'a' }, { title: 'two' })
    expect(here.published.flat()).toEqual([
      { collection: 'posts', event: 'create', key: 'a', fields: { title: 'one' } },
      { collection: 'posts', event: 'update', key: 'a', fields: { title: 'two' }, previous: { title: 'one' } },
    ])
    const keyless = posts(here).save({ title: 'no slug' })
    await expect(keyless).rejects.toMatchObject({
      code: 'CHANGE_INVALID',
      message: expect.stringContaining('entity Post has no key'),
    })
    expect(await posts(here).countBy({ title: 'no slug' })).toBe(0)
  })
})
