import type { Server } from 'node:http'
import { createReceiver, hmac } from '@unstale/receiver'
import { nodeHandler } from '@unstale/receiver/node'
import express from 'express'
import { listPage, missingPage, postPage } from './blog.ts'
import { secret } from './flushes.ts'
import type { Post } from './post.ts'

export interface FrontEndOptions {
  name: string
  port: number
  /** Address of the content app. */
  contentApp: string
  /** Which posts it shows. */
  shows: 'everything' | 'published'
  onRender?: (path: string, at: number) => void
  onDrop?: (paths: readonly string[], at: number) => void
}

export interface CachedPage {
  path: string
  renderedAt: number
}

export interface FrontEnd {
  url: string
  /** Its receiver route. */
  flushUrl: string
  pages(): CachedPage[]
  /** The page as a visitor gets it now: rendered, or from the cache. */
  visit(path: string): Promise<string>
  /** The page as it would be without any cache. */
  render(path: string): Promise<string>
  isUp(): boolean
  up(): Promise<void>
  /** Refuses every connection; what it has cached stays. */
  down(): Promise<void>
}

interface Rendered {
  html: string
  /** The post it was made from; the list was made from all. */
  postId?: number
}

/** A small front end: renders each page once and keeps it until it is told that the page may have changed. */
export function createFrontEnd(options: FrontEndOptions): FrontEnd {
  const { name, shows, contentApp } = options
  const cache = new Map<string, Rendered & { renderedAt: number }>()
  let drops = 0

  const receiver = createReceiver<{ posts: Post[] }>({
    auth: [hmac([secret])],
    onBatch(events) {
      drop(events.flatMap((event) => pagesOf(event)))
    },
  })

  /** The pages that an event may have changed: at its new address, at its old one, made from its post, and the list. */
  function pagesOf(event: { id: string | number; fields: Partial<Post>; previous?: Partial<Post> }): string[] {
    const slugs = [event.fields.slug, event.previous?.slug].filter((slug) => slug !== undefined)
    const made = [...cache].filter(([, page]) => page.postId !== undefined && String(page.postId) === String(event.id))
    return ['/', ...slugs.map((slug) => `/blog/${slug}`), ...made.map(([path]) => path)]
  }

  function drop(paths: readonly string[]): void {
    drops++
    const dropped = [...new Set(paths)].filter((path) => cache.delete(path))
    options.onDrop?.(dropped, Date.now())
  }

  async function visit(path: string): Promise<string> {
    const cached = cache.get(path)
    if (cached) return cached.html
    const before = drops
    const page = await renderPage(path)
    // What was rendered while something was dropped may already be old: shown, but not kept.
    if (drops === before) {
      const renderedAt = Date.now()
      cache.set(path, { ...page, renderedAt })
      options.onRender?.(path, renderedAt)
    }
    return page.html
  }

  async function renderPage(path: string): Promise<Rendered> {
    if (path === '/') {
      const query = shows === 'published' ? '?status=published' : ''
      return { html: listPage(name, (await read(`/api/posts${query}`)) as Post[]) }
    }
    const post = (await read(`/api/posts/by-slug/${encodeURIComponent(path.slice('/blog/'.length))}`)) as Post | null
    if (!post || (shows === 'published' && post.status !== 'published')) return { html: missingPage(name) }
    return { html: postPage(name, post), postId: post.id }
  }

  async function read(path: string): Promise<unknown> {
    const response = await fetch(contentApp + path)
    if (response.status === 404) return null
    if (!response.ok) throw new Error(`The content app answered ${response.status}.`)
    return response.json()
  }

  const app = express()
  app.post('/api/flush', nodeHandler(receiver))
  app.get(['/', '/blog/:slug'], async (request, response) => {
    // The browser keeps nothing: what one sees here is what this front end has.
    response.set({ 'cache-control': 'no-store', 'access-control-allow-origin': '*' }).send(await visit(request.path))
  })

  let server: Server | undefined
  const url = `http://127.0.0.1:${options.port}`
  return {
    url,
    flushUrl: `${url}/api/flush`,
    pages: () => [...cache].map(([path, { renderedAt }]) => ({ path, renderedAt })),
    visit,
    render: async (path) => (await renderPage(path)).html,
    isUp: () => server !== undefined,
    up: () =>
      new Promise((resolve, reject) => {
        if (server) return resolve()
        const listening: Server = app.listen(options.port, '127.0.0.1', (error?: Error) => {
          if (error) return reject(error)
          server = listening
          resolve()
        })
      }),
    down: () =>
      new Promise((resolve) => {
        const closing = server
        server = undefined
        if (!closing) return resolve()
        closing.close(() => resolve())
        closing.closeAllConnections()
      }),
  }
}
