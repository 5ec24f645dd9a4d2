import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deliveryLog, type Store, sqliteStore } from '@unstale/core'
import { afterEach, describe, expect, it } from 'vitest'
import { MANAGE, SECRETS, SHOP, type Site, START, siteOn } from './site.ts'

let close: (() => Promise<unknown>) | null = null
afterEach(async () => {
  await close?.()
  close = null
})

async function sqlite(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'unstale-admin-'))
  const store = await sqliteStore({ filename: join(folder, 'store.db') })
  close = async () => {
    await store.close()
    await rm(folder, { recursive: true })
  }
  return store
}

/** Posts 1 and 2, then 3, then 4 in two attempts, to the shop; pages to nobody else. */
async function withDeliveries(open?: () => Promise<Store>): Promise<Site & { began: number }> {
  const store = await open?.()
  const targets = [SHOP, { ...SHOP, key: 'news', uid: 'u-news', name: 'News', rules: [{ collection: 'pages' }] }]
  const site = await siteOn({ targets, ...(store && { store, now: Date.now, log: deliveryLog(store) }) })
  const began = site.clock.now()
  await site.publish(1, 2)
  await site.deliver()
  await site.publish(3)
  await site.deliver()
  site.transport.answer({ kind: 'response', status: 503, body: `busy, ${SECRETS[0]}` })
  await site.publish(4)
  await site.deliver()
  site.transport.answer(200)
  await site.deliver(60_000)
  return { ...site, began }
}

const keysOf = (body: { result: { items: { key: number }[] }[] }) => body.result.map(({ items }) => items.map(({ key }) => key))

describe.each([
  ['memory', undefined],
  ['SQLite', sqlite],
] as const)('deliveries, on %s', (_name, open) => {
  it('are listed newest first, in pages', async () => {
    const { ask } = await withDeliveries(open)
    const first = await ask('/deliveries?limit=3')
    expect(keysOf(first.body)).toEqual([[4], [4], [3]])
    const second = await ask(`/deliveries?limit=3&before=${encodeURIComponent(first.body.next)}`)
    expect(keysOf(second.body)).toEqual([[1, 2]])
    expect(second.body.next).toBeNull()
  })

  it.each([
    ['verdict=retry', [[4]]],
    ['verdict=retry,delivered&limit=2', [[4], [4]]],
    ['verdict=retry&verdict=dead', [[4]]],
    ['verdict=split', []],
    ['collection=posts&item=2', [[1, 2]]],
    ['collection=posts', [[4], [4], [3], [1, 2]]],
    ['collection=pages', []],
    ['target=shop&limit=1', [[4]]],
    ['target=u-news', []],
  ])('are found by %s', async (query, keys) => {
    const { ask } = await withDeliveries(open)
    expect(keysOf((await ask(`/deliveries?${query}`)).body)).toEqual(keys)
  })

  it('are found by time, as milliseconds or ISO 8601', async () => {
    const { ask, began } = await withDeliveries(open)
    const at = began + 1_500
    expect(keysOf((await ask(`/deliveries?until=${at}`)).body)).toEqual([[1, 2]])
    expect(keysOf((await ask(`/deliveries?since=${new Date(at).toISOString()}`)).body)).toEqual([[4], [4], [3]])
    const west = new Date(at - 3_600_000).toISOString().replace('Z', '-01:00')
    expect(keysOf((await ask(`/deliveries?until=${west}`)).body)).toEqual([[1, 2]])
  })

  it('are told one by one with all attempts', async () => {
    const { ask } = await withDeliveries(open)
    const { batch } = (await ask('/deliveries?limit=1')).body.result[0]
    const { status, body } = await ask(`/deliveries/${batch}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ batch, target: { key: 'shop' }, seq: 3, count: 1, next: null })
    expect(body.items).toEqual([{ collection: 'posts', key: 4, event: 'update' }])
    expect(body.attempts.map(({ attempt, status }: Record<string, number>) => [attempt, status])).toEqual([
      [2, 200],
      [1, 503],
    ])
    const paged = await ask(`/deliveries/${batch}?limit=1`)
    expect(paged.body.attempts).toHaveLength(1)
    const rest = await ask(`/deliveries/${batch}?limit=1&before=${encodeURIComponent(paged.body.next)}`)
    expect(rest.body).toMatchObject({ attempts: [{ attempt: 1 }], next: null })
  })
})

describe('what is told of a delivery', () => {
  it('is when, how long, and what came of it', async () => {
    const { ask } = await withDeliveries()
    const [failed] = (await ask('/deliveries?verdict=retry')).body.result
    expect(failed).toEqual({
      id: expect.any(String),
      at: START + 3_000,
      tookMs: 0,
      verdict: 'retry',
      answer: 'response',
      status: 503,
      reason: 'it answered 503',
      retryAt: START + 4_000,
      attempt: 1,
      batch: expect.stringMatching(/^msg_/),
      target: { uid: 'u-shop', key: 'shop', name: 'Shop', url: 'https://shop.test/flush' },
      seq: 3,
      epoch: expect.any(Number),
      openedAt: START + 3_000,
      bytes: expect.any(Number),
      count: 1,
      items: [{ collection: 'posts', key: 4, event: 'update' }],
    })
    const [fine] = (await ask('/deliveries?verdict=delivered&limit=1')).body.result
    expect(fine).toMatchObject({ status: 200, reason: null, retryAt: null })
  })

  it('is what the receiver said only to those who may manage, without the secrets that it repeats', async () => {
    const { ask } = await withDeliveries()
    const [failed] = (await ask('/deliveries?verdict=retry', { token: MANAGE })).body.result
    expect(failed.body).toBe('busy, ***')
    expect((await ask(`/deliveries/${failed.batch}`, { token: MANAGE })).body.attempts[1].body).toBe('busy, ***')
    expect((await ask(`/deliveries/${failed.batch}`)).body.attempts[1]).not.toHaveProperty('body')
  })

  it('is why there was no answer', async () => {
    const site = await siteOn()
    site.transport.answer({ kind: 'timeout', message: 'no answer within 10000 ms' })
    await site.publish(1)
    await site.deliver()
    const [failed] = (await site.ask('/deliveries')).body.result
    expect(failed).toMatchObject({ answer: 'timeout', status: null, reason: 'no answer within 10000 ms' })
  })

  it('is the first 500 items, and how many there were', async () => {
    const site = await siteOn({ targets: [{ ...SHOP, window: { size: 600 } }] })
    await site.publish(...Array.from({ length: 600 }, (_, n) => n))
    await site.deliver()
    const [one] = (await site.ask('/deliveries')).body.result
    expect(one.count).toBe(600)
    expect(one.items).toHaveLength(500)
  })

  it('stays of a target that is gone', async () => {
    const { ask, table } = await withDeliveries()
    await table.delete('shop')
    expect((await ask('/deliveries?target=u-shop')).body.result).toHaveLength(4)
    expect((await ask('/deliveries?target=shop')).status).toBe(404)
  })
})

describe('asking for deliveries', () => {
  it('says which option is missing where there is no log', async () => {
    const { ask } = await siteOn({ log: null })
    for (const path of ['/deliveries', '/deliveries/some'])
      expect(await ask(path)).toMatchObject({ status: 404, body: { detail: expect.stringContaining('the option log') } })
  })

  it('knows no other delivery', async () => {
    expect((await (await siteOn()).ask('/deliveries/nobody')).status).toBe(404)
  })

  it.each([
    ['since=yesterday', 'since'],
    ['until=2026-13-01', 'until'],
    ['until=99999999999999999', 'until'],
    ['verdict=fine', 'verdict'],
    ['verdict=', 'verdict'],
    ['item=7', 'item'],
    ['limit=201', 'limit'],
    ['collection=a%00b', 'collection'],
    ['batch=x', 'batch'],
    [`target=${'x'.repeat(1_001)}`, 'target'],
  ])('refuses %.30s and names the parameter', async (query, name) => {
    const { ask } = await siteOn()
    expect(await ask(`/deliveries?${query}`)).toMatchObject({ status: 400, body: { errors: [{ path: name }] } })
  })
})
