import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Store, sqliteStore, type TargetInput } from '@unstale/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { READ, SHOP, START, siteOn } from './site.ts'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

async function sqlite(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'unstale-admin-'))
  folders.push(folder)
  return sqliteStore({ filename: join(folder, 'store.db') })
}

const many: TargetInput[] = Array.from({ length: 5 }, (_, n) => ({
  key: `t${n}`,
  name: `Target ${'edcba'[n]}`,
  url: `https://t${n}.test`,
}))

describe.each([
  ['memory', undefined],
  ['SQLite', sqlite],
] as const)('the list of targets, on %s', (_name, open) => {
  let store: Store | undefined
  beforeAll(async () => {
    store = await open?.()
    return () => store?.close()
  })

  it('is by name, in pages', async () => {
    const { ask } = await siteOn({ targets: many, ...(store && { store, now: Date.now }) })
    const first = await ask('/targets?limit=3')
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ total: 5, offset: 0, limit: 3 })
    expect(first.body.result.map(({ name }: { name: string }) => name)).toEqual(['Target a', 'Target b', 'Target c'])
    const second = await ask('/targets?offset=3&limit=3')
    expect(second.body.result.map(({ key }: { key: string }) => key)).toEqual(['t1', 't0'])
    expect((await ask('/targets?offset=5')).body.result).toEqual([])
    expect((await ask('/targets')).body).toMatchObject({ total: 5, limit: 100 })
  })

  it('tells what waits', async () => {
    const { ask, publish } = await siteOn({ targets: many, ...(store && { store, now: Date.now }) })
    await publish(1, 2)
    const { body } = await ask('/targets/t3')
    expect(body).toMatchObject({ key: 't3', state: 'catching-up', pending: 2, inFlight: 0, dead: 0, seq: 0, failures: 0 })
    expect(body.oldestAt).toBeGreaterThan(0)
    expect(body.dueAt).toBeGreaterThanOrEqual(body.oldestAt)
  })
})

describe('the state of a target', () => {
  const stateOf = async (site: Awaited<ReturnType<typeof siteOn>>, key = 'shop') => (await site.ask(`/targets/${key}`)).body

  it('is fresh where nothing waits, and says all that there is', async () => {
    const site = await siteOn()
    await site.publish(1)
    await site.deliver()
    expect(await stateOf(site)).toEqual({
      uid: 'u-shop',
      key: 'shop',
      name: 'Shop',
      url: 'https://shop.test/flush',
      status: 'published',
      format: 'batch',
      wholeCollection: false,
      collections: ['posts'],
      state: 'fresh',
      pending: 0,
      inFlight: 0,
      oldestAt: null,
      dead: 0,
      dueAt: null,
      failures: 0,
      failingSince: null,
      suspended: null,
      limit: null,
      seq: 1,
      problems: [],
    })
  })

  it('is failing, since the first failure, and says when it is tried again', async () => {
    const site = await siteOn()
    site.transport.answer(503)
    await site.publish(1)
    await site.deliver()
    const state = await stateOf(site)
    expect(state).toMatchObject({ state: 'failing', failures: 1, failingSince: START + 1_000, inFlight: 1, oldestAt: START })
    expect(state.dueAt).toBe(START + 2_000)
  })

  it('is catching up while a request flies', async () => {
    const site = await siteOn()
    const release = site.transport.hold()
    await site.publish(1)
    await site.clock.advance(1_000)
    const ticking = site.pipeline.tick()
    await site.clock.advance(0)
    expect(await stateOf(site)).toMatchObject({ state: 'catching-up', pending: 0, inFlight: 1 })
    release()
    await ticking
  })

  it.each([
    ['suspended', { suspended: 'gone' }, 410],
    ['suspended', { suspended: 'manual' }, 200],
  ] as const)('is %s, and says why: %o', async (state, reason, status) => {
    const site = await siteOn()
    site.transport.answer(status)
    await site.publish(1)
    await site.deliver()
    if (status === 200) await site.pipeline.suspend('shop')
    expect(await stateOf(site)).toMatchObject({ state, ...reason })
  })

  it.each(['draft', 'archived'] as const)('is its status: %s', async (status) => {
    expect(await stateOf(await siteOn({ targets: [{ ...SHOP, status }] }))).toMatchObject({ state: status, status })
  })

  it('is left-out where a row is broken, and names what is wrong without its values', async () => {
    const site = await siteOn()
    const rows = site.store.targets
    await rows?.put({ key: 'odd', uid: 'u-odd', target: { url: 'nowhere-to-be-seen', name: 'Odd' } })
    await rows?.put({
      key: 'half',
      uid: 'u-half',
      target: { url: 'https://half.test', rules: [{ collection: '' }, { collection: 'a' }] },
    })
    expect(await stateOf(site, 'odd')).toMatchObject({ state: 'left-out', status: null, name: 'Odd', url: '' })
    expect((await stateOf(site, 'odd')).problems).toEqual([expect.stringContaining('url: is not a url')])
    expect(await stateOf(site, 'half')).toMatchObject({ state: 'fresh', collections: ['a'] })
    expect((await stateOf(site, 'half')).problems).toEqual([expect.stringContaining('rules[0].collection: has to be')])
    expect(site.answers.join()).not.toContain('nowhere')
  })
})

describe('asking for targets', () => {
  it('finds one by key or uid, whatever is in it', async () => {
    const { ask, table } = await siteOn()
    await table.put({ ...SHOP, uid: 'u-2', key: 'https://a.test/x y?z=%41', url: 'https://a.test' })
    expect((await ask('/targets/u-shop')).body.key).toBe('shop')
    expect((await ask(`/targets/${encodeURIComponent('https://a.test/x y?z=%41')}`)).body.uid).toBe('u-2')
    expect(await ask('/targets/other')).toMatchObject({ status: 404, body: { detail: 'There is no such target.' } })
  })

  it('sees an edit at once', async () => {
    const { ask, table } = await siteOn()
    await ask('/targets')
    await table.put({ ...SHOP, name: 'New' })
    expect((await ask('/targets/shop')).body.name).toBe('New')
    await table.delete('shop')
    expect((await ask('/targets')).body.result).toEqual([])
  })

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=1001', 'limit'],
    ['?limit=ten', 'limit'],
    ['?limit=', 'limit'],
    ['?limit=1&limit=2', 'limit'],
    ['?offset=-1', 'offset'],
    ['?page=2', 'page'],
  ])('refuses %s and names the parameter', async (query, name) => {
    const { ask } = await siteOn()
    const { status, headers, body } = await ask(`/targets${query}`)
    expect(status).toBe(400)
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(body.detail).toContain(`"${name}"`)
    expect(body.errors[0].path).toBe(name)
  })

  it('answers other methods with 405', async () => {
    const { ask, post } = await siteOn()
    const refused = await post('/targets', {})
    expect(refused.status).toBe(405)
    expect(refused.headers.get('allow')).toBe('GET, HEAD')
    expect((await ask('/targets/shop/wake', { token: READ })).headers.get('allow')).toBe('POST')
    const head = await ask('/targets', { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, body: null })
    expect(head.headers.get('cache-control')).toBe('no-store')
  })
})
