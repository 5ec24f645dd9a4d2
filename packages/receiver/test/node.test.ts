import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { bearer, createReceiver, type FlushEvent, hmac } from '../src/index.ts'
import { type NodeRequest, nodeHandler } from '../src/node.ts'
import { now, post, SECRET, secretOf, signedHeaders } from './requests.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/flush`
}

function recording(auth = [hmac(SECRET)]) {
  const got: FlushEvent[] = []
  const handler = nodeHandler(createReceiver({ auth, now, onBatch: (events) => void got.push(...events), onError: () => {} }))
  return { got, handler }
}

const body = JSON.stringify([post(1), post('ü')])

const send = async (url: string, headers: Record<string, string> = signedHeaders(body), text = body) => {
  const response = await fetch(url, { method: 'POST', headers, body: text })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const done = { status: 200, body: { received: 2, handled: 2, ignored: 0, duplicate: 0 } }

describe('plain http', () => {
  it('is a listener', async () => {
    const { handler, got } = recording()
    const url = await listen(handler)
    expect(await send(url)).toEqual(done)
    expect(got.map(({ id }) => id)).toEqual([1, 'ü'])
    expect(await send(url, signedHeaders(body, { secret: secretOf(9) }))).toMatchObject({ status: 401 })
    const get = await fetch(url)
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('takes a body in chunks', async () => {
    const { handler } = recording()
    const { port } = new URL(await listen(handler))
    const socket = connect(Number(port), '127.0.0.1')
    const headers = Object.entries(signedHeaders(body)).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST /flush HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n${headers.join('')}\r\n`)
    for (const byte of Buffer.from(body)) {
      socket.write('1\r\n')
      socket.write(Uint8Array.of(byte))
      socket.write('\r\n')
    }
    socket.write('0\r\n\r\n')
    let answer = ''
    for await (const chunk of socket) answer += chunk
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
  })

  it('stops an upload of 50 MB, answers it, and serves on', async () => {
    const { handler } = recording()
    const url = await listen(handler)
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
    const headers = Object.entries(signedHeaders('whatever')).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST /flush HTTP/1.1\r\nhost: x\r\ncontent-length: 50000000\r\n${headers.join('')}\r\n`)
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk))
    const closed = new Promise((resolve) => socket.on('close', resolve))
    const chunk = Buffer.alloc(65_536, 0x20)
    let sent = 0
    const pump = (): void => {
      while (!socket.destroyed && sent < 50_000_000) {
        sent += chunk.length
        if (!socket.write(chunk)) return void socket.once('drain', pump)
      }
    }
    pump()
    await closed
    expect(answer).toMatch(/^HTTP\/1.1 413 [\s\S]*BODY_TOO_LARGE/)
    expect(sent).toBeLessThan(25_000_000)
    expect(await send(url)).toEqual(done)
  })

  it('keeps the connection for the next request after a refusal', async () => {
    const { handler } = recording()
    const socket = connect(Number(new URL(await listen(handler)).port), '127.0.0.1')
    const post = (headers: Record<string, string>, text: string): void => {
      const lines = Object.entries({ ...headers, host: 'x', 'content-length': String(Buffer.byteLength(text)) })
      socket.write(`POST /flush HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`)
    }
    post({ 'content-type': 'application/json' }, 'x'.repeat(400_000))
    post(signedHeaders('large'), 'x'.repeat(1_500_000))
    post({ ...signedHeaders(body), connection: 'close' }, body)
    let answer = ''
    for await (const chunk of socket) answer += chunk
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 413', 'HTTP/1.1 200'])
  })

  it('survives a client that goes away', async () => {
    const { handler } = recording()
    let settle: (answer: unknown) => void = () => {}
    const answered = new Promise((resolve) => {
      settle = resolve
    })
    const url = await listen((request, response) => settle(handler(request, response)))
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const headers = Object.entries(signedHeaders(body)).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST /flush HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n${headers.join('')}\r\nhalf`, () => socket.destroy())
    expect(await answered).toBeUndefined()
    expect(await send(url)).toEqual(done)
  })
})

describe('Express', () => {
  const keepBytes = (request: NodeRequest, _response: unknown, bytes: Buffer): void => {
    request.rawBody = bytes
  }

  it.each([
    ['before any parser', (app: express.Express, route: express.RequestHandler) => app.post('/flush', route).use(express.json())],
    [
      'express.raw',
      (app: express.Express, route: express.RequestHandler) => app.post('/flush', express.raw({ type: '*/*' }), route),
    ],
    [
      'express.text',
      (app: express.Express, route: express.RequestHandler) => app.post('/flush', express.text({ type: '*/*' }), route),
    ],
    [
      'kept bytes',
      (app: express.Express, route: express.RequestHandler) => app.use(express.json({ verify: keepBytes })).post('/flush', route),
    ],
    [
      'a parser of other types',
      (app: express.Express, route: express.RequestHandler) => app.use(express.urlencoded()).post('/flush', route),
    ],
    [
      'an empty object from a parser that read nothing',
      (app: express.Express, route: express.RequestHandler) =>
        app
          .use((request, _response, next) => {
            request.body = {}
            next()
          })
          .post('/flush', route),
    ],
  ])('%s', async (_name, mount) => {
    const { handler, got } = recording()
    const app = express()
    mount(app, handler)
    const url = await listen(app)
    expect(await send(url)).toEqual(done)
    expect(got).toHaveLength(2)
    expect(await send(url, { ...signedHeaders(body, { id: 'msg_2' }) }, body.replace('post-1', 'post-2'))).toMatchObject({
      status: 401,
    })
  })

  it('with a parsed body: refuses a signature and names the fix, takes a token', async () => {
    const signedOnly = recording()
    const both = recording([hmac(SECRET), bearer('token')])
    const app = express().use(express.json())
    app.post('/flush', signedOnly.handler)
    app.post('/both', both.handler)
    const url = await listen(app)
    const { status, body: answer } = await send(url)
    expect(status).toBe(500)
    expect(answer['code']).toBe('RAW_BODY_UNAVAILABLE')
    expect(answer['message']).toContain('put the route before app.use(express.json())')
    expect(signedOnly.got).toEqual([])
    const headers = { 'content-type': 'application/json', authorization: 'Bearer token' }
    expect(await send(url.replace('/flush', '/both'), headers)).toEqual(done)
    expect(both.got).toHaveLength(2)
  })

  it('with a stream that somebody read: answers and does not hang', async () => {
    const { handler } = recording()
    const app = express()
    app.use((request, _response, next) => {
      request.on('end', () => next()).resume()
    })
    app.post('/flush', handler)
    expect(await send(await listen(app))).toMatchObject({ status: 500, body: { code: 'RAW_BODY_UNAVAILABLE' } })
  })

  it('gives handlers the request', async () => {
    const app = express()
    const paths: string[] = []
    const receiver = createReceiver({
      auth: [hmac(SECRET)],
      now,
      on: { posts: (_event, { env }) => void paths.push((env as express.Request).originalUrl) },
    })
    app.post('/flush', nodeHandler(receiver))
    await send(await listen(app))
    expect(paths).toEqual(['/flush', '/flush'])
  })
})
