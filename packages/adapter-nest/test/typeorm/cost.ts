/** What it costs: nothing where nobody asked, and one statement for many items. */
import { describe, expect, it } from 'vitest'
import type { Post, Tag } from './schemas.ts'
import { type Place, type Stage, stage, type TypeOrm } from './stage.ts'

export function testsCost(name: string, copy: TypeOrm, place: Place): void {
  const posts = ({ dataSource }: Stage) => dataSource.getRepository<Post>('Post')

  describe(`with ${name}`, () => {
    it('no statement is added where nobody asked', async () => {
      const rules = [{ collection: 'other', payload: ['*'] }]
      const here = await stage(copy, place, { rules })
      const write = async (): Promise<string[]> => {
        here.statements.length = 0
        const [post] = await posts(here).save([{ title: 'x', slug: 's' }])
        await posts(here).save({ id: post?.id as number, title: 'y', tags: [] })
        const tag = await here.dataSource.getRepository<Tag>('Tag').save({ name: 'red' })
        const relation = () => here.dataSource.createQueryBuilder().relation('Post', 'tags').of(post?.id)
        await relation().add(tag.id)
        await relation().remove(tag.id)
        await posts(here).update({ slug: 's' }, { title: 'z' })
        await posts(here).upsert({ title: 'z', slug: 's' }, ['slug'])
        await posts(here).softDelete({ slug: 's' })
        await posts(here).restore({ slug: 's' })
        await posts(here).insert({ title: 'b' })
        await posts(here).delete({ title: 'b' })
        await posts(here).remove(await posts(here).findOneByOrFail({ slug: 's' }))
        return here.statements.map((sql) => sql.replaceAll(/\d+|'[^']*'/g, '0'))
      }
      const watched = await write()
      here.stop()
      expect(watched).toEqual(await write())
      expect(here.published).toEqual([])
    })

    it('a hundred items are one notice', async () => {
      const here = await stage(copy, place)
      const inbox = () => here.statements.splice(0).filter((sql) => /^INSERT INTO \S+_inbox/.test(sql)).length
      const many = Array.from({ length: 100 }, (_, n) => ({ title: `t${n}`, slug: `s${n}` }))
      // SQLite prepares small statements, and calls one several times.
      const most = place.dialect === 'sqlite' ? 10 : 1
      const saved = await posts(here).save(many)
      // Elsewhere TypeORM itself has to read what the database has filled in.
      if (place.dialect === 'postgres') expect(here.statements.filter((sql) => sql.startsWith('SELECT'))).toEqual([])
      expect(inbox()).toBeLessThanOrEqual(most)
      await posts(here).save(saved.map((post) => ({ ...post, title: 'new' })))
      const reads = here.statements.filter((sql) => sql.startsWith('SELECT')).length
      expect(reads).toBeLessThanOrEqual(4)
      expect(inbox()).toBeLessThanOrEqual(most)
      await posts(here).update({ title: 'new' }, { title: 'newer' })
      expect(here.statements.filter((sql) => sql.startsWith('SELECT'))).toHaveLength(2)
      expect(inbox()).toBeLessThanOrEqual(most)
      await posts(here).delete({ title: 'newer' })
      expect(inbox()).toBeLessThanOrEqual(most)
      expect(here.published.map((changes) => changes.length)).toEqual([100, 100, 100, 100])
      expect((await here.delivered()).length).toBeGreaterThanOrEqual(100)
    })

    it('nothing is announced any more once it was stopped', async () => {
      const here = await stage(copy, place)
      here.stop()
      await posts(here).save({ title: 'x', slug: 's' })
      await posts(here).update({ slug: 's' }, { title: 'y' })
      expect(here.published).toEqual([])
    })
  })
}
