import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { withService } from '../../tools/services/in-tests.ts'
import { createReceiver, type FlushEvent, type Receiver } from '../receiver.ts'
import { type App, createDatabase, type OwnDatabase, startApp } from './process.ts'
import { type Kind, nestProject } from './project.ts'

const kinds: readonly Kind[] = ['Nest 12, ESM', 'Nest 11, CommonJS']

await withService('postgres', ({ url: server }) => {
  describe.each(kinds)('%s', (kind) => {
    let folder: string
    let database: OwnDatabase
    let site: Receiver
    let search: Receiver
    const apps = new Set<App>()

    beforeAll(async () => {
      folder = await nestProject(kind, join(import.meta.dirname, 'app'))
    })
    beforeEach(async () => {
      database = await createDatabase(server)
      site = await createReceiver()
      search = await createReceiver()
    })
    afterEach(async () => {
      for (const app of apps) await app.kill()
      apps.clear()
      await Promise.all([site.close(), search.close()])
      await database.drop()
    })

    /** One more process of the app. */
    async function start(window = {}): Promise<App> {
      const rules = [{ collection: 'posts', payload: ['slug', 'title'], previous: ['slug'] }, { collection: 'menus' }]
      const targets = [
        { key: 'site', url: site.url, rules, window },
        { key: 'search', url: search.url, rules: [{ collection: 'posts' }], format: 'ids', window },
      ]
      const app = await startApp(folder, { DATABASE_URL: database.url, TARGETS: JSON.stringify(targets) })
      apps.add(app)
      return app
    }
    const about = (id: number) => (event: FlushEvent) => event.fields.id === id
    const idsAtSearch = () => search.events<{ ids: number[] }>().flatMap(({ ids }) => ids)
    const heardBySearch = (id: number, timeout?: number) => search.until(() => idsAtSearch().includes(id), timeout)
    const post = { slug: 'a', title: 'A' }

    it('a PATCH reaches both targets, with the old address', async () => {
      const app = await start()
      expect((await app.call('POST', '/posts', post)).status).toBe(201)
      await site.untilEvent(about(1))
      await heardBySearch(1)
      site.clear()
      search.clear()
      expect((await app.call('PATCH', '/posts/1', { slug: 'b' })).status).toBe(200)
      const event = await site.untilEvent(about(1))
      expect(event).toMatchObject({ event: 'update', fields: { slug: 'b', title: 'A' }, previous: { slug: 'a' } })
      await heardBySearch(1)
      expect(
        app
          .said()
          .replace(/^listening .*$/m, '')
          .trim(),
      ).toBe('')
    })

    it('what is rolled back is not announced', async () => {
      const app = await start()
      await app.call('POST', '/posts', post)
      await site.untilEvent(about(1))
      site.clear()
      expect((await app.call('POST', '/posts/1/save-and-fail')).status).toBe(500)
      expect((await app.call('POST', '/posts/1/retitle', { title: 'never', fails: true })).status).toBe(500)
      expect((await app.call('POST', '/posts/1/retitle', { title: 'B' })).status).toBe(201)
      await site.untilEvent(about(1))
      expect(site.events<FlushEvent>().map(({ fields }) => fields['title'])).toEqual(['B'])
    })

    it('a decorated method is announced', async () => {
      const app = await start()
      expect(await app.call('POST', '/menus/7')).toMatchObject({ status: 201, body: { id: 7 } })
      expect(await site.untilEvent(about(7))).toMatchObject({ collection: 'menus', event: 'update' })
    })

    it('a process killed right after the commit has lost nothing: the next one delivers', async () => {
      // The window is longer than the process lives.
      const killed = await start({ quiet: 60_000, max: 60_000 })
      await killed.call('POST', '/posts', post)
      await killed.call('PATCH', '/posts/1', { slug: 'b' })
      await killed.kill()
      expect(site.requests).toEqual([])
      await start()
      expect(await site.untilEvent(about(1))).toMatchObject({ fields: { slug: 'b' } })
    })

    it('two processes share the work, and one takes over within 15 seconds when the other is killed', async () => {
      site.answer('never')
      const first = await start()
      await first.call('POST', '/posts', post)
      // In flight, at the first.
      await site.until((requests) => requests.length > 0)
      const second = await start()
      const count = 20
      for (let n = 2; n <= count; n++)
        await (n % 2 === 0 ? first : second).call('POST', '/posts', { slug: `s-${n}`, title: `T ${n}` })
      site.clear()
      site.answer(200)
      await first.kill()
      apps.delete(first)
      const all = Array.from({ length: count }, (_, n) => n + 1)
      const heard = () => new Set(site.events<FlushEvent>().map(({ fields }) => fields.id as number))
      await site.until(() => all.every((id) => heard().has(id)), 15_000)
      await search.until(() => all.every((id) => idsAtSearch().includes(id)), 15_000)
    })

    it('a target that never answers holds up no request', async () => {
      site.answer('never')
      const app = await start()
      await app.call('POST', '/posts', post)
      await site.until((requests) => requests.length > 0)
      for (let n = 0; n < 20; n++) expect((await app.call('PATCH', '/posts/1', { title: `T ${n}` })).status).toBe(200)
      expect(site.requests).toHaveLength(1)
      await heardBySearch(1)
    })

    it('ends in good order, and what was in flight arrives once', async () => {
      const app = await start()
      site.answer({ status: 200, delayMs: 300 })
      await app.call('POST', '/posts', post)
      await site.until((requests) => requests.length > 0)
      await app.kill('SIGTERM')
      apps.delete(app)
      expect(app.said()).not.toMatch(/error/i)
      const again = await start()
      await again.call('PATCH', '/posts/1', { title: 'B' })
      await site.untilEvent(({ fields }) => fields['title'] === 'B')
      expect(site.events<FlushEvent>().map(({ fields }) => fields['title'])).toEqual(['A', 'B'])
    })
  })
})
