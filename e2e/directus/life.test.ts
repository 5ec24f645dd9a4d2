/** Starts, stops and reloads. */
import { cp, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withService } from '../../tools/services/in-tests.ts'
import { type DirectusInTests, instancesInTests, receiverInTests } from './harness/index.ts'
import { countOf, createOneByOne, POSTS, startWithTarget } from './life.ts'
import { linesOf, sayings } from './log-lines.ts'
import { createBlog, createTarget, extension, heard } from './stage.ts'

describe('a stop and a reload', () => {
  it('SIGTERM during a slow delivery: Directus ends at once, and the change is delivered after the next start', async () => {
    const { directus, api, receiver } = await startWithTarget()
    receiver.answer('never')
    await api.items('posts').create({ title: 'slow' })
    await receiver.untilEvent(({ fields }) => fields['title'] === 'slow')
    receiver.clear()
    const began = performance.now()
    const { signal } = await directus.stop()
    expect(performance.now() - began).toBeLessThan(5000)
    expect(signal).toBe('SIGTERM')
    receiver.answer(200)
    await directus.restart()
    await heard(receiver, { event: 'create', fields: { title: 'slow' } })
    expect(linesOf(directus)).toEqual([])
    await directus.stop()
  })

  it('EXTENSIONS_AUTO_RELOAD: afterwards one copy works, and misses nothing', async () => {
    const { directus, api, receiver } = await startWithTarget({ EXTENSIONS_AUTO_RELOAD: 'true' })
    const file = join(directus.folder, 'extensions', 'directus-extension-unstale', 'dist', 'api.js')
    for (const round of ['first', 'second']) {
      const since = directus.log().length
      await utimes(file, new Date(), new Date())
      await directus.waitForLog(/Extensions reloaded/, { since })
      const titles = ['A', 'B', 'C'].map((title) => `${title}, ${round}`)
      await createOneByOne(api, receiver, titles)
      expect(await countOf(receiver, titles[2]!)).toEqual(Object.fromEntries(titles.map((title) => [title, 1])))
      receiver.clear()
    }
    expect(await api.get('/unstale/health')).toMatchObject({ targets: 1, pending: 0, durable: true })
    // An edit of a target is followed as before.
    const other = await receiverInTests()
    await createTarget(api, other.url, POSTS)
    await api.items('posts').create({ title: 'D' })
    await heard(other, { fields: { title: 'D' } })
    expect(linesOf(directus)).toEqual([])
    await directus.stop()
  })

  it('installed twice: says so, and one of the two works', async () => {
    const { directus, api, receiver } = await startWithTarget({ EXTENSIONS_AUTO_RELOAD: 'true' })
    await directus.stop()
    const folder = (name: string) => join(directus.folder, 'extensions', name)
    await cp(folder('directus-extension-unstale'), folder('another-copy'), { recursive: true })
    await directus.restart()
    expect(linesOf(directus)).toEqual([expect.stringMatching(/installed twice.*one copy works.*remove the other/)])
    await createOneByOne(api, receiver, ['A', 'B'])
    expect(await countOf(receiver, 'B')).toEqual({ A: 1, B: 1 })
    // As the Marketplace updates: the one that worked goes, and the other has to take over without a restart.
    const working = /that of \S*extensions\/([^/]+)\//.exec(directus.log())?.[1]
    const since = directus.log().length
    await rm(folder(working!), { recursive: true })
    await directus.waitForLog(/Extensions reloaded/, { since })
    await createOneByOne(api, receiver, ['C', 'D'])
    expect(await countOf(receiver, 'D')).toEqual({ A: 1, B: 1, C: 1, D: 1 })
    expect(linesOf(directus, since)).toEqual([])
    await directus.stop()
  })
})

await withService('postgres', ({ url: server }) => {
  it('two instances that start together make everything once, and both work', async () => {
    const instances = await instancesInTests(2, { extensions: [extension()], server })
    const created = instances.flatMap((one) => sayings(one).filter((line) => /created the collection/.test(line)))
    expect(created).toHaveLength(2)
    expect(instances.flatMap((one) => linesOf(one))).toEqual([])
    const [first, second] = instances as [DirectusInTests, DirectusInTests]
    await createBlog(first.api)
    await second.restart()
    const receiver = await receiverInTests()
    const id = await createTarget(first.api, receiver.url, POSTS)
    // The other one learns of it within a second.
    await expect.poll(async () => (await second.api.raw(`/unstale/targets/${id}/test`, { method: 'POST' })).ok).toBe(true)
    receiver.clear()
    await createOneByOne(first.api, receiver, ['A'])
    await createOneByOne(second.api, receiver, ['B'])
    await first.kill()
    await createOneByOne(second.api, receiver, ['C'])
    expect(await countOf(receiver, 'C')).toEqual({ A: 1, B: 1, C: 1 })
    await second.stop()
  })
})
