import { type DynamicModule, Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { UnstaleModule } from '@unstale/adapter-nest'
import type { TargetInput } from '@unstale/core'
import { DataSource } from 'typeorm'
import { Author } from './posts/author.entity.ts'
import { Post } from './posts/post.entity.ts'
import { PostsModule } from './posts/posts.module.ts'

export interface AppOptions {
  /** Address of the database. */
  database: string
  targets: readonly TargetInput[]
}

@Module({ imports: [PostsModule] })
class AppModule {}

export function appModule({ database, targets }: AppOptions): DynamicModule {
  return {
    module: AppModule,
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url: database, entities: [Post, Author], synchronize: true }),
      UnstaleModule.forRootAsync({
        inject: [DataSource],
        useFactory: (dataSource: DataSource) => ({
          database: dataSource,
          entities: [Post, Author],
          targets,
          // The front ends of this example are on this machine; those of others need no such line.
          network: { allow: ['127.0.0.1'] },
        }),
      }),
    ],
  }
}
