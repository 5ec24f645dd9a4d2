import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReceiver, hmac } from '@unstale/receiver'
import { nodeHandler } from '@unstale/receiver/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../src/content-app.ts'
import { secret } from '../src/flushes.ts'
import type { Post } from '../src/post.ts'
import { seedPosts } from '../src/seed.ts'
import { folder, requireBuilt } from './built.ts'

const kills = 5
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const random = mulberry32(seed)
const seeded = seedPosts()
const cleanups: (() => unknown)[] = []

beforeAll(requireBuilt)
afterAll(async () => {
  for (const clean of cleanups.reverse()) await clean()
})

test(`kill -9 in the middle of a burst, ${kills} times, loses no change (SEED=${seed})`, { timeout: 120_000 }, async () => {
  console.log(`SEED=${seed}`)
  const directory = await mkdtemp(join(tmpdir(), 'unstale-kill-'))
  cleanups.push(() => rm(directory, { recursive: true, force: true }))
  const database = join(directory, 'posts.db')
  const everything = await startFrontEnd()
  const published = await startFrontEnd()

  for (let kill = 1; kill <= kills; kill++) {
    const app = await startContentApp(database, { everything: everything.url, published: published.url })
    // At a write, or just before the answer to a flush: the batch has arrived, and its sender never hears of it.
    const moment =
      random() < 0.5
        ? { what: 'writes', count: 5 + Math.floor(random() * 120) }
        : { what: 'flushes', count: 1 + Math.floor(random() * 4) }
    console.log(`kill ${kill}: after ${moment.count} ${moment.what}`)
    const exited = once(app.process, 'exit')
    const strike = countdown(moment.count, () => app.process.kill('SIGKILL'))
    const front = random() < 0.5 ? everything : published
    if (moment.what === 'flushes') front.onFlush = strike
    await burst(
      app.url,
      moment.what === 'writes' ? strike : () => {},
      () => app.process.signalCode !== null || app.process.killed,
    )
    front.onFlush = () => {}
    expect(await exited).toEqual([null, 'SIGKILL'])
  }

  // What was committed, by the table itself: a post's slug counts its renames.
  const knex = openDatabase(database)
  const posts = await knex<Post>('posts').select()
  await knex.destroy()
  const renames = posts.reduce((sum, { slug }) => sum + renamesOf(slug), 0)
  expect(renames).toBeGreaterThan(50)

  await startContentApp(database, { everything: everything.url, published: published.url })
  const missing = () => [
    ...posts.flatMap((post) => missedByEverything(post, everything)),
    ...posts.flatMap((post) => missedByPublished(post, published)),
  ]
  while (missing().length > 0) {
    const arrived = await Promise.race([everything.next(), published.next(), late(30_000)])
    if (arrived === 'late') break
  }
  expect(missing()).toEqual([])
})

/** Renames, unpublishes and publishes posts, four writers at a time, until the app is dead. */
async function burst(url: string, wrote: () => void, dead: () => boolean): Promise<void> {
  const writers = [1, 2, 3, 4].map(async (writer) => {
    while (!dead()) {
      const id = writer + 4 * Math.floor(random() * 5)
      try {
        const post = await read(url, id)
        const toggles = random() < 0.2
        const edit = toggles
          ? { status: post.status === 'draft' ? 'published' : 'draft' }
          : { slug: `post-${id}-${renamesOf(post.slug) + 1}` }
        const response = await fetch(`${url}/api/posts/${id}`, {
          method: 'PATCH',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(edit),
        })
        await response.text()
        wrote()
      } catch (error) {
        if (!dead()) throw error
      }
    }
  })
  await Promise.all(writers)
}

async function read(url: string, id: number): Promise<Post> {
  const posts = (await (await fetch(`${url}/api/posts`)).json()) as Post[]
  return posts.find((post) => post.id === id)!
}

function renamesOf(slug: string): number {
  return Number(/^post-\d+-(\d+)$/.exec(slug)?.[1] ?? 0)
}

/** It asked for old slugs as well: each slug that was ever replaced has to be announced, and the newest state. */
function missedByEverything(post: Post, { got }: FrontEnd): string[] {
  const events = got.filter(({ id }) => id === post.id)
  const announced = new Set(events.map(({ previous }) => previous?.slug))
  const replaced = Array.from({ length: renamesOf(post.slug) }, (_, index) =>
    index === 0 ? seeded[post.id - 1]!.slug : `post-${post.id}-${index}`,
  )
  const missed = replaced.filter((slug) => !announced.has(slug))
  if (post.revision > 1 && events.at(-1)?.fields.revision !== post.revision) missed.push(`revision ${post.revision}`)
  return missed.map((what) => `everything, post ${post.id}: ${what}`)
}

/** It asked for published posts: of those it has to know the newest state, and of an unpublished one that it changed. */
function missedByPublished(post: Post, { got }: FrontEnd): string[] {
  if (post.revision === 1) return []
  const last = got.filter(({ id }) => id === post.id).at(-1)
  const knows = post.status === 'published' ? last?.fields.revision === post.revision : last !== undefined
  return knows ? [] : [`published, post ${post.id}: revision ${post.revision}`]
}

interface Received {
  id: number
  fields: Partial<Post>
  previous?: Partial<Post>
}

interface FrontEnd {
  url: string
  got: Received[]
  /** Called when a batch was taken, before it is answered. */
  onFlush: () => void
  next(): Promise<unknown>
}

async function startFrontEnd(): Promise<FrontEnd> {
  let arrived: () => void = () => {}
  let waiting: Promise<void> | null = null
  const frontEnd: FrontEnd = {
    url: '',
    got: [],
    onFlush: () => {},
    next: () => (waiting ??= new Promise((resolve) => (arrived = resolve))),
  }
  const receiver = createReceiver<{ posts: Post[] }>({
    auth: [hmac([secret])],
    onBatch(events) {
      for (const { id, fields, ...rest } of events) frontEnd.got.push({ id: Number(id), fields, ...rest })
      frontEnd.onFlush()
      waiting = null
      arrived()
    },
  })
  const server: Server = createServer(nodeHandler(receiver))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  frontEnd.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/flush`
  return frontEnd
}

async function startContentApp(
  database: string,
  frontEnds: Record<string, string>,
): Promise<{ url: string; process: ChildProcess }> {
  const addresses = Object.entries(frontEnds).flatMap(([key, url]) => ['--front-end', `${key}=${url}`])
  const child = spawn(process.execPath, ['src/content-app.ts', '--port', '0', '--database', database, ...addresses], {
    cwd: folder,
    env: { ...process.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanups.push(() => child.kill('SIGKILL'))
  const { stdout } = child
  return new Promise((resolve, reject) => {
    let said = ''
    stdout.on('data', (text) => {
      said += text
      const url = /content app on (\S+)/.exec(said)?.[1]
      if (url !== undefined) resolve({ url, process: child })
    })
    child.once('exit', () => reject(new Error(`the content app ended before it listened: ${said}`)))
  })
}

function countdown(count: number, done: () => void): () => void {
  let left = count
  return () => {
    if (--left === 0) done()
  }
}

function late(ms: number): Promise<'late'> {
  return new Promise((resolve) => setTimeout(resolve, ms, 'late').unref())
}

function mulberry32(state: number): () => number {
  let a = state
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
