/** Several connections at once. */
import { describe, expect, it } from 'vitest'
import { typeormTransaction } from '../../src/typeorm.ts'
import type { Post, Tag } from './schemas.ts'
import { type DataSource, type Place, stage, type TypeOrm } from './stage.ts'
import { say } from './ways.ts'

type Hook = 'beforeUpdate' | 'beforeRemove' | 'beforeTransactionStart'

/** Runs `step` once, when TypeORM tells of something. */
function inBetween({ subscribers }: DataSource, hook: Hook, step: () => Promise<unknown>): void {
  const subscriber = {
    [hook]: async () => {
      subscribers.splice(subscribers.indexOf(subscriber as never), 1)
      await step()
    },
  }
  subscribers.push(subscriber as never)
}

const PG_WAITING = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1`
// Looked at anew no sooner than 100 ms after the last look.
const MARIADB_WAITING = `SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE ?`

export function testsRaces(name: string, copy: TypeOrm, place: Place): void {
  const soon = place.dialect === 'postgres' ? "SET LOCAL lock_timeout = '2s'" : 'SET innodb_lock_wait_timeout = 2'

  describe(`with ${name}`, () => {
    it('transactions that announce the same items in opposite order do not wait for each other', async () => {
      const here = await stage(copy, place)
      const { dataSource, pipeline } = here
      const posts = await dataSource.getRepository<Post>('Post').save([{ title: 'one' }, { title: 'two' }])
      const tags = await dataSource.getRepository<Tag>('Tag').save([{ name: 'red' }, { name: 'blue' }])
      await here.delivered()
      const runners = [dataSource.createQueryRunner(), dataSource.createQueryRunner()]
      for (const runner of runners) {
        await runner.startTransaction()
        await runner.query(soon)
      }
      for (const step of [0, 1]) {
        for (const [n, runner] of runners.entries()) {
          const tag = tags[n === 0 ? step : 1 - step] as Tag
          await runner.manager.createQueryBuilder().relation('Post', 'tags').of(posts[n]?.id).add(tag.id)
          const change = { collection: 'tags', event: 'update' as const, key: tag.id, fields: { ...tag } }
          await pipeline.publish(change, { transaction: typeormTransaction(runner) })
        }
      }
      for (const runner of runners) {
        await runner.commitTransaction()
        await runner.release()
      }
      const said = (await here.delivered()).map(({ fields }) => fields['title'] ?? fields['name'])
      expect(new Set(said)).toEqual(new Set(['one', 'two', 'red', 'blue']))
    })

    it('a row that is being changed is read as it was when the update begins', async () => {
      const here = await stage(copy, place)
      const posts = here.dataSource.getRepository<Post>('Post')
      await posts.insert({ title: 'one', slug: 'a' })
      here.published.length = 0
      const first = here.dataSource.createQueryRunner()
      await first.startTransaction()
      await first.manager.update('Post', { title: 'one' }, { slug: 'b' })
      const second = posts.update({ title: 'one' }, { slug: 'c' })
      const waiting = place.dialect === 'postgres' ? PG_WAITING : MARIADB_WAITING
      await expect
        .poll(async () => (await here.dataSource.query(waiting, [`%${here.prefix}posts%`])).length, { interval: 150 })
        .toBe(1)
      await first.commitTransaction()
      await first.release()
      await second
      expect(here.published.flat().map(say)).toEqual(['update posts one: a > b', 'update posts one: b > c'])
    })

    it('a save has the values that another transaction has just written as the old ones', async () => {
      const here = await stage(copy, place)
      const posts = here.dataSource.getRepository<Post>('Post')
      const one = await posts.save({ title: 'one', slug: 'a' })
      here.published.length = 0
      const write = (slug: string) => () => here.dataSource.query(`UPDATE ${here.prefix}posts SET slug = '${slug}'`)
      // TypeORM has read the row by then.
      inBetween(here.dataSource, 'beforeTransactionStart', write('b'))
      await posts.save({ id: one.id, slug: 'c' })
      inBetween(here.dataSource, 'beforeTransactionStart', write('d'))
      await posts.remove({ ...one })
      expect(here.published.flat()).toMatchObject([
        { event: 'update', fields: { slug: 'c' }, previous: { slug: 'b' } },
        { event: 'delete', fields: { slug: 'd' } },
      ])
    })

    it('upserts of new rows do not wait for each other', async () => {
      const here = await stage(copy, place)
      const posts = here.dataSource.getRepository<Post>('Post')
      await posts.insert([
        { title: 'first', slug: 'a' },
        { title: 'last', slug: 'z' },
      ])
      let both = () => {}
      const looked = new Promise<void>((resolve) => {
        both = resolve
      })
      let n = 0
      const beforeInsert = () => {
        n += 1
        if (n === 2) both()
        return looked
      }
      here.dataSource.subscribers.push({ beforeInsert } as never)
      here.published.length = 0
      await Promise.all(['m', 'n'].map((slug) => posts.upsert({ title: slug, slug }, ['slug'])))
      expect(new Set(here.published.flat().map(say))).toEqual(new Set(['create posts m', 'create posts n']))
    })

    if (place.dialect === 'postgres')
      it('rows that another transaction has just inserted are announced, too', async () => {
        const here = await stage(copy, place)
        const { dataSource, prefix, published } = here
        const posts = dataSource.getRepository<Post>('Post')
        await posts.insert({ title: 'one', slug: 'a' })
        const insert = (title: string) => () => dataSource.query(`INSERT INTO ${prefix}posts (title) VALUES ('${title}')`)
        published.length = 0
        inBetween(dataSource, 'beforeUpdate', insert('two'))
        const updated = await posts.createQueryBuilder().update().set({ status: 'x' }).where('views = 0').execute()
        expect(published.flat()).toMatchObject([{ fields: { title: 'one' } }, { event: 'update', fields: { title: 'two' } }])
        expect(published[0]?.[1]).not.toHaveProperty('previous')
        expect(updated).toMatchObject({ affected: 2, raw: [], generatedMaps: [] })
        inBetween(dataSource, 'beforeRemove', insert('three'))
        const deleted = await posts.createQueryBuilder().delete().where('views = 0').execute()
        expect(published[1]?.map(say)).toEqual(['delete posts one', 'delete posts two', 'delete posts three'])
        expect(deleted).toEqual({ affected: 3, raw: [] })
      })

    if (place.dialect === 'postgres')
      it('what a statement is asked to answer, it answers', async () => {
        const here = await stage(copy, place)
        const posts = here.dataSource.getRepository<Post>('Post')
        const builder = () => posts.createQueryBuilder()
        const inserted = await builder().insert().values({ title: 'one', slug: 'a' }).returning(['title']).execute()
        expect(inserted.raw).toMatchObject([{ title: 'one' }])
        const updated = await builder().update().set({ title: 'two' }).where({ slug: 'a' }).returning('*').execute()
        expect(updated.raw).toMatchObject([{ title: 'two', slug: 'a' }])
        const deleted = await builder().delete().where({ slug: 'a' }).returning(['slug']).execute()
        expect(deleted.raw).toEqual([{ slug: 'a' }])
        const quiet = await builder().insert().values({ title: 'x' }).updateEntity(false).execute()
        expect(quiet).toMatchObject({ raw: [], identifiers: [] })
        expect(here.published.flat().map(say)).toEqual([
          'create posts one',
          'update posts two',
          'delete posts two',
          'create posts x',
        ])
      })

    if (place.dialect === 'postgres')
      it('what a SELECT or another spelling of a key has inserted is announced', async () => {
        const here = await stage(copy, place)
        const { dataSource, published } = here
        await dataSource.getRepository('Author').insert({ id: '0000AAAA-0000-4000-8000-000000000001', name: 'Ada' })
        expect(published).toMatchObject([
          [{ event: 'create', key: '0000aaaa-0000-4000-8000-000000000001', fields: { name: 'Ada' } }],
        ])
        const other = '0000BBBB-0000-4000-8000-000000000001'
        await dataSource.getRepository('Author').update({ name: 'Ada' }, { id: other })
        expect(published[1]?.map(({ event, key }) => `${event} ${key}`)).toEqual([
          'delete 0000aaaa-0000-4000-8000-000000000001',
          `create ${other.toLowerCase()}`,
        ])
        const builder = dataSource.createQueryBuilder().insert().into('Tag', ['name'])
        // TypeORM 1.
        if (typeof builder.valuesFromSelect !== 'function') return
        await builder.valuesFromSelect((select) => select.select('author.name').from('Author', 'author')).execute()
        expect(published[2]?.map(say)).toEqual(['create tags Ada'])
      })

    if (place.dialect === 'postgres')
      it('a statement within a statement is not run twice', async () => {
        const here = await stage(copy, place)
        const posts = here.dataSource.getRepository<Post>('Post')
        await posts.insert({ title: 'one', views: 1 })
        here.published.length = 0
        const update = () => posts.createQueryBuilder().update().set({ status: 'x' }).where('views IN (SELECT n FROM t)')
        const writes = `UPDATE ${here.prefix}tags SET name = 'x' RETURNING 1 AS n`
        await update().addCommonTableExpression(writes, 't').execute()
        expect(here.statements.filter((sql) => sql.includes(writes))).toHaveLength(1)
        expect(here.published).toEqual([[{ collection: 'posts', event: 'update', key: '*' }]])
        await update().addCommonTableExpression('SELECT 1 AS n', 't').execute()
        expect(here.published[1]?.map(say)).toEqual(['update posts one'])
      })
  })
}
