import { gzipSync } from 'node:zlib'
import express from 'express'
import { describe, expect, it } from 'vitest'
import { ingest } from '../../src/express.ts'
import { begin, eventually, express4, give, listen, post, served, siteOn, TOKEN } from './hosts.ts'

describe('who may publish', () => {
  it.each([
    {},
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: `Basic ${TOKEN}` },
    { authorization: 'Bearer no' },
  ])('refuses %j before it reads', async (headers) => {
    const { url, delivered } = await served()
    const response = await fetch(url, { method: 'POST', headers: headers as Record<string, string>, body: 'no { json' })
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(await response.text()).not.toContain(TOKEN)
    expect(await delivered()).toEqual([])
  })

  it.each([
    [true, 202],
    [false, 401],
    [401, 401],
    [403, 403],
    [undefined, 401],
    ['yes', 401],
    [{ user: 1 }, 401],
  ])('an authorize that answers %j means %i, also where it takes its time', async (answer, status) => {
    for (const authorize of [() => answer, async () => answer]) {
      const { url } = await served({ authorize: authorize as () => boolean })
      const { status: found, headers } = await give(url, post(1))
      expect(found).toBe(status)
      expect(headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null)
    }
  })

  it.each([
    () => {
      throw new Error('the secret database')
    },
    async () => {
      throw new Error('the secret database')
    },
  ])('an authorize that throws lets nobody in, and only its owner is told', async (authorize) => {
    const site = siteOn()
    const errors: unknown[] = []
    const handler = ingest(site.pipeline, { authorize, onError: (error) => errors.push(error) })
    for (const listener of [handler, express().use(handler), express4().use(handler)]) {
      const url = await listen(listener)
      const { status, body } = await give(url, post(1))
      expect(status).toBe(500)
      expect(JSON.stringify(body)).not.toContain('secret')
    }
    expect(errors).toEqual(Array(3).fill(new Error('the secret database')))
    expect(await site.delivered()).toEqual([])
  })

  it('is asked in order: the method, the sender, the type, the size, the content', async () => {
    const { url } = await served({ maxBytes: 100 })
    const large = 'x'.repeat(200)
    const none = { authorization: '' }
    const text = { 'content-type': 'text/plain' }
    expect((await fetch(url, { method: 'PUT', body: large })).status).toBe(405)
    expect((await give(url, large, { ...none, ...text })).status).toBe(401)
    expect((await give(url, large, text)).status).toBe(415)
    expect((await give(url, large)).status).toBe(413)
    expect((await give(url, 'x')).status).toBe(400)
  })
})

describe('a body', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'application/json-patch+json', ''])(
    'of type "%s" is refused',
    async (type) => {
      const { url } = await served()
      const { status, body } = await give(url, post(1), { 'content-type': type })
      expect([status, body.detail]).toEqual([415, expect.stringContaining('application/json')])
    },
  )

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"'])(
    'of type "%s" is taken',
    async (type) => {
      const { url } = await served()
      expect((await give(url, post(1), { 'content-type': type })).status).toBe(202)
    },
  )

  it('in another charset or encoding is refused', async () => {
    const { url } = await served()
    expect((await give(url, post(1), { 'content-type': 'application/json; charset=latin1' })).status).toBe(415)
    expect((await give(url, post(1), { 'content-type': 'application/json; charset=utf-99' })).status).toBe(415)
    expect((await give(url, post(1), { 'content-encoding': 'snappy' })).status).toBe(415)
  })

  it('may be gzipped, and is measured by what comes out', async () => {
    const { url, delivered } = await served({ maxBytes: 1_000_000 })
    const gzip = { 'content-encoding': 'gzip' }
    expect((await give(url, gzipSync(JSON.stringify([post(1)])), gzip)).status).toBe(202)
    const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20))
    expect(bomb.length).toBeLessThan(100_000)
    expect((await give(url, bomb, gzip)).status).toBe(413)
    expect((await give(url, 'no gzip at all', gzip)).status).toBe(400)
    expect((await give(url, gzipSync(JSON.stringify([post(2)])).subarray(0, 30), gzip)).status).toBe(400)
    expect(await delivered()).toEqual(['posts 1'])
  })

  it.each(['{', '[{"collection":"posts"', 'hello secret', '"text"', '5', 'null', '{}}', '\0'])(
    'that holds %j is refused',
    async (text) => {
      const { url } = await served()
      const { status, body } = await give(url, text)
      expect([status, body.detail]).toEqual([400, 'The body is not JSON: send a change, or an array of changes.'])
    },
  )

  it('that is not there is asked for', async () => {
    const { url } = await served()
    const detail = 'There is no body: send a change, or an array of changes.'
    expect(await give(url, '')).toMatchObject({ status: 400, body: { detail } })
    const listener = ingest(siteOn().pipeline, { authorize: () => true })
    const url4 = await listen(express4().use(express4.json()).use(listener))
    expect(await give(url4, '')).toMatchObject({ status: 400 })
  })

  it('that somebody else has read and kept from us is told to who can change that', async () => {
    const { pipeline } = siteOn()
    const errors: unknown[] = []
    const handler = ingest(pipeline, { authorize: () => true, onError: (error) => errors.push(error) })
    const url = await listen(
      express()
        .use(express.raw({ type: '*/*' }))
        .use(handler),
    )
    expect((await give(url, post(1))).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'CONFIG_INVALID', message: expect.stringContaining('express.json()') }])
  })
})

describe('a body that is too large', () => {
  it('of 20 MB is refused, and the server goes on', async () => {
    const { url, delivered } = await served()
    expect(await give(url, Buffer.alloc(20_000_000, 0x20))).toMatchObject({ status: 413 })
    expect((await give(url, post(1))).status).toBe(202)
    expect(await delivered()).toEqual(['posts 1'])
  })

  it.each([{ 'content-length': '100000000' }, { 'transfer-encoding': 'chunked' }])(
    'is answered while it comes: %j',
    async (headers) => {
      const { url } = await served({ maxBytes: 100_000 })
      const socket = begin(url, headers as Record<string, string>)
      let answer = ''
      const answered = new Promise<void>((resolve) => {
        socket.on('data', (chunk) => {
          answer += chunk
          resolve()
        })
      })
      const closed = new Promise((resolve) => socket.on('close', resolve))
      const chunk = Buffer.alloc(0x10000, 0x20)
      const framed = 'content-length' in headers ? chunk : Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')])
      let sent = 0
      const pump = (): void => {
        while (!socket.destroyed && sent < 100_000_000) {
          sent += framed.length
          if (!socket.write(framed)) return void socket.once('drain', pump)
        }
      }
      pump()
      await answered
      expect(answer).toMatch(/^HTTP\/1.1 413 /)
      await closed
      // Who does not stop is stopped.
      expect(sent).toBeLessThan(60_000_000)
      expect((await give(url, post(1))).status).toBe(202)
    },
  )

  it('is left to express.json() where that comes before', async () => {
    const { pipeline } = siteOn()
    const app = express().use(express.json({ limit: 1_000_000 }))
    const url = await listen(app.use(ingest(pipeline, { authorize: () => true, maxBytes: 10 })))
    expect((await give(url, post(1))).status).toBe(202)
  })
})

describe('a sender that goes away', () => {
  it.each([
    ['plain', {}],
    ['gzip', { 'content-encoding': 'gzip' }],
  ])('in the middle of a body (%s) has published nothing', async (_name, headers) => {
    const { pipeline, delivered } = siteOn()
    const handler = ingest(pipeline, { authorize: () => true })
    const handled = eventually<unknown>()
    const url = await listen((request, response) => handled.resolve(handler(request, response)))
    const socket = begin(url, { 'content-length': '5000', ...(headers as object) })
    socket.write(JSON.stringify([post(1)]), () => socket.destroy())
    expect(await handled.value).toBeUndefined()
    expect(await delivered()).toEqual([])
  })

  it('while it is asked who it is has published nothing', async () => {
    const { pipeline, delivered } = siteOn()
    const gone = eventually<void>()
    const asked = eventually<void>()
    const handler = ingest(pipeline, {
      async authorize(request) {
        request.once('close', () => gone.resolve())
        asked.resolve()
        await gone.value
        return true
      },
    })
    const handled = eventually<unknown>()
    const url = await listen((request, response) => handled.resolve(handler(request, response)))
    const socket = begin(url, { 'content-length': '5000' })
    await asked.value
    socket.destroy()
    expect(await handled.value).toBeUndefined()
    expect(await delivered()).toEqual([])
  })
})
