import { memoryStore, type Store } from '@unstale/core'
import { describe, expect, it } from 'vitest'
import { SHOP, START, siteOn } from './site.ts'

describe('health', () => {
  it('tells how far each target is behind', async () => {
    const site = await siteOn({ targets: [SHOP, { ...SHOP, key: 'news', uid: 'u-news', rules: [] }] })
    site.transport.answer(503)
    await site.publish(1)
    await site.deliver()
    await site.publish(2)
    const { status, body } = await site.ask('/health')
    expect(status).toBe(200)
    expect(body).toEqual({
      status: 'healthy',
      targets: [
        { key: 'news', state: 'fresh', lagMs: 0, pending: 0, oldestAt: null },
        { key: 'shop', state: 'failing', lagMs: 1_000, pending: 2, oldestAt: START },
      ],
    })
  })

  const broken = (stats: Store['stats']): Store => ({ ...memoryStore({ now: () => START }), stats })

  it('is unhealthy where the store fails, and does not say how', async () => {
    const site = await siteOn({ store: broken(() => Promise.reject(new Error('no route to 10.0.0.7'))) })
    expect(await site.ask('/health')).toMatchObject({ status: 503, body: { status: 'unhealthy', targets: [] } })
    expect(site.answers.join()).not.toContain('10.0.0.7')
    expect(site.errors).toEqual([expect.objectContaining({ message: 'no route to 10.0.0.7' })])
  })

  it('does not wait for a store that hangs', async () => {
    const site = await siteOn({
      store: broken(() => new Promise(() => {})),
      authorize: () => ({ read: true, manage: false }),
    })
    const answer = site.ask('/health')
    await site.clock.advance(5_000)
    expect(await answer).toMatchObject({ status: 503, body: { status: 'unhealthy' } })
    expect(site.clock.sleepers()).toEqual([])
  })
})
