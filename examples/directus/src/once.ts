import type { Api } from './api.ts'

/** Edits a post, and waits until a visitor of the front end sees it. What the front end is not told of, it never shows. */
export async function editOnce(client: Api, frontEnd: string, dropped: () => Promise<unknown>): Promise<void> {
  const posts = client.items('posts')
  const [post] = await posts.list<{ id: number; slug: string; title: string }>({
    filter: { status: { _eq: 'published' } },
    sort: 'id',
  })
  if (post === undefined) throw new Error('There is no published post.')
  const page = `${frontEnd}/posts/${encodeURIComponent(post.slug)}`
  const read = async () => (await fetch(page)).text()
  await read()
  if (!(await read()).includes('came from the cache')) throw new Error(`${page} is not cached.`)

  const title = `${post.title.replace(/ \(edited .*/, '')} (edited ${new Date().toISOString().slice(11, 23)})`
  console.log(`Editing “${post.title}” …`)
  const startedAt = performance.now()
  // Asked for before the edit, so that none is missed.
  let next = dropped()
  await posts.update(post.id, { title })
  const savedAt = performance.now()
  while (!(await read()).includes(title)) {
    await next
    next = dropped()
  }
  const [saved, shown] = [savedAt - startedAt, performance.now() - savedAt].map(Math.round)
  console.log(`Directus saved it in ${saved} ms, and ${shown} ms later the page showed “${title}”.`)
}
