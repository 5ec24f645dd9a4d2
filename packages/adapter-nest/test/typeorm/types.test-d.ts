/** Compiled, not run: what users of both versions of TypeORM pass is taken as it is. */
import type { Pipeline } from '@unstale/core'
import type { DataSource, EntityManager, EntitySchema, QueryRunner } from 'typeorm'
import type * as old from 'typeorm-0.3'
import { announceEntities, typeormDialect, typeormExecutor, typeormTransaction } from '../../src/typeorm.ts'

declare const pipeline: Pipeline
declare const schema: EntitySchema
declare const oldSchema: old.EntitySchema
declare class Post {
  constructor(title: string)
  title: string
}

export function takes(one: DataSource, other: old.DataSource): unknown[] {
  const watched = {
    entity: Post,
    collection: 'posts',
    key: (post: Readonly<Record<string, unknown>>) => String(post['slug']),
    fields: ['title'],
  }
  return [
    typeormExecutor(one),
    typeormExecutor(other),
    typeormDialect(one),
    typeormDialect(other),
    announceEntities(pipeline, one, 'all'),
    announceEntities(pipeline, one, [Post, schema, 'Post', watched], { logger: console }),
    announceEntities(pipeline, other, [Post, oldSchema, { entity: oldSchema }]),
  ]
}

export async function publishes(all: (EntityManager | QueryRunner | old.EntityManager | old.QueryRunner)[]): Promise<void> {
  for (const one of all) {
    await pipeline.publish({ collection: 'posts', event: 'delete', key: 1 }, { transaction: typeormTransaction(one) })
  }
}

// @ts-expect-error: not a transaction
typeormTransaction({ commit: true })
// @ts-expect-error: not a DataSource
typeormExecutor({ type: 'postgres' })
// @ts-expect-error: not a list
announceEntities(pipeline, {} as DataSource, Post)
