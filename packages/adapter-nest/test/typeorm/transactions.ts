/** That a notice is committed and rolled back with what it is about. */
import type { EntityManager } from 'typeorm'
import { describe, expect, it } from 'vitest'
import { typeormTransaction } from '../../src/typeorm.ts'
import type { Post } from './schemas.ts'
import { type Place, type Stage, stage, type TypeOrm } from './stage.ts'

const titles = async (here: Stage): Promise<unknown[]> => (await here.delivered()).map(({ fields }) => fields['title'])
const add = (manager: EntityManager, title: string, slug = title) => manager.insert<Post>('Post', { title, slug })

export function testsTransactions(name: string, copy: TypeOrm, place: Place): void {
  describe(`with ${name} a notice`, () => {
    it('is there with the commit, and not after a rollback', async () => {
      const here = await stage(copy, place)
      const { dataSource } = here
      await dataSource.transaction(async (manager) => {
        await add(manager, 'kept')
        await manager.save('Post', { title: 'saved' })
      })
      const undone = dataSource.transaction(async (manager) => {
        await add(manager, 'undone')
        await manager.save('Post', { title: 'undone, too' })
        throw new Error('no')
      })
      await expect(undone).rejects.toThrow('no')
      expect(here.published).toHaveLength(4)
      expect(await titles(here)).toEqual(['kept', 'saved'])
    })

    it('goes with a savepoint that is rolled back alone', async () => {
      const here = await stage(copy, place)
      await here.dataSource.transaction(async (outer) => {
        await add(outer, 'outer')
        const inner = outer.transaction(async (manager) => {
          await add(manager, 'inner')
          throw new Error('no')
        })
        await inner.catch(() => {})
        await outer.transaction((manager) => add(manager, 'second'))
      })
      expect(await titles(here)).toEqual(['outer', 'second'])
    })

    it('is not written for a call that fails', async () => {
      const here = await stage(copy, place)
      const posts = here.dataSource.getRepository<Post>('Post')
      await posts.insert([
        { title: 'one', slug: 'a' },
        { title: 'two', slug: 'b' },
      ])
      await expect(posts.save({ title: 'three', slug: 'a' })).rejects.toThrow()
      await expect(posts.update({ slug: 'b' }, { slug: 'a' })).rejects.toThrow()
      await expect(posts.save([{ title: 'four' }, { title: 'five', slug: 'b' }])).rejects.toThrow()
      expect(await titles(here)).toEqual(['one', 'two'])
      expect(await posts.count()).toBe(2)
    })

    it('that cannot be written fails the call, and nothing is written', async () => {
      const here = await stage(copy, place)
      const posts = here.dataSource.getRepository<Post>('Post')
      await posts.insert({ title: 'one', slug: 'a' })
      await here.dataSource.query(`DROP TABLE ${here.prefix}inbox`)
      for (const call of [
        () => posts.save({ title: 'two' }),
        () => posts.insert({ title: 'two' }),
        () => posts.update({ slug: 'a' }, { title: 'two' }),
        () => posts.delete({ slug: 'a' }),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'STORE_TABLES_MISSING' })
      }
      expect(await posts.find({ select: { title: true } })).toEqual([{ title: 'one' }])
    })

    it('is heard of with the outermost commit, at once', async () => {
      const here = await stage(copy, place)
      const ends: string[] = []
      const watch = (manager: EntityManager) => {
        const { committed } = typeormTransaction(manager) as { committed: Promise<void> }
        void committed.then(
          () => ends.push('committed'),
          () => ends.push('rolled back'),
        )
      }
      await here.dataSource.transaction(async (outer) => {
        watch(outer)
        await outer.transaction(async (inner) => watch(inner))
        expect(ends).toEqual([])
      })
      expect(ends).toEqual(['committed', 'committed'])
      await here.dataSource
        .transaction(async (manager) => {
          watch(manager)
          throw new Error('no')
        })
        .catch(() => {})
      expect(ends).toEqual(['committed', 'committed', 'rolled back'])
    })

    it('is refused where there is no transaction, or where it is over', async () => {
      const here = await stage(copy, place)
      const refused = { code: 'TRANSACTION_UNSUPPORTED', message: expect.stringContaining('dataSource.transaction(') }
      expect(() => typeormTransaction(here.dataSource.manager)).toThrow(expect.objectContaining(refused))
      const runner = here.dataSource.createQueryRunner()
      expect(() => typeormTransaction(runner)).toThrow(expect.objectContaining(refused))
      await runner.startTransaction()
      const transaction = typeormTransaction(runner)
      await runner.commitTransaction()
      await runner.startTransaction()
      const late = here.pipeline.publish({ collection: 'posts', event: 'update', key: 1 }, { transaction })
      await expect(late).rejects.toMatchObject({ code: 'TRANSACTION_UNSUPPORTED', message: expect.stringContaining('is over') })
      await runner.rollbackTransaction()
      await runner.release()
    })

    it('of a save without a transaction is published after it', async () => {
      const here = await stage(copy, place)
      await here.dataSource.getRepository<Post>('Post').save({ title: 'one' }, { transaction: false })
      expect(here.statements.filter((sql) => /BEGIN|START/.test(sql))).toEqual([])
      expect(await titles(here)).toEqual(['one'])
    })
  })
}
