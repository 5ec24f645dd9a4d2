import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import express, { type ErrorRequestHandler, type Express, Router } from 'express'
import knexOf, { type Knex } from 'knex'
import { createFlushes, type Flushes, type FlushesOptions, type FrontEndKey, frontEndKeys } from './flushes.ts'
import { createPosts, type Draft, type Edit, type Posts, type Written } from './posts.ts'

export interface ContentApp {
  url: string
  app: Express
  posts: Posts
  flushes: Flushes
  /** Takes no more requests, lets what waits go out for up to `drain` milliseconds, closes the database. */
  stop(drain: number): Promise<void>
}

export interface ContentAppOptions extends FlushesOptions {
  /** 0: any free port. */
  port: number
  /** The SQLite file. */
  database: string
  committed?: (written: readonly Written[], at: number) => void
}

/** A small content app: posts in SQLite behind a REST API, and Unstale beside them in the same database. */
export async function startContentApp(options: ContentAppOptions): Promise<ContentApp> {
  const knex = openDatabase(options.database)
  const flushes = await createFlushes(knex, options)
  const posts = await createPosts(knex, flushes, options.committed)
  const app = express()
  app.use('/api/posts', postsApi(posts))
  const server = await new Promise<Server>((resolve, reject) => {
    const listening: Server = app.listen(options.port, '127.0.0.1', (error?: Error) =>
      error ? reject(error) : resolve(listening),
    )
  })
  await flushes.pipeline.start()

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    app,
    posts,
    flushes,
    async stop(drain) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await flushes.pipeline.stop({ drain })
      await knex.destroy()
    },
  }
}

export function openDatabase(filename: string): Knex {
  return knexOf({
    client: 'better-sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    pool: {
      // Readers do not wait for the writer, and another process for five seconds at most.
      afterCreate(connection: { pragma(text: string): unknown }, done: (error: unknown, connection: unknown) => void) {
        connection.pragma('journal_mode = WAL')
        connection.pragma('busy_timeout = 5000')
        done(null, connection)
      },
    },
  })
}

function postsApi(posts: Posts): Router {
  const api = Router()
  api.use(express.json())
  api.get('/', async ({ query }, response) => {
    response.json(await posts.list(query.status === 'published' ? 'published' : undefined))
  })
  api.get('/by-slug/:slug', async ({ params }, response) => {
    const post = await posts.bySlug(params.slug)
    post ? response.json(post) : response.status(404).json({ message: 'There is no such post.' })
  })
  api.post('/', async ({ body }, response) => {
    const { title, ...rest } = editOf(body)
    if (title === undefined) throw new BadInput('A post needs a title.')
    response.status(201).json(await posts.create({ title, ...rest } satisfies Draft))
  })
  api.patch('/:id', async ({ params, body }, response) => {
    const post = await posts.edit(Number(params.id), editOf(body))
    post ? response.json(post) : response.status(404).json({ message: 'There is no such post.' })
  })
  api.post('/edit-many', async ({ body }, response) => {
    response.json({ edited: await posts.editMany(Number(body?.count) || 50) })
  })
  api.delete('/:id', async ({ params }, response) => {
    response.status((await posts.remove(Number(params.id))) ? 204 : 404).end()
  })
  api.use(onError)
  return api
}

class BadInput extends Error {}

function editOf(body: unknown): Edit {
  const edit: Edit = {}
  for (const [name, value] of Object.entries(body ?? {})) {
    if (name !== 'title' && name !== 'slug' && name !== 'body' && name !== 'status') continue
    if (typeof value !== 'string' || (value.trim() === '' && name !== 'body')) throw new BadInput(`${name} must be a text.`)
    if (name === 'slug' && !/^[a-z0-9-]+$/.test(value)) throw new BadInput('A slug has small letters, digits and hyphens.')
    if (name !== 'status') edit[name] = value
    else if (value === 'draft' || value === 'published') edit.status = value
    else throw new BadInput('status is draft or published.')
  }
  return edit
}

const onError: ErrorRequestHandler = (error, _request, response, _next) => {
  if (error instanceof BadInput) response.status(400).json({ message: error.message })
  else if (error?.code === 'SQLITE_CONSTRAINT_UNIQUE') response.status(409).json({ message: 'Another post has this slug.' })
  else {
    console.error(error)
    response.status(500).json({ message: 'It could not be saved.' })
  }
}

// On its own: node src/content-app.ts --port 4000 --database posts.db --front-end everything=http://127.0.0.1:4001/api/flush
if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4000' },
      database: { type: 'string', default: 'posts.db' },
      store: { type: 'string', default: 'sqlite' },
      'front-end': { type: 'string', multiple: true, default: [] },
    },
  })
  const frontEnds = Object.fromEntries(
    values['front-end'].map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
  const unknown = Object.keys(frontEnds).find((key) => !frontEndKeys.includes(key as FrontEndKey))
  if (unknown !== undefined) throw new Error(`--front-end ${unknown}=… : the front ends are ${frontEndKeys.join(' and ')}`)
  const { url, stop } = await startContentApp({
    port: Number(values.port),
    database: values.database,
    store: values.store === 'memory' ? 'memory' : 'sqlite',
    frontEnds,
  })
  console.log(`content app on ${url}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(5000))
}
