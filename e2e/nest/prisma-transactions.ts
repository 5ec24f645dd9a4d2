import { describe, expect, it } from 'vitest'
import { first, type Stage, slug } from './prisma-stage.ts'

/** Where writes run, what is not announced, and what others add. */
export function transactions(stage: Stage): void {
  describe('in transactions', () => {
    const madeAndRenamed = [
      { event: 'create', fields: { slug: 'b' } },
      { event: 'update', fields: { slug: 'b' }, previous: { slug: 'a' } },
    ]

    it('of yours, a write and its notice are one', async () => {
      const { prisma, heard } = stage.site
      const write = (fails: boolean) =>
        prisma.$transaction(async (tx) => {
          await tx.post.create(slug('a'))
          await tx.$transaction(async (nested) => void (await nested.post.update({ where: { slug: 'a' }, ...slug('b') })))
          expect(await heard()).toEqual([])
          if (fails) throw new Error('undone')
        })
      await expect(write(true)).rejects.toThrow('undone')
      expect(await heard()).toEqual([])
      await write(false)
      expect(await heard()).toMatchObject(madeAndRenamed)
    })

    it('a nested one that is undone takes its notices with it', async () => {
      const { prisma, heard } = stage.site
      await prisma.$transaction(async (tx) => {
        await tx.post.create(slug('a'))
        const nested = tx.$transaction(async (inner) => {
          await inner.post.create(slug('b'))
          throw new Error('undone')
        })
        await nested.catch(() => {})
      })
      expect((await heard()).map(({ fields }) => fields['slug'])).toEqual(['a'])
    })

    it('of an array, with the same answers, and all or nothing', async () => {
      const { prisma, heard } = stage.site
      const [made, renamed, count] = await prisma.$transaction([
        prisma.post.create(slug('a')),
        prisma.post.update({ where: { slug: 'a' }, ...slug('b') }),
        prisma.post.count(),
      ])
      expect([made, renamed, count]).toMatchObject([{ slug: 'a' }, { slug: 'b' }, 1])
      expect(await heard()).toMatchObject(madeAndRenamed)
      const broken = prisma.$transaction([prisma.post.update({ ...first, ...slug('c') }), prisma.post.create(slug('c'))])
      await expect(broken).rejects.toMatchObject({ code: 'P2002' })
      expect(await heard()).toEqual([])
      expect(await prisma.post.findMany({ select: { slug: true } })).toEqual([{ slug: 'b' }])
    })

    it('of an array within another', async () => {
      const { prisma, heard } = stage.site
      await prisma.$transaction(async (tx) => {
        await tx.$transaction([tx.post.create(slug('a')), tx.post.update({ where: { slug: 'a' }, ...slug('b') })])
        expect(await heard()).toEqual([])
      })
      expect(await heard()).toMatchObject(madeAndRenamed)
    })

    it('of none, where its notice cannot be stored, it is undone', async () => {
      const { prisma, plain } = stage.site
      await stage.database.sql('ALTER TABLE unstale_inbox RENAME TO elsewhere')
      await expect(prisma.post.create(slug('a'))).rejects.toMatchObject({ code: 'STORE_TABLES_MISSING' })
      expect(await plain.post.count()).toBe(0)
    })

    it('two who rename one item at once announce both of its old addresses', async () => {
      const { prisma, heard } = stage.site
      await prisma.post.create(slug('a'))
      await heard()
      const rename = (to: string) => prisma.post.update({ ...first, ...slug(to) })
      await Promise.all(['b', 'c', 'd', 'e', 'f'].map(rename))
      const old = (await heard()).map(({ previous }) => previous?.['slug'])
      const [last] = await prisma.post.findMany()
      expect([...old, last?.['slug']].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    })

    it('a running pipeline hears of a write as soon as it is committed', async () => {
      const { prisma, pipeline } = stage.site
      const delivered = new Promise<void>((resolve) => pipeline.on('delivered', resolve))
      await pipeline.start()
      await prisma.post.create(slug('a'))
      await delivered
    })
  })

  describe('what is not announced', () => {
    it('costs nothing where nobody asked', async () => {
      const { prisma, statements, heard } = await stage.another({}, [{ collection: 'posts', events: ['delete'] }])
      statements.length = 0
      await prisma.post.create(slug('a'))
      await prisma.post.update({ ...first, ...slug('b') })
      await prisma.$transaction([prisma.post.update({ ...first, ...slug('c') })])
      await prisma.user.create({ data: { name: 'Ada' } })
      expect(statements.filter((sql) => /unstale|FOR UPDATE/.test(sql))).toEqual([])
      expect(statements.filter((sql) => sql.startsWith('SELECT'))).toEqual([])
      expect(await heard()).toEqual([])
    })

    it('costs no reading before where no old value was asked for, or none is wanted', async () => {
      for (const [options, rules] of [
        [{}, [{ collection: 'posts', payload: ['slug'] }]],
        [{ previous: 'never' }, undefined],
      ] as const) {
        const { prisma, statements, heard } = await stage.another(options, rules)
        await prisma.post.deleteMany()
        await prisma.post.create(slug('a'))
        await heard()
        statements.length = 0
        await prisma.post.update({ where: { slug: 'a' }, ...slug('b') })
        expect(statements.filter((sql) => /^SELECT .*posts/.test(sql))).toEqual([])
        expect(await heard()).toMatchObject([{ event: 'update', fields: { slug: 'b' } }])
      }
    })

    it('a field or a model that was left out', async () => {
      const { prisma, heard } = await stage.another({ models: { Post: { collection: 'articles', fields: ['slug'] } } })
      await prisma.user.create({ data: { name: 'Ada' } })
      await prisma.post.create(slug('a', { title: 'secret' }))
      expect(await heard()).toMatchObject([{ collection: 'articles', fields: { slug: 'a' } }])
      expect(JSON.stringify(await heard())).not.toContain('secret')
    })

    it('what lies behind a relation, or was written in SQL', async () => {
      const { prisma, heard } = stage.site
      await prisma.post.create({ data: { slug: 'a', tags: { create: { tag: 'x' } } } })
      await prisma.$executeRawUnsafe(`UPDATE posts SET slug = 'b'`)
      expect((await heard()).map(({ collection }) => collection)).toEqual(['posts'])
    })
  })

  describe('with other extensions', () => {
    it('of which each write is seen once, before and after it', async () => {
      const seen: string[] = []
      const logging = (name: string) => ({
        query: {
          $allModels: {
            async $allOperations({ operation, args, query }: { operation: string; args: object; query(args: object): unknown }) {
              seen.push(`${name} ${operation}`)
              return query(args)
            },
          },
        },
      })
      const shouting = {
        result: { post: { shout: { needs: { slug: true }, compute: ({ slug }: { slug: string }) => slug.toUpperCase() } } },
      }
      const { plain, extension, heard } = stage.site
      const prisma = plain.$extends(logging('before')).$extends(extension).$extends(logging('after')).$extends(shouting)
      const post = await prisma.post.create(slug('a'))
      expect(post).toMatchObject({ slug: 'a', shout: 'A' })
      const shown = await prisma.post.update({ ...first, ...slug('b'), select: { shout: true } })
      expect(JSON.stringify(shown)).toBe('{"shout":"B"}')
      expect(seen).toEqual(['before create', 'after create', 'before update', 'after update'])
      expect((await heard()).map(({ event }) => event)).toEqual(['create', 'update'])
    })

    it('an extension that wraps writes in arrays of its own is refused, and nothing is written', async () => {
      const { plain, extension, heard } = stage.site
      const wrapping = {
        query: {
          $allModels: {
            async $allOperations({ args, query }: { args: object; query(args: object): unknown }) {
              const [, answer] = await plain.$transaction([plain.$executeRawUnsafe('SELECT 1'), query(args)])
              return answer
            },
          },
        },
      }
      const prisma = plain.$extends(wrapping).$extends(extension)
      await expect(prisma.post.create(slug('a'))).rejects.toMatchObject({ code: 'TRANSACTION_UNSUPPORTED' })
      expect(await plain.post.count()).toBe(0)
      expect(await heard()).toEqual([])
    })
  })
}
