import type { TargetInput } from '@unstale/core'
import { describe, expect, it } from 'vitest'
import { SHOP, siteOn } from './site.ts'

const target = (key: string, more: Partial<TargetInput>): TargetInput => ({
  key,
  uid: `u-${key}`,
  url: `https://${key}.test`,
  ...more,
})
const WHOLE = { wholeCollection: true }

const TARGETS: TargetInput[] = [
  SHOP,
  target('whole', { ...WHOLE, rules: [{ collection: 'posts' }, { collection: 'pages', events: ['create'] }] }),
  target('all', { ...WHOLE, rules: [{ collection: '*' }] }),
  target('deletes', { ...WHOLE, rules: [{ collection: 'posts', events: ['delete'] }] }),
  target('picky', { ...WHOLE, rules: [{ collection: 'posts', filter: { $event: { _eq: 'delete' } } }] }),
  target('draft', { ...WHOLE, status: 'draft' }),
]

async function flushed(body: unknown) {
  const site = await siteOn({ targets: TARGETS })
  const answer = await site.post('/flush', body)
  await site.deliver()
  const sent = site.transport.requests.map(({ url, body }) => {
    const events = JSON.parse(body) as { collection: string; event: string; fields: { id: unknown } }[]
    return `${new URL(url).host}: ${events.map(({ collection, event, fields }) => `${collection} ${event} ${fields.id}`).join(', ')}`
  })
  return { ...answer, sent: sent.sort() }
}

describe('flush now', () => {
  it('tells some items to all who asked for them', async () => {
    const { status, body, sent } = await flushed({ collection: 'posts', keys: [7, 'x', 7] })
    expect(status).toBe(200)
    expect(body).toEqual({
      accepted: [
        { target: 'all', entries: 2 },
        { target: 'shop', entries: 2 },
        { target: 'whole', entries: 2 },
      ],
      skipped: [{ target: 'picky', reason: 'filtered' }],
    })
    expect(sent).toEqual([
      'all.test: posts update 7, posts update x',
      'shop.test: posts update 7, posts update x',
      'whole.test: posts update 7, posts update x',
    ])
  })

  it('tells some items to one target', async () => {
    const { body, sent } = await flushed({ target: 'shop', collection: 'posts', keys: [7] })
    expect(body).toEqual({ accepted: [{ target: 'shop', entries: 1 }], skipped: [] })
    expect(sent).toEqual(['shop.test: posts update 7'])
  })

  it('tells a whole collection to those who take one, and says who does not', async () => {
    const { body, sent } = await flushed({ collection: 'posts' })
    expect(body.accepted).toEqual([
      { target: 'all', entries: 1 },
      { target: 'whole', entries: 1 },
    ])
    expect(body.skipped).toEqual([
      { target: 'shop', reason: 'whole-collection' },
      { target: 'picky', reason: 'filtered' },
    ])
    expect(sent).toEqual(['all.test: posts update *', 'whole.test: posts update *'])
  })

  it('tells everything that rules name, by an event that was asked for', async () => {
    const { body, sent } = await flushed({})
    expect(body.accepted).toEqual([
      { target: 'all', entries: 2 },
      { target: 'whole', entries: 2 },
    ])
    expect(body.skipped).toEqual([
      { target: 'deletes', reason: 'not-asked' },
      { target: 'shop', reason: 'whole-collection' },
      { target: 'picky', reason: 'filtered' },
    ])
    expect(sent).toEqual(['all.test: posts update *, pages update *', 'whole.test: posts update *, pages create *'])
  })

  it.each([
    ['draft', { collection: 'posts' }, 'draft'],
    ['deletes', { collection: 'posts', keys: [1] }, 'not-asked'],
    ['shop', { collection: 'pages', keys: [1] }, 'not-asked'],
    ['shop', {}, 'whole-collection'],
  ])('says why %s was not told of %j', async (key, what, reason) => {
    const { body, sent } = await flushed({ target: key, ...what })
    expect(body).toEqual({ accepted: [], skipped: [{ target: key, reason }] })
    expect(sent).toEqual([])
  })

  it('is not confused by what others publish meanwhile', async () => {
    const site = await siteOn({ targets: TARGETS })
    const [answer] = await Promise.all([
      site.post('/flush', { target: 'shop', collection: 'posts', keys: [1] }),
      site.pipeline.publish([1, 2].map((key) => ({ collection: 'posts', event: 'update', key }))),
      site.pipeline.publish([{ collection: 'posts', event: 'update', key: 1 }], { targets: ['whole'] }),
    ])
    expect(answer.body).toEqual({ accepted: [{ target: 'shop', entries: 1 }], skipped: [] })
  })

  it.each([
    [{ keys: [1] }, 'keys'],
    [{ collection: 'posts', keys: [] }, 'keys'],
    [{ collection: 'posts', keys: ['*'] }, 'keys'],
    [{ collection: 'posts', keys: [{}] }, 'keys'],
    [{ collection: 'posts', keys: 7 }, 'keys'],
    [{ collection: '*' }, 'collection'],
    [{ collection: 7 }, 'collection'],
    [{ target: ['shop'] }, 'target'],
    [{ targets: ['shop'] }, 'targets'],
  ])('refuses %j and names the property', async (body, path) => {
    const { post } = await siteOn()
    expect(await post('/flush', body)).toMatchObject({ status: 400, body: { errors: [{ path }] } })
  })

  it('does not take nothing for everything', async () => {
    const { post } = await siteOn()
    expect(await post('/flush')).toMatchObject({ status: 400, body: { detail: expect.stringContaining('There is no body') } })
    expect((await post('/flush', { target: 'nobody' })).status).toBe(404)
  })
})
