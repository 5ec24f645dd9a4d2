import { memoryStore } from '@unstale/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Api, apiOn, pathsOf } from './api.ts'

const url = 'https://site.test/hook'
const token = 'tok_very_secret'
const one = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const two = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
let api: Api

beforeEach(async () => {
  api = apiOn(memoryStore())
  await api.put('site', { url, auth: { type: 'bearer', token }, secrets: [one, two] })
})

const held = async () => {
  const [target] = await api.targets.list()
  return { auth: target?.auth, secrets: target?.secrets }
}

describe('secrets', () => {
  it('are never shown, only that they are there', async () => {
    await api.put('other', { url, auth: { type: 'header', name: 'Api-Key', value: token }, secret: one })
    const [put, got, list] = [await api.put('site', { url }), await api.get('site'), await api.list()]
    expect(got.body).toMatchObject({ auth: { type: 'bearer' }, signatures: 2 })
    expect(list.body.result[0]).toMatchObject({ key: 'other', auth: { type: 'header', name: 'Api-Key' }, signatures: 1 })
    for (const { text, headers } of [put, got, list]) {
      for (const secret of [token, one, two, one.slice(6), 'whsec_']) {
        expect(text).not.toContain(secret)
        expect(JSON.stringify([...headers])).not.toContain(secret)
      }
    }
  })

  it('are not in what a refusal says', async () => {
    for (const body of [
      { url, auth: { type: 'bearer', token: `${token}\n` } },
      { url, auth: { type: 'baerer', token } },
      { url, secrets: [`${one}!!`] },
      `{"url":"${url}","secret":"${one}"`,
      { url, secret: token },
    ]) {
      const refused = await api.put('site', body)
      expect(refused.status).toBe(400)
      for (const secret of [token, one.slice(6)]) expect(refused.text).not.toContain(secret)
    }
  })

  it('that an update leaves out stay', async () => {
    for (const body of [{ url }, { url, auth: { type: 'bearer' } }, { url, name: 'B', secrets: [one, two] }]) {
      expect((await api.put('site', body)).status).toBe(200)
      expect(await held()).toEqual({ auth: { type: 'bearer', token }, secrets: [one, two] })
    }
  })

  it('that are null are removed, each kind by itself', async () => {
    expect((await api.put('site', { url, secrets: null })).body).toMatchObject({ auth: { type: 'bearer' }, signatures: 0 })
    expect(await held()).toEqual({ auth: { type: 'bearer', token }, secrets: [] })
    expect((await api.put('site', { url, auth: null })).body.auth).toEqual({ type: 'none' })
    await api.put('site', { url, auth: { type: 'bearer', token }, secret: one })
    await api.put('site', { url, auth: { type: 'none' }, secret: null })
    expect(await held()).toEqual({ auth: { type: 'none' }, secrets: [] })
  })

  it('that are given take the place of those before', async () => {
    await api.put('site', { url, secret: two })
    expect((await held()).secrets).toEqual([two])
    await api.put('site', { url, auth: { type: 'header', name: 'Api-Key', value: 'v' } })
    expect((await held()).auth).toEqual({ type: 'header', name: 'Api-Key', value: 'v' })
    expect((await api.put('site', { url, auth: { type: 'header', name: 'Api-Key' } })).status).toBe(200)
    // Under another name the value has to be given.
    const renamed = await api.put('site', { url, auth: { type: 'header', name: 'X-Key' } })
    expect([renamed.status, pathsOf(renamed)]).toEqual([400, ['auth.value']])
    const retyped = await api.put('site', { url, auth: { type: 'bearer' } })
    expect([retyped.status, pathsOf(retyped)]).toEqual([400, ['auth.token']])
    const fresh = await api.put('new', { url, auth: { type: 'bearer' } })
    expect([fresh.status, pathsOf(fresh)]).toEqual([400, ['auth.token']])
  })

  it('are not sent to another origin than the one they were given for, unless they are given again', async () => {
    for (const there of ['https://evil.test/hook', 'http://site.test/hook', 'https://site.test:8443/hook']) {
      for (const auth of [undefined, { type: 'bearer' }]) {
        const refused = await api.put('site', { url: there, auth })
        expect([refused.status, pathsOf(refused)]).toEqual([400, ['auth']])
      }
    }
    expect((await api.put('site', { url: 'https://SITE.test:443/other' })).status).toBe(200)
    const there = 'https://other.test/hook'
    expect((await api.put('site', { url: there, auth: { type: 'bearer', token } })).status).toBe(200)
    // Nobody learns a secret from a signature.
    expect((await api.put('site', { url, auth: null })).body).toMatchObject({ url, signatures: 2 })
    expect((await api.put('site', { url: there })).status).toBe(200)
  })

  it('that are gone with a subscription are not those of the next one', async () => {
    await api.delete('site')
    await api.put('site', { url })
    expect(await held()).toEqual({ auth: { type: 'none' }, secrets: [] })
  })

  it('change the ETag when they change', async () => {
    const etags = new Set<string | null>()
    for (const change of [{}, { auth: { type: 'bearer', token: 'b' } }, { secrets: [two] }, { secrets: null }, { auth: null }]) {
      etags.add((await api.put('site', { url, ...change })).headers.get('etag'))
    }
    expect(etags.size).toBe(5)
  })

  it('of the one that is replaced are kept, though somebody else changes it at the same time', async () => {
    const answers = await Promise.all([
      api.put('site', { url, auth: { type: 'bearer', token: 'new' } }),
      api.put('site', { url, name: 'B' }),
      api.put('site', { url, secrets: null }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await held()).toEqual({ auth: { type: 'bearer', token: 'new' }, secrets: [] })
  })
})

describe('a store whose table cannot compare', () => {
  it('does everything but what depends on what is there', async () => {
    const store = memoryStore()
    const { swap: _, ...targets } = store.targets ?? api.targets.table.rows
    const plain = apiOn({ ...store, targets })
    const put = await plain.put('site', { url, secret: one })
    expect([put.status, (await plain.get('site')).body]).toEqual([200, put.body])
    expect((await plain.put('site', { url })).body).toEqual(put.body)
    const etag = String(put.headers.get('etag'))
    expect((await plain.put('site', { url }, { 'if-match': '"other"' })).status).toBe(412)
    expect((await plain.put('site', { url, name: 'B' }, { 'if-match': etag })).status).toBe(501)
    expect((await plain.delete('site', { 'if-match': etag })).status).toBe(501)
    expect((await plain.get('site')).body.name).toBe('site')
    expect((await plain.delete('site')).status).toBe(204)
  })
})
