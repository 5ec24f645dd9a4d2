import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { NetworkOptions } from '../network.ts'
import type { Transport } from '../ports.ts'
import { MAX_ANSWER } from './answer.ts'
import { fetchTransport } from './fetch.ts'
import { undiciTransport } from './undici.ts'

const LOOPBACK: NetworkOptions = { allow: ['127.0.0.0/8', '::1'] }
const never = new AbortController().signal
const stops: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function serve(handler: (request: IncomingMessage & { text: string }, response: ServerResponse) => void): Promise<string> {
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    handler(Object.assign(request, { text }), response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

/** A server below HTTP: `answer` is called when a request is there. */
async function serveRaw(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).once('data', () => answer(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

const post = (
  to: Transport,
  url: string,
  options: { timeout?: number; signal?: AbortSignal; headers?: Record<string, string> } = {},
) =>
  to.send(
    {
      url,
      headers: { 'content-type': 'application/json', ...options.headers },
      body: '{"ü":1}',
      timeout: options.timeout ?? 5000,
    },
    options.signal ?? never,
  )

describe.each<[string, (network?: NetworkOptions) => Transport]>([
  ['undici', (network) => undiciTransport(network === undefined ? {} : { network })],
  ['fetch', (network) => fetchTransport(network === undefined ? {} : { network })],
])('%s transport', (name, create) => {
  function open(network?: NetworkOptions): Transport {
    const to = create(network)
    stops.push(() => to.close?.())
    return to
  }

  describe('answers', () => {
    it('POSTs the headers and the body as they are', async () => {
      let seen: unknown
      const url = await serve((request, response) => {
        seen = [
          request.method,
          request.url,
          request.headers['content-type'],
          request.headers['x-key'],
          request.headers['content-length'],
          request.text,
        ]
        response.end('ok')
      })
      expect(await post(open(LOOPBACK), `${url}/flush?x=1`, { headers: { 'X-Key': 'k' } })).toEqual({
        kind: 'response',
        status: 200,
        body: 'ok',
      })
      expect(seen).toEqual(['POST', '/flush?x=1', 'application/json', 'k', '8', '{"ü":1}'])
    })

    it.each([204, 400, 401, 404, 410, 413, 500, 503])('%i is a response, and asked for once', async (status) => {
      let calls = 0
      const url = await serve((_request, response) => {
        calls++
        response.writeHead(status).end()
      })
      expect(await post(open(LOOPBACK), url)).toEqual({ kind: 'response', status })
      expect(calls).toBe(1)
    })

    it.each([301, 302, 303, 307, 308])('%i is not followed', async (status) => {
      const paths: unknown[] = []
      const url = await serve((request, response) => {
        paths.push(request.url)
        response.writeHead(status, { location: '/elsewhere' }).end('moved')
      })
      expect(await post(open(LOOPBACK), `${url}/here`)).toEqual({ kind: 'response', status, body: 'moved' })
      expect(paths).toEqual(['/here'])
    })

    it('429 comes with the text of its retry-after', async () => {
      const url = await serve((_request, response) => response.writeHead(429, { 'retry-after': '31536000' }).end('slow'))
      expect(await post(open(LOOPBACK), url)).toEqual({ kind: 'response', status: 429, retryAfter: '31536000', body: 'slow' })
    })

    it('keeps the first 1,024 characters, whole', async () => {
      const text = `${'ü'.repeat(1023)}😀 and more`
      const url = await serve((_request, response) => response.end(text))
      expect(await post(open(LOOPBACK), url)).toEqual({ kind: 'response', status: 200, body: 'ü'.repeat(1023) })
    })

    it('drops an endless body after 16 kB', async () => {
      let written = 0
      let over = () => {}
      const dropped = new Promise<void>((resolve) => {
        over = resolve
      })
      const url = await serve((_request, response) => {
        const more = () => {
          do written += 1000
          while (response.write('x'.repeat(1000)))
        }
        response.on('drain', more).on('close', over)
        more()
      })
      expect(await post(open(LOOPBACK), url)).toEqual({ kind: 'response', status: 200, body: 'x'.repeat(1024) })
      await dropped
      expect(written).toBeGreaterThan(MAX_ANSWER)
    })

    it('a status counts although its body never ends', async () => {
      const url = await serve((_request, response) => void response.writeHead(202).write('begun'))
      expect(await post(open(LOOPBACK), url, { timeout: 150 })).toEqual({ kind: 'response', status: 202, body: 'begun' })
    })

    it('a status counts although its body breaks off', async () => {
      const url = await serveRaw((socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => socket.end())
      })
      expect(await post(open(LOOPBACK), url)).toMatchObject({ kind: 'response', status: 200 })
    })
  })

  describe('no answer', () => {
    it('within the timeout', async () => {
      let closed = () => {}
      const given = new Promise<void>((resolve) => {
        closed = resolve
      })
      const url = await serveRaw((socket) => socket.on('close', closed))
      expect(await post(open(LOOPBACK), url, { timeout: 100 })).toEqual({ kind: 'timeout', message: 'no answer within 100 ms' })
      await given
    })

    it.each<[string, (socket: Socket) => void]>([
      ['a reset at once', (socket) => socket.resetAndDestroy()],
      ['a close at once', (socket) => socket.destroy()],
      [
        'a reset in the middle of the headers',
        (socket) => void socket.write('HTTP/1.1 200 OK\r\nx-a: ', () => socket.resetAndDestroy()),
      ],
      ['something else than HTTP', (socket) => void socket.end('SSH-2.0-OpenSSH\r\n')],
      ['headers without end', (socket) => void socket.write(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(40_000)}\r\n\r\n`)],
      [
        'an upgrade that nobody asked for',
        (socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      ],
    ])('but %s', async (_name, answer) => {
      const url = await serveRaw(answer)
      const port = new URL(url).port
      expect(await post(open(LOOPBACK), `${url}/?hush`)).toEqual({
        kind: 'network',
        message: expect.stringMatching(new RegExp(`^no answer from 127\\.0\\.0\\.1:${port}: [A-Z]\\w+$`)),
      })
    })

    it('at a port where nobody listens: unsent', async () => {
      const url = await serve(() => undefined)
      for (const stop of stops.splice(0)) await stop()
      expect(await post(open(LOOPBACK), `${url}/?hush`)).toEqual({
        kind: 'network',
        unsent: true,
        message: `cannot connect to 127.0.0.1:${new URL(url).port}: ECONNREFUSED`,
      })
    })

    it('when aborted in flight', async () => {
      const controller = new AbortController()
      const url = await serveRaw(() => controller.abort())
      expect(await post(open(LOOPBACK), url, { signal: controller.signal })).toEqual({
        kind: 'aborted',
        message: 'stopped by us',
      })
    })

    it('when aborted before', async () => {
      let calls = 0
      const url = await serve(() => void calls++)
      expect(await post(open(LOOPBACK), url, { signal: AbortSignal.abort() })).toEqual({
        kind: 'aborted',
        message: 'stopped by us',
      })
      expect(calls).toBe(0)
    })

    it('with a header that cannot be sent, whose value is not told', async () => {
      const url = await serve((_request, response) => response.end())
      const answer = await post(open(LOOPBACK), url, { headers: { 'x-key': 'hush\r\nhost: evil' } })
      expect(answer).toMatchObject({ kind: 'network', message: expect.not.stringContaining('hush') })
    })
  })

  describe('addresses', () => {
    it.each([
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      'localhost',
      'LOCALHOST.',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
    ])('%s is refused by default, and nothing is sent', async (host) => {
      let calls = 0
      const url = await serve((_request, response) => {
        calls++
        response.end()
      })
      const answer = await post(open(), `http://${host}:${new URL(url).port}/?hush`)
      expect(answer).toEqual({ kind: 'refused', message: expect.stringContaining('network.allow: [') })
      expect(JSON.stringify(answer)).not.toContain('hush')
      expect(calls).toBe(0)
    })

    it.each([
      ['localhost', ['localhost']],
      ['localhost', ['127.0.0.0/8']],
      ['127.0.0.1', ['127.0.0.1']],
      ['2130706433', ['127.0.0.0/8']],
      ['[::ffff:127.0.0.1]', ['127.0.0.0/8']],
    ])('%s is called with %j', async (host, allow) => {
      const url = await serve((_request, response) => response.end('ok'))
      expect(await post(open({ allow }), `http://${host}:${new URL(url).port}/`)).toMatchObject({ kind: 'response', status: 200 })
    })

    it.each([
      'nonsense',
      'ftp://a.example/',
      'http://u:p@127.0.0.1/',
      'http://169.254.169.254/latest/meta-data',
      'http://[fe80::1]/',
    ])('%s is refused', async (url) => expect(await post(open(LOOPBACK), url)).toMatchObject({ kind: 'refused' }))

    it('a bad configuration is told when the transport is made', () => {
      expect(() => create({ allow: ['*'] })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    })
  })

  if (name === 'fetch') {
    describe('a fetch of your own', () => {
      const via = (fetch: typeof globalThis.fetch) => post(fetchTransport({ fetch }), 'https://a.example/')

      it('is the one that is used', async () => {
        const seen: unknown[] = []
        const answer = await via(async (url, init) => {
          seen.push(url, init?.method, init?.redirect, init?.body)
          return new Response('ok', { status: 201, headers: { 'retry-after': '3' } })
        })
        expect(answer).toEqual({ kind: 'response', status: 201, retryAfter: '3', body: 'ok' })
        expect(seen).toEqual(['https://a.example/', 'POST', 'manual', '{"ü":1}'])
      })

      it('that hides a redirect answers 302', async () => {
        const hidden = Object.defineProperties(new Response(null), { type: { value: 'opaqueredirect' }, status: { value: 0 } })
        expect(await via(async () => hidden)).toEqual({ kind: 'response', status: 302 })
      })

      it('that throws anything at all is a failure, not a throw', async () => {
        for (const thrown of [new Error('hush'), 'hush', null, { code: 5 }]) {
          const answer = await via(async () => Promise.reject(thrown))
          expect(answer).toMatchObject({ kind: 'network', message: expect.stringMatching(/^no answer from a\.example:443: /) })
          expect(JSON.stringify(answer)).not.toContain('hush')
        }
      })
    })
  }
})
