import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Transport } from '../ports.ts'
import { type Lookup, type UndiciTransportOptions, undiciTransport } from './undici.ts'

const LOOPBACK = { allow: ['127.0.0.0/8', '::1'] }
const ONE_CONNECTION = { network: LOOPBACK, connections: 1 }
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const never = new AbortController().signal
const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A server that answers what `onRequest` writes; called once per request, with its number on its connection. */
async function listen(
  onRequest: (socket: Socket, nth: number, connection: number) => void,
): Promise<{ port: number; server: Server }> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    const connection = ++connections
    let nth = 0
    let seen = ''
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      seen += data
      if (!seen.endsWith('{"a":1}')) return
      seen = ''
      onRequest(socket, ++nth, connection)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as { port: number }).port, server }
}

function transport(options: UndiciTransportOptions = { network: LOOPBACK }): Transport {
  const made = undiciTransport(options)
  stops.push(() => made.close?.() as Promise<void>)
  return made
}

const post = (to: Transport, url: string, timeout = 5000, signal = never) =>
  to.send({ url, headers: { 'content-type': 'application/json' }, body: '{"a":1}', timeout }, signal)

describe('connections', () => {
  it('are kept alive and used again, one request at a time', async () => {
    const seen: [number, number][] = []
    const { port } = await listen((socket, nth, connection) => {
      seen.push([connection, nth])
      socket.write(OK)
    })
    const to = transport(ONE_CONNECTION)
    for (let n = 0; n < 3; n++) expect(await post(to, `http://127.0.0.1:${port}/`)).toMatchObject({ status: 200, body: 'ok' })
    expect(seen).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
    ])
  })

  it('that the peer closed between two requests are replaced without a failure', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    const { port } = await listen((socket, nth) => {
      if (nth > 1) return void socket.destroy()
      closed = new Promise((resolve) => socket.on('close', resolve))
      socket.write(OK, () => socket.end())
    })
    const to = transport()
    expect(await post(to, `http://127.0.0.1:${port}/`)).toMatchObject({ status: 200 })
    await closed
    expect(await post(to, `http://127.0.0.1:${port}/`)).toMatchObject({ status: 200 })
  })

  it.each(['destroy', 'resetAndDestroy'] as const)(
    'that had served, and die at the next request, count as unsent (%s)',
    async (die) => {
      const { port } = await listen((socket, nth) => (nth === 1 ? socket.write(OK) : socket[die]()))
      const to = transport(ONE_CONNECTION)
      await post(to, `http://127.0.0.1:${port}/`)
      expect(await post(to, `http://127.0.0.1:${port}/`)).toEqual({
        kind: 'network',
        unsent: true,
        message: expect.stringMatching(
          new RegExp(`^the kept-alive connection to 127.0.0.1:${port} was closed: (UND_ERR_SOCKET|ECONNRESET)$`),
        ),
      })
      expect(await post(to, `http://127.0.0.1:${port}/`)).toMatchObject({ status: 200 })
    },
  )

  it('that die in the middle of the second answer do not', async () => {
    const { port } = await listen((socket, nth) => (nth === 1 ? socket.write(OK) : socket.end('HTTP/1.1 20')))
    const to = transport(ONE_CONNECTION)
    await post(to, `http://127.0.0.1:${port}/`)
    expect(await post(to, `http://127.0.0.1:${port}/`)).toEqual({
      kind: 'network',
      message: expect.stringContaining('no answer from'),
    })
  })

  it('new ones that die at once do not, either', async () => {
    const { port } = await listen((socket) => socket.destroy())
    expect(await post(transport(), `http://127.0.0.1:${port}/`)).toEqual({
      kind: 'network',
      message: `no answer from 127.0.0.1:${port}: UND_ERR_SOCKET`,
    })
  })

  it('of https to a server that speaks no TLS fail unsent', async () => {
    const { port, server } = await listen(() => undefined)
    server.on('connection', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(await post(transport(), `https://127.0.0.1:${port}/`)).toEqual({
      kind: 'network',
      unsent: true,
      message: expect.stringMatching(/^cannot connect to 127\.0\.0\.1:\d+: \w+$/),
    })
  })

  it('that take too long to make fail unsent', async () => {
    const { port } = await listen(() => undefined)
    // A name that never resolves is a connection that never comes.
    const to = transport({ network: LOOPBACK, connectTimeout: 100, lookup: () => undefined })
    expect(await post(to, `http://slow.example:${port}/`)).toEqual({
      kind: 'network',
      unsent: true,
      message: `cannot connect to slow.example:${port}: no connection within 100 ms`,
    })
  })

  it('that are still being made do not outlast the total timeout, nor an abort', async () => {
    const to = transport({ network: LOOPBACK, lookup: () => undefined })
    expect(await post(to, 'http://slow.example/', 50)).toEqual({ kind: 'timeout', message: 'no answer within 50 ms' })
    const controller = new AbortController()
    const answer = post(to, 'http://slow.example/', 5000, controller.signal)
    controller.abort()
    expect(await answer).toEqual({ kind: 'aborted', message: 'stopped by us' })
  })

  it('end with the transport', async () => {
    let arrived = () => {}
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const { port } = await listen(() => arrived())
    const to = transport()
    const answer = post(to, `http://127.0.0.1:${port}/`)
    await arrival
    await to.close?.()
    expect(await answer).toEqual({ kind: 'aborted', message: 'the transport was closed' })
    expect(await post(to, `http://127.0.0.1:${port}/`)).toEqual({ kind: 'aborted', message: 'the transport was closed' })
  })
})

describe('names', () => {
  const resolves =
    (calls: string[], ...answers: string[][]): Lookup =>
    (hostname, _options, callback) => {
      const addresses = answers[Math.min(calls.length, answers.length - 1)] as string[]
      calls.push(hostname)
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
    }

  it('that resolve to a private address are refused, with what would allow it', async () => {
    const { port } = await listen((socket) => socket.write(OK))
    expect(await post(transport({ lookup: resolves([], ['127.0.0.1']) }), `http://rebind.example:${port}/`)).toEqual({
      kind: 'refused',
      message:
        "rebind.example is at 127.0.0.1, which is loopback (127.0.0.0/8): only called if the process allows it with network.allow: ['127.0.0.0/8'] or ['rebind.example']",
    })
  })

  it('are called where the process allows them by name, by pattern or by range', async () => {
    const { port } = await listen((socket) => socket.write(OK))
    for (const allow of ['cms.internal', '*.internal', '127.0.0.0/8']) {
      const to = transport({ network: { allow: [allow] }, lookup: resolves([], ['127.0.0.1']) })
      expect(await post(to, `http://cms.internal:${port}/`)).toMatchObject({ status: 200 })
    }
  })

  it('are resolved once per connection, and only an address that was checked is dialled', async () => {
    const dialled: string[] = []
    const { port, server } = await listen((socket) => socket.end(OK.replace('\r\n', '\r\nconnection: close\r\n')))
    server.on('connection', (socket: Socket) => dialled.push(socket.localAddress ?? ''))
    const calls: string[] = []
    // The first answer mixes what is allowed with what is not; later ones are what a rebinding attacker would have us dial.
    const to = transport({
      network: { allow: ['127.0.0.1'] },
      lookup: resolves(calls, ['127.0.0.2', '127.0.0.1'], ['127.0.0.2']),
    })
    expect(await post(to, `http://rebind.example:${port}/`)).toMatchObject({ status: 200 })
    expect(calls).toEqual(['rebind.example'])
    expect(await post(to, `http://rebind.example:${port}/`)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('127.0.0.2'),
    })
    expect(calls).toHaveLength(2)
    expect(dialled).toEqual(['127.0.0.1'])
  })

  it('whose address is a metadata server stay refused', async () => {
    const to = transport({
      network: { allow: ['*.example', '0.0.0.0/0', '::/0'] },
      lookup: resolves([], ['169.254.169.254', 'fe80::1']),
    })
    expect(await post(to, 'http://meta.example/')).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('never called'),
    })
  })

  it('that do not exist fail unsent', async () => {
    const missing: Lookup = (_hostname, _options, callback) => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])
    expect(await post(transport({ lookup: missing }), 'http://gone.example/')).toEqual({
      kind: 'network',
      unsent: true,
      message: 'cannot connect to gone.example:80: ENOTFOUND',
    })
    expect(await post(transport({ lookup: resolves([], []) }), 'http://gone.example/')).toEqual({
      kind: 'refused',
      message: 'gone.example has no address',
    })
  })

  it('are tried at each of their addresses', async () => {
    const { port } = await listen((socket) => socket.write(OK))
    const to = transport({ network: LOOPBACK, lookup: resolves([], ['::1', '127.0.0.1']) })
    expect(await post(to, `http://two.example:${port}/`)).toMatchObject({ status: 200 })
  })
})
