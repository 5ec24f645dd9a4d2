import type { Knex } from 'knex'
import type { DataSource, EntityManager, QueryRunner } from 'typeorm'
import type { DataSource as DataSource03, EntityManager as EntityManager03 } from 'typeorm-0.3'
import { describe, expectTypeOf, it } from 'vitest'
import { type ChangePublisher, type Database, EmitsChange, type Transaction, UnstaleModule } from '../../src/index.ts'

interface Post {
  id: number
  slug: string
}
const targets = [{ url: 'https://site.test/flush' }]

describe('the module, as a user writes it', () => {
  it('takes the connection that the application has', () => {
    expectTypeOf<DataSource>().toExtend<Database>()
    expectTypeOf<DataSource03>().toExtend<Database>()
    expectTypeOf<Knex>().toExtend<Database>()
    expectTypeOf<string>().not.toExtend<Database>()
  })

  it('is given its options, or makes them', () => {
    void ((dataSource: DataSource) => {
      UnstaleModule.forRoot({ targets, database: dataSource, entities: 'all', isGlobal: false })
      UnstaleModule.forRoot({ targets: 'store', database: dataSource })
      UnstaleModule.forRootAsync({ inject: ['x'], useFactory: async () => ({ targets, database: dataSource }) })
      // @ts-expect-error targets are required
      UnstaleModule.forRoot({ database: dataSource })
      // @ts-expect-error no such option
      UnstaleModule.forRoot({ targets, database: dataSource, table: 'create' })
      // @ts-expect-error it makes no options
      UnstaleModule.forRootAsync({ useClass: class {} })
    })
  })
})

it('publishIn takes what people call a transaction', () => {
  expectTypeOf<EntityManager>().toExtend<Transaction>()
  expectTypeOf<EntityManager03>().toExtend<Transaction>()
  expectTypeOf<QueryRunner>().toExtend<Transaction>()
  expectTypeOf<Knex.Transaction>().toExtend<Transaction>()
  expectTypeOf<ChangePublisher['publishIn']>().parameter(0).toEqualTypeOf<Transaction>()
})

describe('@EmitsChange', () => {
  it('knows the method that it is written on', () => {
    class Posts {
      @EmitsChange({ collection: 'posts', event: 'create' })
      async create(post: Post): Promise<Post> {
        return post
      }

      @EmitsChange<Post, [number, string]>({ collection: 'posts', event: 'update', key: (post, id) => post.id + id })
      async update(id: number, slug: string): Promise<Post[]> {
        return [{ id, slug }]
      }

      // @ts-expect-error it resolves to no post
      @EmitsChange<Post, [number]>({ collection: 'posts', event: 'delete', key: (post) => post.id })
      async remove(_id: number): Promise<void> {}

      // @ts-expect-error its argument is a number
      @EmitsChange<void, [string]>({ collection: 'posts', event: 'delete', key: (_nothing, id) => id })
      async removeAgain(_id: number): Promise<void> {}

      // @ts-expect-error it returns no promise
      @EmitsChange({ collection: 'posts', event: 'update' })
      now(post: Post): Post {
        return post
      }
    }
    void Posts
  })

  it('knows the events', () => {
    // @ts-expect-error no such event
    EmitsChange({ collection: 'posts', event: 'created' })
    // @ts-expect-error a collection is required
    EmitsChange({ event: 'create' })
  })
})
