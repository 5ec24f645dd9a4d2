import type { INestApplication } from '@nestjs/common'
import { PostsService } from './posts/posts.service.ts'

/** Some content, if there is none. */
export async function seed(app: INestApplication): Promise<void> {
  const { posts, authors } = app.get(PostsService)
  if ((await posts.count()) > 0) return
  const ada = await authors.save({ name: 'Ada' })
  await posts.save([
    { slug: 'hello', title: 'Hello', status: 'published', author: ada },
    { slug: 'autumn-menu', title: 'The autumn menu', status: 'published', author: ada },
    { slug: 'plans', title: 'Plans that nobody may see', status: 'draft', author: ada },
  ])
}
