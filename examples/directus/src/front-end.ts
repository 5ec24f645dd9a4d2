import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { bearer, createReceiver } from '@unstale/receiver'
import { nodeHandler } from '@unstale/receiver/node'
import type { Api } from './api.ts'
import { documentOf, listPage, missingPage, type Post, postPage, type Rendered } from './pages.ts'

export interface FrontEndOptions {
  port: number
  /** Reads the content. */
  content: Api
  /** Where the content is edited. */
  studio: string
  /** What Unstale has to send. */
  apiKey: string
  onDrop?: (paths: readonly string[]) => void
}

export interface FrontEnd {
  url: string
  /** Its receiver route. */
  flushUrl: string
  stop(): Promise<void>
}

interface Schema {
  posts: Pick<Post, 'id' | 'slug' | 'title'>[]
  authors: { id: number; name: string }[]
}

/** A small front end: renders each page once, and keeps it until it is told that the page may have changed. */
export async function startFrontEnd({ port, content, studio, apiKey, onDrop }: FrontEndOptions): Promise<FrontEnd> {
  const cache = new Map<string, Rendered>()
  const watching = new Set<ServerResponse>()
  let drops = 0

  const receiver = createReceiver<Schema>({
    auth: [bearer([apiKey])],
    onBatch(events) {
      const paths = new Set(['/'])
      for (const event of events) {
        if (event.collection === 'posts') {
          for (const slug of [event.fields.slug, event.previous?.slug]) if (slug !== undefined) paths.add(`/posts/${slug}`)
        }
        const item = `${event.collection} ${event.id}`
        for (const [path, page] of cache) if (page.madeFrom.includes(item)) paths.add(path)
      }
      drop([...paths])
    },
  })

  function drop(paths: readonly string[]): void {
    drops++
    for (const path of paths) cache.delete(path)
    onDrop?.(paths)
    for (const response of watching) response.write(`data: ${JSON.stringify(paths)}\n\n`)
  }

  async function visit(path: string): Promise<{ page: Rendered; fromCache: boolean }> {
    const cached = cache.get(path)
    if (cached) return { page: cached, fromCache: true }
    const before = drops
    const page = { ...(await render(path)), renderedAt: Date.now() }
    // What was rendered while something was dropped may already be old: shown, but not kept.
    if (drops === before) cache.set(path, page)
    return { page, fromCache: false }
  }

  async function render(path: string): Promise<Omit<Rendered, 'renderedAt'>> {
    const fields = 'id,title,slug,body,date,author.id,author.name'
    const published = { status: { _eq: 'published' } }
    const posts = content.items('posts')
    if (path === '/') return listPage(await posts.list<Post>({ fields, filter: published, sort: '-date' }))
    const slug = decodeURIComponent(path.slice('/posts/'.length))
    const [post] = await posts.list<Post>({ fields, filter: { ...published, slug: { _eq: slug } } })
    return post === undefined ? missingPage() : postPage(post, studio)
  }

  const flush = nodeHandler(receiver)
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://front-end').pathname
    if (path === '/api/flush') return flush(request, response)
    if (path === '/changes') return watch(response)
    if (path !== '/' && !path.startsWith('/posts/')) return response.writeHead(404).end()
    try {
      const { page, fromCache } = await visit(path)
      // The browser keeps nothing: what one sees is what this front end has.
      response.writeHead(page.status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
      response.end(documentOf(page, fromCache))
    } catch (error) {
      response.writeHead(502, { 'content-type': 'text/plain' }).end(`Directus could not be read: ${error}`)
    }
  })

  function watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).flushHeaders()
    watching.add(response)
    response.once('close', () => watching.delete(response))
  }

  await once(server.listen(port, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    flushUrl: `${url}/api/flush`,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
