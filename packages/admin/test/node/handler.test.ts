import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createPipeline, memoryStore, type PipelineEvents, targetTable } from '@unstale/core'
import { scriptedTransport } from '@unstale/core/testing'
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { bearer, createAdmin } from '../../src/index.ts'
import { nodeHandler } from '../../src/node.ts'
import { listenerOf } from '../operations/listener.ts'

const TOKEN = 'a-token-that-may-manage'
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` }

type Handler = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** Every way to mount it. */
const HOSTS: Readonly<Record<string, { path: string; on(handler: Handler): RequestListener }>> = {
  'node:http': { path: '/unstale', on: (handler) => handler },
  'Express, at the root': { path: '/unstale', on: (handler) => express().use(handler) },
  'Express, below a path': { path: '/ops/unstale', on: (handler) => express().use('/ops', handler) },
  'Express, at its own path': { path: '/ops', on: (handler) => express().use('/ops', handler) },
  'Express, in a router': { path: '/a/b/ops', on: (handler) => express().use('/a', express.Router().use('/b', handler)) },
  'Express, behind express.json()': { path: '/unstale', on: (handler) => express().use(express.json(), handler) },
  'Express, behind express.text()': { path: '/unstale', on: (handler) => express().use(express.text({ type: '*/*' }), handler) },
  'Express, behind express.raw()': { path: '/unstale', on: (handler) => express().use(express.raw({ type: '*/*' }), handler) },
}

async function served(host: (typeof HOSTS)[string], wrap: (handler: Handler) => Handler = (handler) => handler) {
  const store = memoryStore()
  const targets = targetTable(store)
  await targets.put({ key: 'shop', uid: 'shop', url: 'https://shop.test', rules: [{ collection: 'posts' }] })
  const silent = { info() {}, warn() {}, error() {} }
  const pipeline = createPipeline({ store, targets, transport: scriptedTransport(), logger: silent })
  const errors: unknown[] = []
  const admin = createAdmin({
    pipeline,
    store,
    targets,
    authorize: bearer({ manage: TOKEN }),
    path: host.path,
    onError: (error) => errors.push(error),
  })
  const server = createServer(host.on(wrap(nodeHandler(admin))))
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, api: `${origin}${host.path}/api`, pipeline, store, errors }
}

const json = { ...AUTHORIZED, 'content-type': 'application/json' }
const FLUSH = { method: 'POST', headers: json, body: JSON.stringify({ collection: 'posts', keys: ['ä', 2] }) }

describe.each(Object.entries(HOSTS))('on %s', (_name, host) => {
  it('answers', async () => {
    const { api } = await served(host)
    const answer = await fetch(`${api}/targets?limit=1`, { headers: AUTHORIZED })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ total: 1, result: [{ key: 'shop' }] })
    expect((await fetch(`${api}/targets`)).status).toBe(401)
    expect((await fetch(`${api}/targets?limit=0`, { headers: AUTHORIZED })).status).toBe(400)
  })

  it('reads bodies', async () => {
    const { api, store } = await served(host)
    const answer = await fetch(`${api}/flush`, FLUSH)
    expect(await answer.json()).toEqual({ accepted: [{ target: 'shop', entries: 2 }], skipped: [] })
    expect((await store.stats(['shop']))[0]?.pending).toBe(2)
    expect((await fetch(`${api}/targets/shop/suspend`, { method: 'POST', headers: AUTHORIZED })).status).toBe(204)
    const large = JSON.stringify({ collection: 'posts', keys: ['x'.repeat(70_000)] })
    expect((await fetch(`${api}/flush`, { ...FLUSH, body: large })).status).toBe(413)
  })

  it('streams events, and lets go of who has gone', async () => {
    const { api, pipeline, errors } = await served(host)
    let listening = 0
    const on = pipeline.on
    const gone = new Promise<void>((resolve) => {
      pipeline.on = <K extends keyof PipelineEvents>(event: K, listener: (payload: PipelineEvents[K]) => void) => {
        const stop = on(event, listener)
        listening++
        return () => {
          stop()
          if (--listening === 0) resolve()
        }
      }
    })
    const leaving = new AbortController()
    const listener = listenerOf(await fetch(`${api}/events`, { headers: AUTHORIZED, signal: leaving.signal }))
    expect(listener.headers.get('content-type')).toContain('text/event-stream')
    expect(await listener.next()).toMatchObject({ event: 'open' })
    await pipeline.publish({ collection: 'posts', event: 'update', key: 1 })
    expect(await listener.next()).toMatchObject({ event: 'accepted', data: { tellings: [{ target: { key: 'shop' } }] } })
    const ended = listener.next().catch(() => null)
    leaving.abort()
    await gone
    await ended
    expect(errors).toEqual([])
  })
})

describe('the handler', () => {
  const EXPRESS = HOSTS['Express, below a path']!

  it('leaves what is not its own to others, as it was', async () => {
    const seen: string[] = []
    const host = {
      path: '/ops/unstale',
      on: (handler: Handler) =>
        express()
          .use('/ops', handler)
          .use((request, response) => {
            seen.push(`${request.method} ${request.url} ${request.originalUrl}`)
            response.status(418).end()
          }),
    }
    const { origin } = await served(host)
    for (const path of ['/ops/other?a=1', '/ops/unstaleable', '/unstale/api/targets', '/'])
      expect((await fetch(origin + path, { method: 'POST', body: 'x' })).status).toBe(418)
    expect(seen).toEqual([
      'POST /ops/other?a=1 /ops/other?a=1',
      'POST /ops/unstaleable /ops/unstaleable',
      'POST /unstale/api/targets /unstale/api/targets',
      'POST / /',
    ])
  })

  it("answers what is nobody's where there is nobody else", async () => {
    const { origin } = await served(HOSTS['node:http']!)
    expect((await fetch(`${origin}/other`, { headers: AUTHORIZED })).status).toBe(404)
  })

  it('has the subscriptions as well', async () => {
    const { origin } = await served(HOSTS['Express, at the root']!)
    expect((await fetch(`${origin}/daemon/notification`)).status).toBe(401)
    expect((await fetch(`${origin}/daemon/notifications`)).status).toBe(404)
  })

  it('does not change a request that it answers', async () => {
    const urls: (string | undefined)[] = []
    const { api } = await served(EXPRESS, (handler) => (request, response, next) => {
      const before = request.url
      handler(request, response, next)
      urls.push(before, request.url)
    })
    expect((await fetch(`${api}/targets`, { headers: AUTHORIZED })).status).toBe(200)
    expect(urls).toEqual(['/unstale/api/targets', '/unstale/api/targets'])
  })

  it('tells nobody of a client that goes away in the middle of its body', async () => {
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const { origin, errors, store } = await served(HOSTS['node:http']!, (handler) => (request, response) => {
      response.once('close', finish)
      request.once('readable', () => socket.destroy())
      handler(request, response)
    })
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    const head = `POST /unstale/api/flush HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\n`
    socket.write(`${head}content-length: 100\r\n\r\n{"collection":`)
    await finished
    // Another request has its answer after whatever came of the first.
    expect((await fetch(`${origin}/unstale/api/targets`, { headers: AUTHORIZED })).status).toBe(200)
    expect(errors).toEqual([])
    expect((await store.stats(['shop']))[0]?.pending).toBe(0)
  })

  it('does not take for JSON what a parser made of a form', async () => {
    const host = { path: '/unstale', on: (handler: Handler) => express().use(express.urlencoded({ extended: false }), handler) }
    const { api } = await served(host)
    const form = { method: 'POST', headers: AUTHORIZED, body: new URLSearchParams({ collection: 'posts' }) }
    expect((await fetch(`${api}/flush`, form)).status).toBe(415)
  })
})
