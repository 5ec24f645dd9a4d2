import 'reflect-metadata'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { NestFactory } from '@nestjs/core'
import { appModule } from './app.module.ts'
import { openDatabase } from './database.ts'
import { startFrontEnd } from './front-end.ts'
import { tellStory } from './once.ts'
import { seed } from './seed.ts'
import { targetsOf } from './targets.ts'

const usage = `npm run example:nest                a Nest API on Postgres with Unstale, and two front ends, until Ctrl+C
npm run example:nest -- --once      edits a post, and says when both front ends showed it

  --port 3000        of the API; the front ends take the next two
  --folder folder    where its Postgres keeps its data, instead of .unstale/example-nest (DATABASE_URL: no Postgres of its own)`

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    port: { type: 'string', default: '3000' },
    folder: { type: 'string', default: join(import.meta.dirname, '..', '..', '..', '.unstale', 'example-nest') },
    help: { type: 'boolean', default: false },
  },
})
const port = Number(values.port)
if (values.help || !Number.isInteger(port) || port < 0 || port > 65_533) {
  console.log(usage)
  process.exit(values.help ? 0 : 1)
}

const cleanups: (() => Promise<unknown>)[] = []
const heard = new Set<() => void>()

async function start(): Promise<void> {
  console.log('Starting Postgres …')
  mkdirSync(dirname(values.folder), { recursive: true })
  const database = await openDatabase(values.folder)
  cleanups.push(database.stop)

  let api: string | null = null
  const onDrop = (name: string, paths: readonly string[]) => {
    console.log(`  ${name} dropped ${paths.join(', ') || 'nothing that it had'}`)
    for (const tell of heard) tell()
  }
  const next = (n: number) => (port === 0 ? 0 : port + n)
  const site = await startFrontEnd({ name: 'Site', api: () => api, shows: 'published', port: next(1), onDrop })
  const preview = await startFrontEnd({ name: 'Preview', api: () => api, shows: 'everything', port: next(2), onDrop })
  cleanups.push(site.close, preview.close)

  const targets = targetsOf(site.flushUrl, preview.flushUrl)
  const app = await NestFactory.create(appModule({ database: database.url, targets }), {
    logger: ['error', 'warn'],
    abortOnError: false,
  })
  cleanups.push(() => app.close())
  await app.listen(port, '127.0.0.1')
  api = await app.getUrl()
  await seed(app)
  if (values.once) return tellStory(api, [site, preview], (tell) => heard.add(tell))
  console.log(`
  API         ${api}/posts
  Site        ${site.url}      published posts
  Preview     ${preview.url}      all of them

  Open a page of each, then change a post:

    curl -X PATCH ${api}/posts/1 -H 'content-type: application/json' -d '{"title":"Another title"}'

  Both have the new one within the window (50 to 300 ms), and keep every other page. Ctrl+C ends it.
`)
}

/** What was started last ends first. */
async function end(): Promise<void> {
  for (const clean of cleanups.splice(0).reverse()) await clean()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end().finally(() => process.exit(0)))
try {
  await start()
  if (values.once) await end()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  await end()
  process.exitCode = 1
}
