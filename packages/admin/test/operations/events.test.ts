import { PipelineError, type PipelineEvents } from '@unstale/core'
import { describe, expect, it } from 'vitest'
import { type Listener, listenerOf } from './listener.ts'
import { READ, SHOP, type Site, START, siteOn } from './site.ts'

async function responseOf({ admin }: Site, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${READ}` }
  return admin.fetch(new Request('https://cms.test/unstale/api/events', { headers, ...init }))
}

async function listen(site: Site, init: RequestInit = {}): Promise<Listener> {
  const listener = listenerOf(await responseOf(site, init))
  expect(await listener.next()).toMatchObject({ event: 'open' })
  return listener
}

/** How many listen to a pipeline, in all. */
function countListeners({ pipeline }: Site): () => number {
  const on = pipeline.on
  let count = 0
  pipeline.on = <K extends keyof PipelineEvents>(event: K, listener: (payload: PipelineEvents[K]) => void) => {
    const stop = on(event, listener)
    count++
    return () => {
      count--
      stop()
    }
  }
  return () => count
}

const brief = (messages: readonly { event: string; data: { tellings?: { count: number }[] } }[]) =>
  messages.map(({ event, data }) => `${event} ${data.tellings?.map(({ count }) => count)}`)

describe('events', () => {
  it('are a stream that nobody keeps or gathers', async () => {
    const { status, headers, next } = listenerOf(await responseOf(await siteOn()))
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-store, no-transform')
    expect(await next()).toEqual({ event: 'open', id: 0, data: { at: START } })
  })

  it('end with the admin, for those who listen and those who ask later', async () => {
    const site = await siteOn()
    const count = countListeners(site)
    const listener = await listen(site)
    expect(count()).toBeGreaterThan(0)
    site.admin.close()
    expect(await listener.next()).toBeNull()
    expect(count()).toBe(0)
    expect((await responseOf(site)).status).toBe(503)
  })

  it('tell what happens, numbered', async () => {
    const site = await siteOn()
    const listener = await listen(site)
    await site.publish(1, 2)
    const target = { uid: 'u-shop', key: 'shop', name: 'Shop', url: 'https://shop.test/flush' }
    expect(await listener.next()).toEqual({
      event: 'accepted',
      id: 1,
      data: { tellings: [{ target, count: 1, at: START, entries: 2 }], more: 0 },
    })
    site.transport.answer(401)
    await site.deliver()
    expect(await listener.next()).toMatchObject({
      event: 'retrying',
      id: 2,
      data: { tellings: [{ target, count: 1, entries: 2, attempt: 1, status: 401, retryAt: expect.any(Number) }] },
    })
    expect(await listener.next()).toMatchObject({
      event: 'failing',
      data: { tellings: [{ since: START + 1_000, failures: 1, reason: 'it answered 401' }] },
    })
    site.transport.answer(200)
    await site.deliver(5_000)
    expect(await listener.next()).toMatchObject({ event: 'delivered', data: { tellings: [{ entries: 2, attempt: 2 }] } })
    expect(await listener.next()).toMatchObject({ event: 'recovered' })
    await site.pipeline.suspend('shop')
    expect(await listener.next()).toMatchObject({ event: 'suspended', data: { tellings: [{ reason: 'manual' }] } })
  })

  it('tell of dead letters and addresses that may not be called', async () => {
    const site = await siteOn({ targets: [{ ...SHOP, maxPending: 1 }] })
    const listener = await listen(site)
    await site.publish(1, 2, 3)
    expect(await listener.next()).toMatchObject({ event: 'dead', data: { tellings: [{ reason: 'overflow', entries: 2 }] } })
    expect(await listener.next()).toMatchObject({ event: 'accepted' })
    site.transport.answer({ kind: 'refused', message: '10.0.0.1 is private' })
    await site.deliver()
    expect(await listener.next()).toMatchObject({ event: 'retrying' })
    expect(await listener.next()).toMatchObject({ event: 'refused', data: { tellings: [{ reason: '10.0.0.1 is private' }] } })
  })

  it('tell of errors by our own messages alone, and those are logged all the same', async () => {
    const site = await siteOn()
    const listener = await listen(site)
    const stop = site.pipeline.on('accepted', () => {
      throw new Error('cannot log in as root:1234')
    })
    await site.publish(1)
    const messages = [await listener.next(), await listener.next()]
    expect(messages.find((message) => message?.event === 'error')).toMatchObject({
      data: { tellings: [{ target: null, scope: 'listener', message: expect.stringContaining('not ours') }] },
    })
    expect(site.errors).toEqual([expect.objectContaining({ message: 'cannot log in as root:1234' })])
    stop()
    await site.pipeline.publish({ collection: 'posts', event: 'update', key: '*' })
    const own = await listener.next()
    expect(own).toMatchObject({ event: 'error', data: { tellings: [{ target: { key: 'shop' }, scope: 'source' }] } })
    expect(own?.data.tellings[0].message).toContain('set wholeCollection')
    expect(site.errors[1]).toBeInstanceOf(PipelineError)
  })

  it('are at most ten messages a second, which count what they stand for', async () => {
    const site = await siteOn()
    const listener = await listen(site)
    for (let n = 0; n < 1_000; n++) {
      await site.publish(n)
      if (n % 10 === 9) await site.clock.advance(20)
    }
    await site.clock.advance(200)
    const messages = await listener.rest()
    expect(messages.length).toBeGreaterThan(10)
    expect(messages.length).toBeLessThanOrEqual(2 * 10 + 3 + 2)
    const counts = messages.map(({ data }) => data.tellings[0].count as number)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_000)
    expect(messages.map(({ id }) => id)).toEqual(messages.map((_, index) => index + 1))
  })

  it('are one message of a kind for many targets, which lists a hundred', async () => {
    const targets = Array.from({ length: 120 }, (_, n) => ({ key: `t${n}`, url: `https://t${n}.test` }))
    const site = await siteOn({ targets })
    const listener = await listen(site)
    await site.publish(1)
    const message = await listener.next()
    expect(message?.data.tellings).toHaveLength(100)
    expect(message?.data.more).toBe(20)
  })

  it('reach everybody who listens, from then on', async () => {
    const site = await siteOn()
    const one = await listen(site)
    await site.publish(1)
    expect(await one.next()).toMatchObject({ id: 1 })
    const other = listenerOf(await responseOf(site))
    expect(await other.next()).toMatchObject({ event: 'open', id: 1 })
    await site.publish(2)
    for (const listener of [one, other]) expect(await listener.next()).toMatchObject({ event: 'accepted', id: 2 })
  })
})

describe('who listens', () => {
  it('is shown every 15 s that all is well, and has to ask anew after an hour', async () => {
    const site = await siteOn()
    const listener = await listen(site)
    await site.clock.advance(15_000)
    expect(await listener.next()).toEqual({ event: 'comment', id: null, data: null })
    for (let n = 2; n < 240; n++) {
      await site.clock.advance(15_000)
      expect(await listener.next()).toMatchObject({ event: 'comment' })
    }
    await site.clock.advance(15_000)
    expect(await listener.next()).toBeNull()
    expect(site.clock.sleepers()).toEqual([])
  })

  it('costs nothing once it has gone, however it goes', async () => {
    const site = await siteOn()
    const count = countListeners(site)
    const going = new AbortController()
    const one = await listen(site)
    const other = await listen(site, { signal: going.signal })
    expect(count()).toBeGreaterThan(0)
    await one.leave()
    going.abort()
    await expect(other.next()).resolves.toBeNull()
    expect(count()).toBe(0)
    expect(site.clock.sleepers()).toEqual([])
    await site.publish(1)
    await listen(site)
    expect(count()).toBeGreaterThan(0)
  })

  it('had gone before it was answered', async () => {
    const site = await siteOn({ authorize: () => ({ read: true, manage: false }) })
    const count = countListeners(site)
    expect(await listenerOf(await responseOf(site, { signal: AbortSignal.abort() })).rest()).toMatchObject([{ event: 'open' }])
    expect(count()).toBe(0)
  })

  it('may only want the headers', async () => {
    const site = await siteOn()
    const count = countListeners(site)
    expect((await responseOf(site, { method: 'HEAD' })).status).toBe(200)
    expect(count()).toBe(0)
  })

  it('loses messages if it is slow, is told so, and holds nobody up', async () => {
    const site = await siteOn()
    const slow = await responseOf(site)
    const quick = await listen(site)
    for (let n = 0; n < 100; n++) {
      await site.publish(n)
      await site.clock.advance(100)
      expect(await quick.next()).toMatchObject({ event: 'accepted' })
    }
    const late = listenerOf(slow)
    const messages = await late.rest()
    expect(messages.length).toBeLessThan(70)
    const told = messages.filter(({ event }) => event === 'accepted').length
    expect(messages.at(-1)).toEqual({ event: 'lost', id: null, data: { messages: 100 - told } })
    await site.publish(1)
    expect(brief(await late.rest())).toEqual(['accepted 1'])
  })

  it('is given up when it takes nothing for a minute', async () => {
    const site = await siteOn()
    const count = countListeners(site)
    await responseOf(site)
    for (let n = 0; n < 65; n++) {
      await site.publish(n)
      await site.clock.advance(100)
    }
    await site.clock.advance(45_000)
    expect(count()).toBeGreaterThan(0)
    await site.clock.advance(30_000)
    expect(count()).toBe(0)
  })

  it('is one of a hundred at most', async () => {
    const site = await siteOn()
    const listeners: Listener[] = []
    for (let n = 0; n < 100; n++) listeners.push(await listen(site))
    const refused = await responseOf(site)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('30')
    await listeners[0]?.leave()
    await listen(site)
  })

  it('gives no parameters', async () => {
    expect((await (await siteOn()).ask('/events?since=1')).status).toBe(400)
  })
})
