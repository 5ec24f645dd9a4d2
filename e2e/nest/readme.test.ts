/** The README of the package, followed in projects that hold nothing else. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { withService } from '../../tools/services/in-tests.ts'
import { install } from '../install.ts'
import { root } from '../pack.ts'
import { createReceiver, type Receiver } from '../receiver.ts'
import { type App, createDatabase, startApp } from './process.ts'
import { nestProject } from './project.ts'

const readme = readFileSync(join(root, 'packages', 'adapter-nest', 'README.md'), 'utf8')
const token = 'a-token-of-the-tests-1'

/** The first piece of code under a heading. */
function codeUnder(heading: string): string {
  const from = readme.indexOf(`\n${heading}\n`)
  const code = /^```ts\n([\s\S]*?)^```$/m.exec(readme.slice(from))?.[1]
  if (from < 0 || code === undefined) throw new Error(`there is no code under "${heading}"`)
  return code
}

/** What a reader changes: where the front end is, which here is on this machine. */
const withTarget = (code: string, url: string) =>
  code
    .replace('https://site.example/api/flush', url)
    .replace(/ targets(: \[| })/, " network: { allow: ['127.0.0.1'] }, targets$1")

let site: Receiver
const apps = new Set<App>()

beforeEach(async () => {
  site = await createReceiver()
})
afterEach(async () => {
  for (const app of apps) await app.kill()
  apps.clear()
  await site.close()
})

async function started(...how: Parameters<typeof startApp>): Promise<App> {
  const app = await startApp(...how)
  apps.add(app)
  return app
}

describe.each(['5', '4'])('a new project with Express %s', (version) => {
  let folder: string

  beforeAll(async () => {
    const { home, ours } = inject('nest')
    folder = join(home, `express-${version}`)
    const dependencies = { express: `^${version}.0.0`, 'better-sqlite3': '^13.0.0', ...ours }
    await install(`express-${version}`, folder, { name: 'api', private: true, type: 'module', dependencies })
  })

  /** Saves it as the app; it says where it listens. */
  function save(code: string): void {
    const says = 'app.listen(0, function () { console.log("listening http://127.0.0.1:" + this.address().port) })'
    const listens = code.includes('app.listen(3000)') ? code.replace('app.listen(3000)', says) : `${code}\n${says}\n`
    writeFileSync(join(folder, 'server.mjs'), listens)
  }

  it('publishes from a request, and nothing is lost when it is killed', async () => {
    save(withTarget(codeUnder('## Express'), site.url))
    const app = await started(folder, {}, 'server.mjs')
    expect((await app.call('PATCH', '/posts/7', { slug: 'autumn-menu' })).status).toBe(204)
    expect(await site.untilEvent(() => true)).toMatchObject({ event: 'update', fields: { id: '7', slug: 'autumn-menu' } })
    site.answer(500)
    expect((await app.call('PATCH', '/posts/8', { slug: 'winter-menu' })).status).toBe(204)
    await site.until((requests) => requests.length > 1)
    await app.kill()
    site.clear()
    site.answer(200)
    await started(folder, {}, 'server.mjs')
    expect(await site.untilEvent(({ fields }) => fields.id === '8')).toMatchObject({ fields: { slug: 'winter-menu' } })
  })

  it('takes changes over HTTP from who knows the token', async () => {
    const code = withTarget(codeUnder('### Changes over HTTP'), site.url).replace(
      'const app =',
      'await pipeline.start()\nconst app =',
    )
    save(code)
    const { url } = await started(folder, { INGEST_TOKEN: token }, 'server.mjs')
    const post = (authorization: string) =>
      fetch(`${url}/changes`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: '[{ "collection": "posts", "event": "update", "key": 7, "fields": { "slug": "autumn-menu" } }]',
      })
    expect((await post('Bearer someone-elses-token')).status).toBe(401)
    const accepted = await post(`Bearer ${token}`)
    expect([accepted.status, await accepted.text()]).toEqual([202, '{"accepted":1}'])
    expect(await site.untilEvent(() => true)).toMatchObject({ fields: { id: 7 } })
  })
})

const main = `import 'reflect-metadata'
import { Controller, Module, Param, ParseIntPipe, Put, Body } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { TypeOrmModule } from '@nestjs/typeorm'
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm'
import { AppModule } from './app.module.js'

@Entity('posts')
class Post {
  @PrimaryGeneratedColumn()
  id!: number
  @Column('text')
  slug!: string
}

@Controller()
class Posts {
  constructor(readonly dataSource: DataSource) {}
  @Put('posts/:id')
  put(@Param('id', ParseIntPipe) id: number, @Body('slug') slug: string) {
    return this.dataSource.getRepository(Post).save({ id, slug })
  }
}

@Module({ imports: [TypeOrmModule.forFeature([Post]), AppModule], controllers: [Posts] })
class Main {}

async function main() {
  const app = await NestFactory.create(Main, { logger: ['error', 'warn'] })
  await app.listen(0, '127.0.0.1')
  console.log('listening ' + (await app.getUrl()))
}
void main()
`

await withService('postgres', ({ url: server }) => {
  it('a new Nest project announces its entities, and prints the tables for a migration', { timeout: 300_000 }, async () => {
    const database = await createDatabase(server)
    try {
      const sources = join(inject('nest').home, 'readme-sources')
      mkdirSync(sources, { recursive: true })
      writeFileSync(join(sources, 'app.module.ts'), withTarget(codeUnder('## Nest'), site.url))
      writeFileSync(join(sources, 'main.ts'), main)
      const folder = await nestProject('Nest 12, ESM', sources)
      await database.sql('CREATE TABLE posts (id serial PRIMARY KEY, slug text NOT NULL)')
      const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
      const app = await started(folder, { DATABASE_URL: database.url, FLUSH_SECRET: secret })
      expect((await app.call('PUT', '/posts/1', { slug: 'a' })).status).toBe(200)
      await site.untilEvent(({ event }) => event === 'create')
      expect((await app.call('PUT', '/posts/1', { slug: 'b' })).status).toBe(200)
      const updated = await site.untilEvent(({ event }) => event === 'update')
      expect(updated).toMatchObject({ collection: 'posts', fields: { id: 1, slug: 'b' }, previous: { slug: 'a' } })
      expect(site.requests[0]?.headers).toHaveProperty('webhook-signature')
      await app.kill()
    } finally {
      await database.drop()
    }
  })
})
