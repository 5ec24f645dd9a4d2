import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createReceiver, hmac } from '@unstale/receiver'
import { nodeHandler } from '@unstale/receiver/node'
import { secret } from './targets.ts'

export interface FrontEndOptions {
  name: string
  /** Where its posts come from; null: not there yet. */
  api(): string | null
  shows: 'everything' | 'published'
  port?: number
  onDrop?(name: string, paths: readonly string[]): void
}

export interface FrontEnd {
  name: string
  url: string
  flushUrl: string
  close(): Promise<void>
}

interface Post {
  id: number
  slug: string
  title: string
  status: string
  author: { name: string } | null
}

/** A small site that keeps every page it has rendered until it is told that the page may have changed. */
export async function startFrontEnd({ name, api, shows, port = 0, onDrop }: FrontEndOptions): Promise<FrontEnd> {
  const pages = new Map<string, string>()
  let drops = 0

  const receiver = createReceiver<{ posts: Post[]; authors: { id: number }[] }>({
    auth: [hmac([secret])],
    onBatch(events) {
      drops++
      const paths = events.flatMap(({ collection, fields, previous }) =>
        // An author's name stands on any page.
        collection === 'authors' ? [...pages.keys()] : ['/', ...slugsOf(fields), ...slugsOf(previous ?? {})],
      )
      onDrop?.(
        name,
        [...new Set(paths)].filter((path) => pages.delete(path)),
      )
    },
  })
  const flush = nodeHandler(receiver)

  async function render(path: string): Promise<string> {
    const kept = pages.get(path)
    if (kept !== undefined) return kept
    const before = drops
    const page = path === '/' ? await renderList() : await renderPost(path.slice(1))
    // What was rendered while something was dropped may already be old: shown, but not kept.
    if (drops === before) pages.set(path, page)
    return page
  }

  async function renderList(): Promise<string> {
    const posts = (await read(shows === 'published' ? '/posts?status=published' : '/posts')) as Post[]
    return `${name}\n\n${posts.map(({ slug, title }) => `- ${title} (/${slug})`).join('\n')}\n`
  }

  async function renderPost(slug: string): Promise<string> {
    const post = (await read(`/posts/by-slug/${encodeURIComponent(slug)}`)) as Post | null
    if (post === null || (shows === 'published' && post.status !== 'published')) return `${name}\n\nThere is no such post.\n`
    return `${name}\n\n${post.title}\nby ${post.author?.name ?? 'nobody'}\n`
  }

  async function read(path: string): Promise<unknown> {
    const response = await fetch(`${api()}${path}`)
    return response.status === 404 ? null : response.json()
  }

  const server = createServer((request, response) => {
    if (request.url === '/api/flush') return void flush(request, response)
    render(decodeURIComponent(request.url ?? '/')).then(
      (page) => response.setHeader('content-type', 'text/plain; charset=utf-8').end(page),
      () => response.writeHead(502).end('The API does not answer.\n'),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    name,
    url,
    flushUrl: `${url}/api/flush`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function slugsOf({ slug }: Partial<Post>): string[] {
  return slug === undefined ? [] : [`/${slug}`]
}
