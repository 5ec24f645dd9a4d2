import { randomBytes } from 'node:crypto'
import { Controller, Injectable, Post as Route } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { Client } from 'pg'
import { DataSource, EntitySchema } from 'typeorm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import { ChangePublisher, UnstaleModule, type UnstaleModuleOptions } from '../../src/index.ts'
import { type Application, application, closeApplications, SITE, wired } from './stage.ts'

interface Post {
  id: number
  slug: string
  title: string
}

const PostSchema = new EntitySchema<Post>({
  name: 'Post',
  tableName: 'posts',
  columns: {
    id: { type: Number, primary: true, generated: true },
    slug: { type: 'text' },
    title: { type: 'text' },
  },
})

await withService('postgres', ({ url: server }) => {
  let url: string
  let name: string

  const admin = async (sql: string) => {
    const client = new Client({ connectionString: server })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }

  beforeEach(async () => {
    name = `nest_${randomBytes(6).toString('hex')}`
    url = Object.assign(new URL(server), { pathname: `/${name}` }).href
    await admin(`CREATE DATABASE ${name}`)
  })
  afterEach(async () => {
    await closeApplications()
    await admin(`DROP DATABASE ${name} WITH (FORCE)`)
  })

  type Order = 'after TypeORM' | 'before TypeORM'

  async function started(
    { store: _inMemory, ...options }: UnstaleModuleOptions,
    {
      order = 'after TypeORM',
      connections = 10,
      ...metadata
    }: { order?: Order; connections?: number; controllers?: never[]; providers?: never[] } = {},
  ): Promise<Application> {
    const typeorm = TypeOrmModule.forRoot({
      type: 'postgres',
      url,
      applicationName: 'the app',
      extra: { max: connections },
      entities: [PostSchema],
      synchronize: true,
    })
    const unstale = UnstaleModule.forRootAsync({
      inject: [DataSource],
      useFactory: (database: DataSource) => ({ entities: [PostSchema], ...options, database }),
    })
    return application({ imports: order === 'after TypeORM' ? [typeorm, unstale] : [unstale, typeorm], ...metadata })
  }

  describe("on TypeORM's DataSource", () => {
    it('announces what its entities become, with old values, without a call', async () => {
      const { options, arrived } = wired()
      const { get } = await started(options)
      const posts = get(DataSource).getRepository(PostSchema)
      const { id } = await posts.save({ slug: 'a', title: 'A' })
      await arrived(1)
      await posts.update(id, { slug: 'b' })
      const [, updated] = await arrived(2)
      expect(updated).toMatchObject({ event: 'update', fields: { id, slug: 'b', title: 'A' }, previous: { slug: 'a' } })
      await posts.delete(id)
      expect((await arrived(3)).at(-1)).toMatchObject({ event: 'delete', fields: { id, slug: 'b' } })
    })

    it('opens no second pool', async () => {
      const { options, arrived } = wired()
      const { get } = await started(options)
      await get(ChangePublisher).publish({ collection: 'posts', event: 'update', key: 1 })
      await arrived(1)
      const names = (await get(DataSource).query(
        `SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE datname = '${name}'`,
      )) as unknown
      expect(names).toEqual([{ name: 'the app' }])
    })

    it('announces what a transaction publishes, when it commits, and not before; and nothing of one that rolls back', async () => {
      const { options, arrived, transport } = wired()
      const { get } = await started(options)
      const publisher = get(ChangePublisher)
      const source = get(DataSource)
      const change = (key: number) => ({ collection: 'posts', event: 'update', key, fields: { slug: `s-${key}` } }) as const
      await source
        .transaction(async (manager) => {
          await publisher.publishIn(manager, change(1))
          throw new Error('rolled back')
        })
        .catch(() => {})
      await source.transaction(async (manager) => {
        await publisher.publishIn(manager, change(2))
        // A delivery of another change goes out meanwhile.
        await publisher.publish(change(3))
        await arrived(1)
        expect(transport.bodies).toMatchObject([[{ fields: { id: 3 } }]])
      })
      expect((await arrived(2)).map(({ fields }) => fields['id'])).toEqual([3, 2])
    })

    it.each<[string, UnstaleModuleOptions['targets']]>([
      ['a list', [SITE]],
      ["the store's own", 'store'],
    ])(
      'takes what is written before the bootstrap, though its transaction holds the only connection, where targets are %s',
      async (_name, targets) => {
        const { options, transport } = wired({ targets })
        @Injectable()
        class Seeds {
          readonly source: DataSource
          constructor(source: DataSource) {
            this.source = source
          }
          async onModuleInit(): Promise<void> {
            await this.source.transaction((manager) => manager.save(PostSchema, { slug: 'seed', title: 'Seed' }))
          }
        }
        Reflect.defineMetadata('design:paramtypes', [DataSource], Seeds)
        await started(options, { connections: 1, providers: [Seeds as never] })
        if (targets !== 'store') await expect.poll(() => transport.bodies.flat()).toMatchObject([{ fields: { slug: 'seed' } }])
      },
    )

    it('refuses a manager that is in no transaction, with the way to get one', async () => {
      const { options } = wired()
      const { get } = await started(options)
      const published = get(ChangePublisher).publishIn(get(DataSource).manager, { collection: 'posts', event: 'update', key: 1 })
      await expect(published).rejects.toMatchObject({
        code: 'TRANSACTION_UNSUPPORTED',
        message: expect.stringContaining('dataSource.transaction'),
      })
    })

    it.each<Order>(['after TypeORM', 'before TypeORM'])(
      'imported %s, it stores what the last request publishes, and ends without an error',
      async (order) => {
        const errors: string[] = []
        const logger = { info() {}, warn: (line: string) => errors.push(line), error: (line: string) => errors.push(line) }
        const { options, transport } = wired({ logger })
        let entered = () => {}
        let goOn = () => {}
        const inside = new Promise<void>((resolve) => {
          entered = resolve
        })
        const held = new Promise<void>((resolve) => {
          goOn = resolve
        })
        @Injectable()
        @Controller()
        class PostsController {
          readonly source: DataSource
          constructor(source: DataSource) {
            this.source = source
          }
          @Route('posts')
          async create(): Promise<void> {
            entered()
            await held
            await this.source.getRepository(PostSchema).save({ slug: 'last', title: 'Last' })
          }
        }
        Reflect.defineMetadata('design:paramtypes', [DataSource], PostsController)
        const { app, close } = await started(options, { order, controllers: [PostsController as never] })
        await app.listen(0, '127.0.0.1')
        const request = fetch(`${await app.getUrl()}/posts`, { method: 'POST', headers: { connection: 'close' } })
        await inside
        const closing = close()
        goOn()
        expect((await request).status).toBe(201)
        await closing
        expect(errors).toEqual([])
        expect(transport.requests).toEqual([])
        const next = wired()
        await started(next.options)
        expect(await next.arrived(1)).toMatchObject([{ event: 'create', fields: { slug: 'last' } }])
      },
    )
  })
})
