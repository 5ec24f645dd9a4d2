import { Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { Author } from './author.entity.ts'
import { Post } from './post.entity.ts'
import { PostsController } from './posts.controller.ts'
import { PostsService } from './posts.service.ts'

@Module({
  imports: [TypeOrmModule.forFeature([Post, Author])],
  controllers: [PostsController],
  providers: [PostsService],
})
export class PostsModule {}
