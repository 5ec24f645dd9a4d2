import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Store, sqliteStore } from '@unstale/core'
import { afterEach, describe, expect, it } from 'vitest'
import { MANAGE, SHOP, type Site, START, siteOn } from './site.ts'

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

/** Entries of five items, of which the older three are dead. */
async function withDead(store?: Store): Promise<Site> {
  const targets = [
    { ...SHOP, maxPending: 2 },
    { ...SHOP, key: 'other', uid: 'u-other' },
  ]
  const site = await siteOn({ targets, ...(store && { store, now: Date.now }) })
  for (const key of [1, 2, 3, 4, 5]) await site.publish(key)
  return site
}

describe.each([
  ['memory', undefined],
  ['SQLite', sqlite],
] as const)('dead letters, on %s', (_name, open) => {
  it('are listed newest first, in pages', async () => {
    const { ask } = await withDead(await open?.())
    const first = await ask('/dead?limit=2')
    expect(first.body.result.map(({ key }: { key: number }) => key)).toEqual([3, 2])
    const second = await ask(`/dead?limit=2&before=${encodeURIComponent(first.body.next)}`)
    expect(second.body).toMatchObject({ result: [{ key: 1 }], next: null })
    expect((await ask('/dead?target=shop')).body.result).toHaveLength(3)
    expect((await ask('/dead?target=u-other')).body).toEqual({ result: [], next: null })
  })

  it('are redriven, all or some', async () => {
    const { ask, post, deliver, transport } = await withDead(await open?.())
    const [newest] = (await ask('/dead')).body.result
    expect((await post('/targets/other/redrive', { ids: [newest.id] })).body).toEqual({ redriven: 0 })
    expect((await post('/targets/shop/redrive', { ids: [newest.id, 'nobody'] })).body).toEqual({ redriven: 1 })
    expect((await ask('/targets/shop')).body).toMatchObject({ dead: 2, pending: 3 })
    expect((await post('/targets/shop/redrive')).body).toEqual({ redriven: 2 })
    expect((await post('/targets/shop/redrive', {})).body).toEqual({ redriven: 0 })
    await deliver()
    expect(transport.bodies.flat()).toHaveLength(10)
  })
})

describe('what is told of a dead letter', () => {
  it('is its fields only to those who may manage', async () => {
    const { ask } = await withDead()
    const [letter] = (await ask('/dead')).body.result
    expect(letter).toEqual({
      id: expect.any(String),
      target: { uid: 'u-shop', key: 'shop', name: 'Shop' },
      collection: 'posts',
      key: 3,
      event: 'update',
      reason: 'overflow',
      diedAt: START,
      appendedAt: START,
    })
    const [whole] = (await ask('/dead', { token: MANAGE })).body.result
    expect(whole).toEqual({ ...letter, fields: { id: 3, slug: 's3' } })
  })

  it('is the uid of a target that is gone', async () => {
    const { ask, table } = await withDead()
    await table.delete('shop')
    expect((await ask('/dead')).body.result[0].target).toEqual({ uid: 'u-shop', key: null, name: null })
    expect((await ask('/dead?target=u-shop')).status).toBe(404)
  })

  it.each([
    ['?limit=201', 'limit'],
    ['?before=', 'before'],
    ['?before=%00', 'before'],
    ['?offset=1', 'offset'],
    ['?target=a&target=b', 'target'],
  ])('refuses %s', async (query, name) => {
    const { ask } = await siteOn()
    expect(await ask(`/dead${query}`)).toMatchObject({ status: 400, body: { errors: [{ path: name }] } })
  })

  it.each([[[]], ['all'], [[1]], [['']], [Array.from({ length: 1_001 }, (_, n) => `${n}`)]])('redrives no %j', async (ids) => {
    const { post } = await siteOn()
    expect(await post('/targets/shop/redrive', { ids })).toMatchObject({ status: 400, body: { errors: [{ path: 'ids' }] } })
  })
})
