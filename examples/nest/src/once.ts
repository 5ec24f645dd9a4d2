import type { FrontEnd } from './front-end.ts'

/** Edits a post and waits until both front ends show it. */
export async function tellStory(api: string, frontEnds: readonly FrontEnd[], onDrop: (tell: () => void) => void): Promise<void> {
  const [post] = (await (await fetch(`${api}/posts?status=published`)).json()) as { id: number; slug: string }[]
  if (post === undefined) throw new Error('There is no published post to edit.')
  const visit = async ({ url }: FrontEnd) => (await fetch(`${url}/${post.slug}`)).text()
  for (const frontEnd of frontEnds) await visit(frontEnd)
  console.log(`Both front ends have /${post.slug}. Editing it …`)

  const title = `Edited at ${new Date().toISOString()}`
  const shown = new Promise<void>((resolve, reject) => {
    const look = async () => {
      const pages = await Promise.all(frontEnds.map(visit))
      if (pages.every((page) => page.includes(title))) resolve()
    }
    onDrop(() => void look().catch(reject))
    setTimeout(() => reject(new Error('Not both front ends showed it within 30 s.')), 30_000).unref()
  })
  const body = JSON.stringify({ title })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${api}/posts/${post.id}`, { method: 'PATCH', headers, body })
  if (!response.ok) throw new Error(`The API answered ${response.status}.`)
  const savedAt = performance.now()
  await shown
  const took = Math.round(performance.now() - savedAt)
  console.log(`Both front ends show the new title, ${took} ms after it was saved.`)
}
