import { memoryStore, type Store } from '@unstale/core'
import { type VirtualClock, virtualClock } from '@unstale/core/testing'
import { beforeEach, expect, it } from 'vitest'
import { type Api, apiOn } from './api.ts'

const url = 'https://site.test/hook'
let clock: VirtualClock
let store: Store

beforeEach(() => {
  clock = virtualClock(1_700_000_000_000)
  store = memoryStore({ now: clock.now })
})

const edit = (key: number) => ({ collection: 'posts', event: 'update', key }) as const

/** As another process has it: its own table, its own list. */
async function processOn(): Promise<Api> {
  const api = apiOn(store, { clock })
  await api.pipeline.start()
  return api
}

it('changes are grouped, and sent with a delay of up to 300 ms', async () => {
  const api = await processOn()
  await api.put('site', { url })
  for (let key = 1; key <= 20; key++) {
    await api.pipeline.publish(edit(key % 10))
    await clock.advance(40)
  }
  await clock.advance(300)
  const bodies = api.transport.bodies as { ids: number[] }[]
  expect(bodies.length).toBeGreaterThanOrEqual(2)
  expect(bodies.length).toBeLessThanOrEqual(4)
  for (const { ids } of bodies) expect(new Set(ids).size).toBe(ids.length)
  expect(new Set(bodies.flatMap(({ ids }) => ids)).size).toBe(10)
  await api.pipeline.stop()
})

it('what fails is repeated until it succeeds', async () => {
  const api = await processOn()
  await api.put('site', { url })
  api.transport.answer(503)
  await api.pipeline.publish(edit(1))
  await clock.advance(7_200_000)
  const tries = api.transport.requests.length
  expect(tries).toBeGreaterThan(60)
  api.transport.answer(204)
  await clock.advance(7_200_000)
  expect(api.transport.requests).toHaveLength(tries + 1)
  expect(api.transport.bodies.at(-1)).toMatchObject({ ids: [1] })
  expect((await store.stats([(await api.get('site')).body.id]))[0]).toMatchObject({ pending: 0, inFlight: 0 })
  await api.pipeline.stop()
})

it('a new filter alone counts for the next attempt', async () => {
  const api = await processOn()
  await api.put('site', { url })
  api.transport.answer(503)
  await api.pipeline.publish([edit(1), { ...edit(2), collection: 'pages' }])
  await clock.advance(500)
  expect(api.transport.bodies).toMatchObject([{ ids: [1, 2] }])
  await api.put('site', { url, filter: '@pages' })
  api.transport.answer(200)
  await clock.advance(60_000)
  expect(api.transport.bodies.slice(1)).toMatchObject([{ ids: [2], subscription: { filter: '@pages' } }])
  await api.pipeline.stop()
})

it('another process has a subscription, and its end, within a second', async () => {
  const [mine, theirs] = [await processOn(), await processOn()]
  await clock.advance(5_000)
  await mine.put('site', { url })
  expect((await theirs.get('site')).status).toBe(200)
  // Whoever of them sends it: both do.
  const urls = () => [...mine.transport.requests, ...theirs.transport.requests].map((request) => request.url)
  await clock.advance(1_000)
  await theirs.pipeline.publish(edit(1))
  await clock.advance(1_000)
  expect(urls()).toEqual([url])
  await mine.put('site', { url: 'https://moved.test/' })
  await clock.advance(1_000)
  await theirs.pipeline.publish(edit(2))
  await clock.advance(1_000)
  expect(urls().sort()).toEqual(['https://moved.test/', url])
  await mine.delete('site')
  const before = urls().length
  await clock.advance(1_000)
  await theirs.pipeline.publish(edit(3))
  await clock.advance(60_000)
  expect(urls()).toHaveLength(before)
  await Promise.all([mine.pipeline.stop(), theirs.pipeline.stop()])
})

it('who may only read sees subscriptions and changes none', async () => {
  const [writer, reader] = [apiOn(store), apiOn(store, { rights: 'read' })]
  const put = await writer.put('site', { url })
  expect((await reader.get('site')).body).toEqual(put.body)
  expect((await reader.list()).status).toBe(200)
  for (const refused of [
    await reader.put('site', { url: 'https://other.test/' }),
    await reader.call('POST', '', { key: 'other', url }),
    await reader.delete('site'),
  ]) {
    expect(refused.status).toBe(403)
  }
  expect((await writer.list()).body).toMatchObject({ count: 1, result: [{ url }] })
})
