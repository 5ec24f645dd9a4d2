import { Body, Controller, Delete, Get, HttpCode, Param, ParseIntPipe, Patch, Query, Post as Route } from '@nestjs/common'
import type { Post } from './post.entity.ts'
import { type PostInput, PostsService } from './posts.service.ts'

@Controller()
export class PostsController {
  readonly posts: PostsService

  constructor(posts: PostsService) {
    this.posts = posts
  }

  @Get('posts')
  list(@Query('status') status?: string): Promise<Post[]> {
    return this.posts.list(status)
  }

  @Get('posts/by-slug/:slug')
  bySlug(@Param('slug') slug: string): Promise<Post> {
    return this.posts.bySlug(slug)
  }

  @Route('posts')
  create(@Body() post: PostInput): Promise<Post> {
    return this.posts.create(post)
  }

  @Route('posts/archive')
  @HttpCode(200)
  async archive(): Promise<{ archived: number }> {
    return { archived: await this.posts.archive() }
  }

  @Patch('posts/:id')
  update(@Param('id', ParseIntPipe) id: number, @Body() changed: PostInput): Promise<Post> {
    return this.posts.update(id, changed)
  }

  @Delete('posts/:id')
  @HttpCode(204)
  remove(@Param('id', ParseIntPipe) id: number): Promise<void> {
    return this.posts.remove(id)
  }

  @Patch('authors/:id')
  @HttpCode(204)
  renameAuthor(@Param('id', ParseIntPipe) id: number, @Body('name') name: string): Promise<void> {
    return this.posts.renameAuthor(id, name)
  }
}
