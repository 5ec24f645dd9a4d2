import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { withService } from '../../tools/services/in-tests.ts'
import { type PrismaApp, prismaProject, type Site, tables } from './prisma-project.ts'
import { type Stage, slug } from './prisma-stage.ts'
import { transactions } from './prisma-transactions.ts'
import { writes } from './prisma-writes.ts'
import { createDatabase, type OwnDatabase } from './process.ts'

await withService('postgres', async ({ url: server }) => {
  const folder = await prismaProject()
  const app = (await import(join(folder, 'app.ts'))) as PrismaApp

  // With tables for each of its tests.
  const contracted = await createDatabase(server)
  afterAll(() => contracted.drop())
  app.contract(contracted.url, { describe, it })

  describe('an app on Prisma', () => {
    let database: OwnDatabase
    let site: Site
    const stage: Stage = {
      get site() {
        return site
      },
      get database() {
        return database
      },
      async another(options, rules) {
        const opened = await app.open(database.url, options, rules)
        onTestFinished(() => opened.close())
        return opened
      },
    }
    beforeEach(async () => {
      database = await createDatabase(server)
      await database.sql(tables)
      site = await app.open(database.url)
    })
    afterEach(async () => {
      await site.close()
      await database.drop()
    })

    writes(stage)
    transactions(stage)

    describe('a transaction of Prisma', () => {
      it('holds what is published in it, and loses it with everything else', async () => {
        const { plain, pipeline, heard } = site
        const publish = (id: number, fails: boolean) =>
          plain.$transaction(async (tx) => {
            await tx.post.create(slug(`s${id}`))
            const transaction = app.prismaTransaction(tx)
            await pipeline.publish({ collection: 'posts', event: 'create', key: id, fields: { slug: `s${id}` } }, { transaction })
            expect(await heard()).toEqual([])
            if (fails) throw new Error('undone')
          })
        await publish(1, false)
        expect(await heard()).toMatchObject([{ collection: 'posts', event: 'create', fields: { id: 1, slug: 's1' } }])
        await expect(publish(2, true)).rejects.toThrow('undone')
        expect(await heard()).toEqual([])
      })

      it('is not the client itself, and not one that is over', async () => {
        const { plain, prisma, pipeline } = site
        const change = { collection: 'posts', event: 'update', key: 1 }
        for (const none of [plain, prisma, {}, undefined]) {
          expect(() => app.prismaTransaction(none)).toThrow(expect.objectContaining({ code: 'TRANSACTION_UNSUPPORTED' }))
        }
        const over = await plain.$transaction(async (tx) => app.prismaTransaction(tx))
        await expect(pipeline.publish(change, { transaction: over })).rejects.toMatchObject({ code: 'TRANSACTION_UNSUPPORTED' })
      })
    })

    describe('an executor', () => {
      it('tells the code of the database, and no statement', async () => {
        const { run } = app.prismaExecutor(site.plain)
        const failed = await run('SELECT * FROM nowhere', []).catch((error: unknown) => error)
        expect(failed).toMatchObject({ code: '42P01', message: 'Prisma could not run a statement' })
        await expect(run('INSERT INTO posts (slug) VALUES (?), (?)', ['a', 'a'])).rejects.toMatchObject({ code: '23505' })
        expect(() => app.prismaExecutor({})).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
      })
    })

    it('says what is wrong when the client is extended', () => {
      const wrong = (options: object) => app.open(database.url, options)
      return Promise.all(
        [
          [{ models: ['post'] }, 'the client has no model "post"'],
          [{ models: 'all' }, 'the model PostTag has no field id'],
          [{ models: { Post: { fields: ['titel'] } } }, 'the model Post has no field titel'],
          [{ models: undefined }, 'models has to be'],
          [{ previous: true }, "previous has to be 'asked' or 'never'"],
        ].map(([options, message]) =>
          expect(wrong(options as object)).rejects.toMatchObject({
            code: 'CONFIG_INVALID',
            message: expect.stringContaining(message as string),
          }),
        ),
      )
    })
  })
})
