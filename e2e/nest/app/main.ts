/** A Nest API as its author would write it: told by environment variables where its database and its targets are. */
import 'reflect-metadata'
import { Body, Controller, Injectable, Module, Param, ParseIntPipe, Patch, Post as Route } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { TypeOrmModule } from '@nestjs/typeorm'
import { ChangePublisher, EmitsChange, UnstaleModule } from '@unstale/adapter-nest'
import type { TargetInput } from '@unstale/core'
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm'

@Entity('posts')
export class Post {
  @PrimaryGeneratedColumn()
  id!: number

  @Column('text')
  slug!: string

  @Column('text')
  title!: string
}

@Injectable()
export class PostsService {
  constructor(
    readonly dataSource: DataSource,
    readonly changes: ChangePublisher,
  ) {}

  async save(post: Partial<Post>): Promise<Post> {
    return this.dataSource.getRepository(Post).save(post)
  }

  /** SQL of its own, and a publish in the same transaction. */
  async retitle(id: number, title: string, fails: boolean): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query('UPDATE posts SET title = $1 WHERE id = $2', [title, id])
      await this.changes.publishIn(manager, { collection: 'posts', event: 'update', key: id, fields: { title } })
      if (fails) throw new Error('rolled back')
    })
  }

  async saveAndFail(id: number, title: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.update(Post, { id }, { title })
      throw new Error('rolled back')
    })
  }

  @EmitsChange({ collection: 'menus', event: 'update' })
  async touchMenu(id: number): Promise<{ id: number }> {
    return { id }
  }
}

@Controller()
export class PostsController {
  constructor(readonly posts: PostsService) {}

  @Route('posts')
  create(@Body() post: Partial<Post>): Promise<Post> {
    return this.posts.save(post)
  }

  @Patch('posts/:id')
  async update(@Param('id', ParseIntPipe) id: number, @Body() changed: Partial<Post>): Promise<void> {
    await this.posts.dataSource.getRepository(Post).update(id, changed)
  }

  @Route('posts/:id/retitle')
  async retitle(@Param('id', ParseIntPipe) id: number, @Body() { title, fails = false }: { title: string; fails?: boolean }) {
    await this.posts.retitle(id, title, fails)
  }

  @Route('posts/:id/save-and-fail')
  async saveAndFail(@Param('id', ParseIntPipe) id: number) {
    await this.posts.saveAndFail(id, 'never')
  }

  @Route('menus/:id')
  touch(@Param('id', ParseIntPipe) id: number): Promise<{ id: number }> {
    return this.posts.touchMenu(id)
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL ?? '',
      entities: [Post],
      synchronize: true,
    }),
    UnstaleModule.forRootAsync({
      inject: [DataSource],
      useFactory: (dataSource: DataSource) => ({
        database: dataSource,
        entities: [Post],
        targets: JSON.parse(process.env.TARGETS ?? '[]') as TargetInput[],
        network: { allow: ['127.0.0.1'] },
      }),
    }),
  ],
  controllers: [PostsController],
  providers: [PostsService],
})
export class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
  app.enableShutdownHooks()
  await app.listen(0, '127.0.0.1')
  console.log(`listening ${await app.getUrl()}`)
}

void main()
