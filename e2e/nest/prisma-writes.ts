import { describe, expect, it } from 'vitest'
import { first, type Stage, slug } from './prisma-stage.ts'

/** What becomes of each write, and of its answer. */
export function writes(stage: Stage): void {
  describe('each write is announced', () => {
    it('create, with what the database made of it', async () => {
      const { prisma, heard } = stage.site
      const { id } = await prisma.user.create({ data: { name: 'Ada' } })
      const post = await prisma.post.create(slug('a', { authorId: id, price: '1.50', picture: new Uint8Array([1]) }))
      expect(post).toMatchObject({ id: 1, slug: 'a', status: 'draft' })
      const fields = { id: 1, slug: 'a', title: null, status: 'draft', authorId: id, views: '0', price: '1.5' }
      expect(await heard()).toMatchObject([
        { collection: 'User', event: 'create', fields: { id, name: 'Ada' } },
        { collection: 'posts', event: 'create', fields },
      ])
    })

    it('update, with the values that it replaced', async () => {
      const { prisma, heard } = stage.site
      await prisma.post.create(slug('a', { title: 'A' }))
      await heard()
      await prisma.post.update({ ...first, ...slug('b', { title: 'A' }) })
      await prisma.post.update({ where: { slug: 'b' }, ...slug('c') })
      expect(await heard()).toMatchObject([
        { event: 'update', fields: { id: 1, slug: 'c' }, previous: { slug: 'a' } },
        { event: 'update', fields: { id: 1, slug: 'c' }, previous: { slug: 'b' } },
      ])
    })

    it('upsert, as what it came to be', async () => {
      const { prisma, heard } = stage.site
      const upsert = (title: string) =>
        prisma.post.upsert({ where: { slug: 'a' }, create: { slug: 'a', title }, update: { title } })
      await upsert('x')
      expect(await heard()).toMatchObject([{ event: 'create', fields: { id: 1, title: 'x' } }])
      await upsert('y')
      expect(await heard()).toMatchObject([{ event: 'update', fields: { id: 1, title: 'y' }, previous: { title: 'x' } }])
    })

    it('delete, with the last values', async () => {
      const { prisma, heard } = stage.site
      await prisma.post.create(slug('a'))
      await heard()
      expect(await prisma.post.delete({ ...first, select: { title: true } })).toEqual({ title: null })
      expect(await heard()).toMatchObject([{ event: 'delete', fields: { id: 1, slug: 'a' } }])
    })

    it('createMany and createManyAndReturn', async () => {
      const { prisma, heard } = stage.site
      expect(await prisma.post.createMany({ data: [{ slug: 'a' }, { slug: 'b' }] })).toEqual({ count: 2 })
      const more = { data: [{ slug: 'b' }, { slug: 'c' }], skipDuplicates: true }
      expect(await prisma.post.createMany(more)).toEqual({ count: 1 })
      const rows = await prisma.post.createManyAndReturn({ data: [{ slug: 'd' }], select: { slug: true } })
      expect(rows).toEqual([{ slug: 'd' }])
      const slugs = (await heard()).map(({ event, fields }) => `${event} ${fields['slug']}`)
      expect(slugs).toEqual(['create a', 'create b', 'create c', 'create d'])
    })

    it('updateMany and updateManyAndReturn', async () => {
      const { prisma, heard } = stage.site
      await prisma.post.createMany({ data: ['a', 'b', 'c'].map((slug) => ({ slug, title: 'w' })) })
      await heard()
      const title = (title: string) => ({ where: { slug: { not: 'c' } }, data: { title } })
      expect(await prisma.post.updateMany(title('x'))).toEqual({ count: 2 })
      const seen = (events: { fields: object; previous?: object }[]) => events.map(({ fields, previous }) => [fields, previous])
      expect(seen(await heard())).toMatchObject([
        [{ id: 1, title: 'x' }, { title: 'w' }],
        [{ id: 2, title: 'x' }, { title: 'w' }],
      ])
      const rows = await prisma.post.updateManyAndReturn({ ...title('y'), select: { slug: true } })
      expect(rows).toEqual([{ slug: 'a' }, { slug: 'b' }])
      expect(seen(await heard())).toMatchObject([
        [{ id: 1, title: 'y' }, { title: 'x' }],
        [{ id: 2, title: 'y' }, { title: 'x' }],
      ])
      expect(await prisma.post.updateMany({ where: { slug: 'z' }, data: { title: 'z' } })).toEqual({ count: 0 })
      expect(await prisma.post.updateMany({ data: { title: 'l' }, limit: 1 })).toEqual({ count: 1 })
      expect(await heard()).toHaveLength(1)
      await expect(prisma.post.updateMany({ ...first, data: { id: 9 } })).rejects.toMatchObject({ code: 'CHANGE_INVALID' })
    })

    it('deleteMany', async () => {
      const { prisma, heard } = stage.site
      await prisma.post.createMany({ data: ['a', 'b', 'c'].map((slug) => ({ slug })) })
      await heard()
      expect(await prisma.post.deleteMany({ where: { slug: { in: ['a', 'b'] } } })).toEqual({ count: 2 })
      expect((await heard()).map(({ event, fields }) => `${event} ${fields['slug']}`)).toEqual(['delete a', 'delete b'])
      expect(await prisma.post.deleteMany()).toEqual({ count: 1 })
      expect(await prisma.post.deleteMany()).toEqual({ count: 0 })
    })

    it('many at once, in portions', async () => {
      const { prisma, plain, heard } = stage.site
      await plain.post.createMany({ data: Array.from({ length: 2_500 }, (_, index) => ({ slug: `s${index}` })) })
      expect(await prisma.post.updateMany({ data: { title: 'x' } })).toEqual({ count: 2_500 })
      expect(new Set((await heard()).map(({ fields }) => fields.id)).size).toBe(2_500)
      expect(await prisma.post.deleteMany()).toEqual({ count: 2_500 })
    })

    it('a key of several fields, and a key that changes', async () => {
      const { prisma, heard } = stage.site
      await prisma.post.create(slug('a'))
      await prisma.postTag.create({ data: { postId: 1, tag: 'x' } })
      await heard()
      const where = { postId_tag: { postId: 1, tag: 'x' } }
      await prisma.postTag.update({ where, data: { weight: 5 } })
      expect(await heard()).toMatchObject([
        { collection: 'PostTag', event: 'update', fields: { id: '1,x', weight: 5 }, previous: { weight: 0 } },
      ])
      await prisma.postTag.updateMany({ data: { weight: 6 } })
      expect(await heard()).toMatchObject([{ fields: { id: '1,x', weight: 6 }, previous: { weight: 5 } }])
      await prisma.postTag.update({ where, data: { tag: 'y' } })
      expect((await heard()).map(({ event, fields }) => `${event} ${fields.id}`).sort()).toEqual(['create 1,y', 'delete 1,x'])
    })
  })

  describe('the answers stay what they were', () => {
    it('with select, omit and include, and on to related rows', async () => {
      const { prisma, heard } = stage.site
      const author = { create: { name: 'Ada' } }
      expect(await prisma.post.create({ ...slug('a', { author }), select: { slug: true } })).toEqual({ slug: 'a' })
      const kept = await prisma.post.update({ ...first, ...slug('b'), omit: { id: true, slug: true } })
      expect(Object.keys(kept).sort()).toEqual(['authorId', 'picture', 'price', 'status', 'title', 'views'])
      const whole = await prisma.post.update({ ...first, ...slug('c'), include: { author: true } })
      expect(whole).toMatchObject({ slug: 'c', author: { name: 'Ada' } })
      expect(await prisma.post.update({ ...first, ...slug('d') }).author()).toMatchObject({ name: 'Ada' })
      expect((await heard()).at(-1)).toMatchObject({ fields: { id: 1, slug: 'd' }, previous: { slug: 'c' } })
    })

    it('where it fails', async () => {
      const { prisma, heard } = stage.site
      await prisma.post.create(slug('a'))
      await heard()
      await expect(prisma.post.create(slug('a'))).rejects.toMatchObject({ code: 'P2002' })
      await expect(prisma.post.update({ where: { id: 7 }, ...slug('b') })).rejects.toMatchObject({ code: 'P2025' })
      await expect(prisma.post.delete({ where: { id: 7 } })).rejects.toMatchObject({ code: 'P2025' })
      expect(await heard()).toEqual([])
    })
  })
}
