import { memoryStore } from '@unstale/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Answer, type Api, apiOn, pathsOf } from './api.ts'

const url = 'https://site.test/hook'
let api: Api

beforeEach(() => {
  api = apiOn(memoryStore())
})

const refusalOf = (answer: Answer) => ({ status: answer.status, paths: pathsOf(answer), detail: answer.body.detail as string })

describe('a subscription', () => {
  it('without rules is over every collection, in the format ids', async () => {
    const { body } = await api.put('site', { url })
    expect(body).toEqual({
      key: 'site',
      id: expect.stringMatching(/^[\w-]{36}$/),
      name: 'site',
      url,
      status: 'published',
      format: 'ids',
      auth: { type: 'none' },
      signatures: 0,
      window: { quiet: 50, max: 300, size: 500 },
      retry: expect.objectContaining({ delays: [1000, 2000, 5000, 10_000, 30_000], horizon: null }),
      timeout: 10_000,
      wholeCollection: false,
      maxPending: 100_000,
    })
  })

  it('with rules is a whole target', async () => {
    const rules = [{ collection: 'posts', events: ['update'], payload: ['title'], filter: { status: { _eq: 'published' } } }]
    const full = { name: 'Site', status: 'draft', timeout: 500, wholeCollection: true, maxPending: 9, rules }
    const { body } = await api.put('site', { url, ...full, window: { max: 1000 }, retry: { jitter: 0 } })
    expect(body).toMatchObject({ ...full, format: 'batch', window: { quiet: 50, max: 1000, size: 500 }, retry: { jitter: 0 } })
    expect((await api.put('site', { url, rules, format: 'single' })).body.format).toBe('single')
  })

  it('may be sent back as it was read', async () => {
    const put = await api.put('site', {
      url,
      filter: '{"status": {"_eq": "published"}}',
      auth: { type: 'header', name: 'Api-Key', value: 'very secret' },
      secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      retry: { then: [{ every: 1000, within: null }] },
    })
    expect(put.status).toBe(200)
    const again = await api.put('site', put.body, { 'if-match': String(put.headers.get('etag')) })
    expect([again.status, again.body]).toEqual([200, put.body])
    const [target] = await api.targets.list()
    expect(target).toMatchObject({ auth: { value: 'very secret' }, secrets: [expect.stringMatching(/^whsec_/)] })
  })

  it('is shown with what is wrong with it, where something else wrote it', async () => {
    const { rows } = api.targets.table
    await rows.put({ key: 'later', uid: 'u1', target: { url, name: 'Later', colour: 'red' } })
    await rows.put({ key: 'spoilt', uid: 'u2', target: { url, rules: [{ collection: 'posts' }, { collection: '' }] } })
    expect((await api.get('later')).body).toEqual({
      key: 'later',
      id: 'u1',
      name: 'Later',
      problems: [{ path: 'colour', message: 'is not a property here' }],
    })
    expect((await api.get('spoilt')).body).toMatchObject({
      url,
      rules: [{ collection: 'posts' }],
      problems: [{ path: 'rules[1].collection' }],
    })
    expect((await api.list()).body.count).toBe(2)
    expect((await api.put('later', { url })).body.id).toBe('u1')
    expect((await api.delete('spoilt')).status).toBe(204)
  })
})

describe('a filter', () => {
  it.each([
    ['@posts'],
    [{ status: { _eq: 'published' } }],
    ['{ "status" : { "_eq": "published" } }'],
    [{ $collection: { _in: ['posts', 'pages'] }, $event: { _neq: 'create' } }],
  ])('%j is kept in the form in which it was written', async (filter) => {
    const { status, body } = await api.put('site', { url, filter })
    expect([status, body.filter]).toEqual([200, filter])
    expect((await api.get('site')).body.filter).toEqual(filter)
  })

  it.each([
    ['posts'],
    [''],
    ['@'],
    ['@a b'],
    ['status = published'],
    ['[]'],
    ['7'],
    ['{ status: published }'],
    [[]],
    [7],
    [true],
  ])('%j is refused, and both forms are named', async (filter) => {
    const refused = refusalOf(await api.put('site', { url, filter }))
    expect([refused.status, refused.paths]).toEqual([400, ['filter']])
    expect(refused.detail).toMatch(/"@collection".*Directus/)
  })

  it('that asks for what does not exist is refused where it does so', async () => {
    const refused = refusalOf(await api.put('site', { url, filter: { status: { _eqq: 1 }, _and: {} } }))
    expect([refused.status, refused.paths]).toEqual([400, ['filter.status._eqq', 'filter._and']])
    expect(refused.detail).toMatch(/_eq\b/)
  })

  it('that is null is none', async () => {
    expect((await api.put('site', { url, filter: null })).body).not.toHaveProperty('filter')
  })
})

describe('what is refused, with nothing changed', () => {
  it.each<[how: string, body: Record<string, unknown>, paths: string[], says: RegExp]>([
    ['no url', {}, ['url'], /^url: has to be a url/],
    ['an url that is none', { url: 'site' }, ['url'], /write it whole/],
    ['an url of another scheme', { url: 'ftp://site.test/' }, ['url'], /http/],
    ['an url with credentials', { url: 'https://me:pw@site.test/' }, ['url'], /put them into auth/],
    ['a property that does not exist', { url, filtr: '@posts' }, ['filtr'], /did you mean filter/],
    ['several of them', { url, a: 1, b: 2 }, ['a', 'b'], /a: .*; b: /],
    ['an id of one’s own', { url, uid: 'mine' }, ['uid'], /given by the store/],
    ['a rule without a collection', { url, rules: [{ payload: ['a'] }] }, ['rules[0].collection'], /collection/],
    ['rules that are none', { url, rules: {} }, ['rules'], /an array of rules/],
    ['a window that never ends', { url, window: { quiet: 500 } }, ['window.max'], /at least window.quiet/],
    ['an unknown format', { url, format: 'idz' }, ['format'], /did you mean 'ids'/],
    ['a name that is none', { url, name: '' }, ['name'], /not an empty string/],
    ['a header of ours', { url, auth: { type: 'header', name: 'Host', value: 'x' } }, ['auth.name'], /cannot be set/],
    ['a long text as a filter', { url, filter: 'x'.repeat(1000) }, ['filter'], /"@collection"/],
    ['a prototype', JSON.parse(`{"url":"${url}","__proto__":{"status":"draft"}}`), ['__proto__'], /not a property/],
  ])('%s', async (_, body, paths, says) => {
    const refused = refusalOf(await api.put('site', body))
    expect(refused).toMatchObject({ status: 400, paths })
    expect(refused.detail).toMatch(says)
    expect((await api.list()).body.count).toBe(0)
  })

  it('tells of very many problems only some', async () => {
    const body = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`p${n}`, n]))
    const refused = await api.put('site', { url, ...body })
    expect(refused.body.errors).toHaveLength(100)
    expect(refused.body.detail).toMatch(/; and 4995 more$/)
  })

  it.each<[how: string, key: string, says: RegExp]>([
    ['a key that is too long', 'x'.repeat(256), /at most 255 characters/],
    ['one of 10 kB', 'x'.repeat(10_240), /at most 255 characters/],
    ['one with a blank at its end', 'a ', /blank/],
    ['one with a line break', 'a\nb', /control characters/],
    ['one of two dots, which no path can end with', '..', /dot/],
    ['half of a character', '\ud83e', /half of a character/],
  ])('%s', async (_, key, says) => {
    const posted = refusalOf(await api.call('POST', '', { key, url }))
    expect(posted).toMatchObject({ status: 400, paths: ['key'] })
    expect(posted.detail).toMatch(says)
    if (key === '..' || key === '\ud83e') return
    for (const method of ['PUT', 'GET', 'DELETE']) {
      const body = method === 'PUT' ? { url } : undefined
      expect(refusalOf(await api.call(method, `/${encodeURIComponent(key)}`, body)).paths).toEqual(['key'])
    }
  })

  it.each(['/%', '/100%', '/%zz', '/%F0%9F', '/%C0%AF'])('a path that ends with %s', async (path) => {
    for (const method of ['PUT', 'GET', 'DELETE']) {
      const refused = await api.call(method, path, method === 'PUT' ? { url } : undefined)
      expect(refusalOf(refused).detail).toMatch(/percent-encoded/)
    }
  })

  it('what leads out of the API is none of ours', async () => {
    for (const path of ['/..', '/%2e%2E', '/../..']) expect((await api.call('PUT', path, { url })).status).toBe(404)
    expect((await api.list()).body.count).toBe(0)
  })

  it.each(['offset', 'limit'])('%s that is no whole number within bounds', async (name) => {
    for (const value of ['-1', '1.5', 'x', '', '1e2', '99999999999999999', ...(name === 'limit' ? ['0', '1001'] : [])]) {
      const refused = refusalOf(await api.list(`?${name}=${value}`))
      expect(refused).toMatchObject({ status: 400, paths: [name] })
      expect(refused.detail).toMatch(/whole number/)
    }
    expect((await api.list('?limit=1000')).status).toBe(200)
  })
})
