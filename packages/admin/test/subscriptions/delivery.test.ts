import type { ChangeInput, TransportRequest } from '@unstale/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Api, apiOn } from './api.ts'
import { onEveryStore, type Place } from './stores.ts'

const url = 'https://site.test/hook'
/** What is due is due at once: nothing here waits for time to pass. */
const window = { quiet: 0, max: 0 }
const change = (key: number | string, over: Partial<ChangeInput> = {}): ChangeInput => ({
  collection: 'posts',
  event: 'update',
  key,
  ...over,
})

await onEveryStore((open) => {
  let place: Place
  let api: Api

  beforeEach(async () => {
    place = await open()
    api = apiOn(place.store)
    await api.pipeline.start()
  })
  afterEach(async () => {
    await api.pipeline.stop()
    await place.dispose()
  })

  /** The request that `act` leads to; it is answered with `status`. */
  function sent(status: number, act: () => Promise<unknown>): Promise<TransportRequest> {
    return new Promise((resolve, reject) => {
      api.transport.answer((request) => {
        resolve(request)
        return status
      })
      act().catch(reject)
    })
  }

  /** Only what is sent after everything else. */
  async function nothingElse(): Promise<void> {
    await api.put('last', { url: 'https://last.test/', window })
    await sent(200, () => api.pipeline.publish(change('last')))
  }

  it('a change reaches a subscription as soon as that has been put, with exactly this body', async () => {
    const { id } = (await api.put('site', { url, name: 'Site', filter: '@posts', window })).body
    const { body, headers } = await sent(200, () => api.pipeline.publish([change(13856), change(13851), change(13856)]))
    expect(body).toBe(
      `{"ids":[13856,13851],"subscription":{"name":"Site","id":"${id}","key":"site","url":"${url}","filter":"@posts"}}`,
    )
    expect(headers['content-type']).toBe('application/json')
  })

  it('created, updated and deleted items alike, each id once; only what the filter selects', async () => {
    await api.put('site', { url, filter: { $collection: { _eq: 'posts' }, status: { _eq: 'published' } }, window })
    const { body } = await sent(200, () =>
      api.pipeline.publish([
        change(1, { event: 'create', fields: { status: 'published' } }),
        change(2, { event: 'create', fields: { status: 'draft' } }),
        change(3, { fields: { status: 'draft' }, previous: { status: 'published' } }),
        change(4, { event: 'delete', fields: { status: 'published' } }),
        change(5, { collection: 'pages', fields: { status: 'published' } }),
        change(1, { fields: { status: 'published' } }),
      ]),
    )
    expect(JSON.parse(body)).toMatchObject({ ids: [1, 3, 4] })
  })

  it('a new url and a new name count for what failed before', async () => {
    await api.put('site', { url, window })
    await sent(500, () => api.pipeline.publish(change(1)))
    const there = 'https://mended.test/'
    const again = await sent(200, () => api.put('site', { url: there, name: 'Mended', window }))
    expect(again.url).toBe(there)
    expect(JSON.parse(again.body)).toMatchObject({ ids: [1], subscription: { name: 'Mended', url: there } })
  })

  it('a new filter counts for what failed before', async () => {
    await api.put('site', { url, window })
    await sent(500, () => api.pipeline.publish([change(1), change(2, { collection: 'pages' })]))
    const again = await sent(200, () => api.put('site', { url: `${url}?again`, filter: '@pages', window }))
    expect(JSON.parse(again.body)).toMatchObject({ ids: [2], subscription: { filter: '@pages' } })
  })

  it('a deleted one hears nothing more, and a new one with the same content starts anew', async () => {
    await api.put('site', { url, window })
    await sent(500, () => api.pipeline.publish(change(1)))
    expect((await api.delete('site')).status).toBe(204)
    await api.pipeline.publish(change(2))
    const { body } = await api.put('site', { url, window })
    const { body: first } = await sent(200, () => api.pipeline.publish(change(3)))
    expect(JSON.parse(first)).toMatchObject({ ids: [3], subscription: { id: body.id } })
    await api.delete('site')
    await nothingElse()
    const here = api.transport.requests.filter((request) => request.url === url).map((request) => JSON.parse(request.body).ids)
    expect(here).toEqual([[1], [3]])
  })

  it('only changes from then on are sent, and none of a draft', async () => {
    await api.pipeline.publish(change(1))
    await api.put('site', { url, window, status: 'draft' })
    await api.pipeline.publish(change(2))
    await api.put('site', { url, window })
    const { body } = await sent(200, () => api.pipeline.publish(change(3)))
    expect(JSON.parse(body).ids).toEqual([3])
  })

  it('credentials go into headers, and never into a body', async () => {
    await api.put('site', { url, window, auth: { type: 'bearer', token: 'tok_secret' } })
    const { headers, body } = await sent(200, () => api.pipeline.publish(change(1)))
    expect(headers['Authorization']).toBe('Bearer tok_secret')
    expect(body).not.toContain('tok_secret')
  })
})
