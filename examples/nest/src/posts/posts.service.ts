import { Injectable, NotFoundException } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangePublisher } from '@unstale/adapter-nest'
import { DataSource, Repository } from 'typeorm'
import { Author } from './author.entity.ts'
import { Post } from './post.entity.ts'

/** What a caller may write. */
export type PostInput = Partial<Pick<Post, 'slug' | 'title' | 'status'>>

/** Nothing here but `archive` knows of Unstale: the module watches the entities. */
@Injectable()
export class PostsService {
  readonly posts: Repository<Post>
  readonly authors: Repository<Author>
  readonly dataSource: DataSource
  readonly changes: ChangePublisher

  constructor(
    @InjectRepository(Post) posts: Repository<Post>,
    @InjectRepository(Author) authors: Repository<Author>,
    dataSource: DataSource,
    changes: ChangePublisher,
  ) {
    this.posts = posts
    this.authors = authors
    this.dataSource = dataSource
    this.changes = changes
  }

  list(status?: string): Promise<Post[]> {
    return this.posts.find({ where: status === 'published' ? { status } : {}, order: { id: 'ASC' } })
  }

  async read(id: number): Promise<Post> {
    const post = await this.posts.findOneBy({ id })
    if (post === null) throw new NotFoundException(`There is no post ${id}.`)
    return post
  }

  async bySlug(slug: string): Promise<Post> {
    const post = await this.posts.findOneBy({ slug })
    if (post === null) throw new NotFoundException(`There is no post "${slug}".`)
    return post
  }

  create(post: PostInput): Promise<Post> {
    return this.posts.save(this.posts.create(post))
  }

  async update(id: number, changed: PostInput): Promise<Post> {
    await this.read(id)
    await this.posts.update(id, changed)
    return this.read(id)
  }

  async remove(id: number): Promise<void> {
    await this.posts.remove(await this.read(id))
  }

  async renameAuthor(id: number, name: string): Promise<void> {
    await this.authors.update(id, { name })
  }

  /** SQL of one's own is seen by nobody: it publishes what it changed, within its transaction. */
  async archive(): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      const archived: [Post[], number] = await manager.query(
        `UPDATE posts SET status = 'draft' WHERE status = 'published' RETURNING id, slug, title, status`,
      )
      await this.changes.publishIn(
        manager,
        archived[0].map(({ id, ...fields }) => ({
          collection: 'posts',
          event: 'update',
          key: id,
          fields,
          previous: { ...fields, status: 'published' },
        })),
      )
      return archived[1]
    })
  }
}
