import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Api, apiOn, pathsOf } from './api.ts'
import { onEveryStore, type Place } from './stores.ts'

const url = 'https://site.test/hook'

await onEveryStore((open) => {
  let place: Place
  let api: Api

  beforeEach(async () => {
    place = await open()
    api = apiOn(place.store)
  })
  afterEach(() => place.dispose())

  it('GET / lists subscriptions, ordered by name, and a sort argument is ignored', async () => {
    for (const [key, name] of [
      ['1', 'b'],
      ['2', 'c'],
      ['4', 'a'],
      ['3', 'a'],
    ] as const) {
      await api.put(key, { url, name })
    }
    for (const query of ['', '?sort=-name', '?sort=key', '/']) {
      const { status, body } = await api.list(query)
      expect(status).toBe(200)
      expect(body).toMatchObject({ count: 4, offset: 0, limit: 100 })
      expect(body.result.map(({ key }: { key: string }) => key)).toEqual(['3', '4', '1', '2'])
    }
    expect((await api.list('?offset=1&limit=2')).body).toMatchObject({
      result: [{ key: '4', name: 'a', url }, { key: '1' }],
      count: 4,
      offset: 1,
      limit: 2,
    })
    expect((await api.list('?offset=9')).body).toEqual({ result: [], count: 4, offset: 9, limit: 100 })
  })

  it('POST / creates or updates, the same as PUT with the key in the body', async () => {
    const created = await api.call('POST', '', { key: 'site', url })
    expect(created.status).toBe(200)
    expect(created.body).toMatchObject({ key: 'site', name: 'site', url, format: 'ids', status: 'published' })
    const updated = await api.call('POST', '/', { key: 'site', url: 'https://other.test/', name: 'Site' })
    expect(updated.status).toBe(200)
    expect(updated.body).toMatchObject({ key: 'site', name: 'Site', id: created.body.id, url: 'https://other.test/' })
    expect((await api.get('site')).body).toEqual(updated.body)
    expect((await api.list()).body.count).toBe(1)
  })

  it('POST / answers 400 for what is invalid, and where the key is missing', async () => {
    for (const body of [{ url }, { url, key: null }, { url, key: '' }, { url, key: 7 }]) {
      const refused = await api.call('POST', '', body)
      expect([refused.status, pathsOf(refused)]).toEqual([400, ['key']])
    }
    const refused = await api.call('POST', '', { key: 'site' })
    expect([refused.status, pathsOf(refused)]).toEqual([400, ['url']])
    expect((await api.list()).body.count).toBe(0)
  })

  it('GET /{key} reads one; 404 if there is none', async () => {
    const put = await api.put('site', { url, filter: '@posts' })
    const { status, body } = await api.get('site')
    expect([status, body]).toEqual([200, put.body])
    expect(body).toMatchObject({ key: 'site', name: 'site', url, filter: '@posts' })
    const missing = await api.get('Site')
    expect([missing.status, pathsOf(missing)]).toEqual([404, []])
    const head = await api.call('HEAD', '/site')
    expect([head.status, head.text]).toEqual([200, ''])
  })

  it('PUT /{key} creates or updates; the key is the path’s, one in the body is ignored', async () => {
    const created = await api.put('site', { url, key: 'other', name: 'A' })
    expect([created.status, created.body.key]).toEqual([200, 'site'])
    const updated = await api.put('site', { url: 'https://other.test/', key: 'other' })
    expect([updated.status, updated.body.id]).toEqual([200, created.body.id])
    // What is left out has its default.
    expect(updated.body).toMatchObject({ key: 'site', name: 'site', url: 'https://other.test/' })
    expect((await api.get('other')).status).toBe(404)
  })

  it('PUT /{key} needs an url and nothing else; 400 if it is invalid, and nothing is changed', async () => {
    expect((await api.put('site', { url })).status).toBe(200)
    for (const body of [{}, { url: 'ftp://site.test' }, { url, filter: 'posts' }]) {
      expect((await api.put('site', body)).status).toBe(400)
    }
    expect((await api.get('site')).body.url).toBe(url)
  })

  it('DELETE /{key} removes it with 204, empty; 404 if there is none', async () => {
    await api.put('site', { url })
    const { status, text } = await api.delete('site')
    expect([status, text]).toEqual([204, ''])
    expect((await api.get('site')).status).toBe(404)
    const again = await api.delete('site')
    expect([again.status, pathsOf(again)]).toEqual([404, []])
  })

  it('a new one with the same content starts anew, under another id', async () => {
    const before = await api.put('site', { url })
    await api.delete('site')
    const after = await api.put('site', { url })
    expect(after.body.id).not.toBe(before.body.id)
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
  })

  it('any other method is answered with 405 and what is possible', async () => {
    for (const [method, path, allow] of [
      ['PUT', '', 'GET, HEAD, POST'],
      ['DELETE', '/', 'GET, HEAD, POST'],
      ['POST', '/site', 'GET, HEAD, PUT, DELETE'],
      ['PATCH', '/site', 'GET, HEAD, PUT, DELETE'],
      ['OPTIONS', '/site', 'GET, HEAD, PUT, DELETE'],
    ] as const) {
      const refused = await api.call(method, path)
      expect([refused.status, refused.headers.get('allow'), pathsOf(refused)]).toEqual([405, allow, []])
    }
    expect((await api.call('GET', '/site/more')).status).toBe(404)
  })

  it('they are at both paths, and never kept by a cache', async () => {
    await api.put('site', { url })
    for (const path of ['/daemon/notification/site', '/unstale/api/subscriptions/site', '/unstale/api/subscriptions/']) {
      const answer = await api.admin.fetch(new Request(`http://cms.test${path}`))
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
      expect(await answer.text()).toContain('"key":"site"')
    }
  })

  it('any number of subscriptions may have the same url', async () => {
    for (const key of ['a', 'b', 'c']) expect((await api.put(key, { url })).status).toBe(200)
    const { result, count } = (await api.list()).body
    expect(count).toBe(3)
    expect(new Set(result.map(({ id }: { id: string }) => id)).size).toBe(3)
  })

  it('PUT without If-Match always works, with it only on what is still the same', async () => {
    const first = await api.put('site', { url, name: 'A' })
    const etag = String(first.headers.get('etag'))
    expect((await api.get('site')).headers.get('etag')).toBe(etag)
    const second = await api.put('site', { url, name: 'B' }, { 'if-match': etag })
    expect(second.status).toBe(200)
    const late = await api.put('site', { url, name: 'C' }, { 'if-match': etag })
    expect([late.status, pathsOf(late)]).toEqual([412, []])
    expect((await api.delete('site', { 'if-match': etag })).status).toBe(412)
    expect((await api.get('site')).body.name).toBe('B')
    expect((await api.put('site', { url, name: 'D' })).status).toBe(200)
    // A proxy that compresses calls it weak.
    const weak = `W/${(await api.get('site')).headers.get('etag')}`
    expect((await api.delete('site', { 'if-match': `"other", ${weak}` })).status).toBe(204)
    expect((await api.put('site', { url }, { 'if-match': '*' })).status).toBe(412)
    expect((await api.delete('site', { 'if-match': '*' })).status).toBe(404)
  })

  it('PUT with If-None-Match: * creates, and never replaces', async () => {
    const only = { 'if-none-match': '*' }
    expect((await api.put('site', { url }, only)).status).toBe(200)
    expect((await api.put('site', { url: 'https://other.test/' }, only)).status).toBe(412)
    expect((await api.call('POST', '', { key: 'site', url: 'https://other.test/' }, only)).status).toBe(412)
    expect((await api.get('site')).body.url).toBe(url)
    const etag = String((await api.get('site')).headers.get('etag'))
    const known = await api.get('site', { 'if-none-match': etag })
    expect([known.status, known.text]).toEqual([304, ''])
  })

  it('of two who change one at once exactly one does, in whatever process they are', async () => {
    const other = apiOn(await place.another())
    const etag = String((await api.put('site', { url })).headers.get('etag'))
    for (const [headers, fails] of [
      [{ 'if-match': etag }, 412],
      [{}, 200],
    ] as const) {
      const answers = await Promise.all(
        [api, other, api, other].map((one, n) => one.put('site', { url, name: `n${n}` }, headers)),
      )
      const statuses = answers.map(({ status }) => status)
      expect(statuses.sort()).toEqual([200, fails, fails, fails])
      const { name } = (await other.get('site')).body
      expect(answers.filter(({ status }) => status === 200).map(({ body }) => body.name)).toContain(name)
    }
    const created = await Promise.all([api, other].map((one) => one.put('new', { url }, { 'if-none-match': '*' })))
    expect(created.map(({ status }) => status).sort()).toEqual([200, 412])
  })

  it('a key may be any text, percent-encoded in the path', async () => {
    const keys = ['a/b', 'a b', '🦊', '100%', '%2F', '...', '.a', 'a?b#c', 'a\\b', 'ä', 'a;b=c,d', '+', '\'"<>&', 'x'.repeat(255)]
    for (const key of keys) {
      const put = await api.put(key, { url })
      expect([put.status, put.body.key]).toEqual([200, key])
      expect((await api.get(key)).body).toEqual(put.body)
    }
    expect((await api.list()).body.count).toBe(keys.length)
    expect((await api.call('GET', '/%F0%9F%A6%8A/')).body.key).toBe('🦊')
    for (const key of keys) expect((await api.delete(key)).status).toBe(204)
    expect((await api.list()).body.count).toBe(0)
  })
})
