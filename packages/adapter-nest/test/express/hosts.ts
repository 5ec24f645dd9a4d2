import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createPipeline, memoryStore, type Pipeline, type Store } from '@unstale/core'
import { type ScriptedTransport, scriptedTransport, virtualClock } from '@unstale/core/testing'
import express5 from 'express'
import { afterEach } from 'vitest'
import { bearer, type IngestHandler, type IngestOptions, ingest } from '../../src/express.ts'

/** As Express 5, of which it has no types. */
export const express4 = createRequire(import.meta.url)('express-4') as typeof express5

export const TOKEN = 'a-token-of-more-than-16'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** The url of a server that ends with the test. */
export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/changes`
}

type Mount = (handler: IngestHandler) => RequestListener

/** Every way to mount it. */
export const hosts: Readonly<Record<string, Mount>> = {
  'Express 5, a route': (handler) => express5().post('/changes', handler).all('/changes', handler),
  'Express 5, mounted': (handler) => express5().use('/changes', handler),
  'Express 5, behind express.json()': (handler) =>
    express5()
      .use(express5.json({ limit: '10mb' }))
      .use('/changes', handler),
  'Express 4, a route': (handler) => express4().post('/changes', handler).all('/changes', handler),
  'Express 4, mounted': (handler) => express4().use('/changes', handler),
  'Express 4, behind express.json()': (handler) =>
    express4()
      .use(express4.json({ limit: '10mb' }))
      .use('/changes', handler),
  'node:http': (handler) => handler as (request: IncomingMessage, response: ServerResponse) => void,
}

export interface Site {
  pipeline: Pipeline
  transport: ScriptedTransport
  /** Delivers all that waits, and answers what was sent: collection and key. */
  delivered(): Promise<string[]>
}

/** A pipeline with one target that asks for posts. */
export function siteOn(given?: Store): Site {
  const clock = virtualClock(1_700_000_000_000)
  const transport = scriptedTransport()
  const pipeline = createPipeline({
    store: given ?? memoryStore({ now: clock.now }),
    transport,
    clock,
    targets: [{ key: 'site', url: 'https://site.test/flush', rules: [{ collection: 'posts', payload: ['slug'] }] }],
    logger: { info() {}, warn() {}, error() {} },
  })
  return {
    pipeline,
    transport,
    async delivered() {
      await clock.advance(1_000)
      await pipeline.tick()
      const events = transport.bodies.flat() as { collection: string; fields: { id: unknown } }[]
      return events.map(({ collection, fields }) => `${collection} ${fields.id}`)
    },
  }
}

export interface Served extends Site {
  url: string
  errors: readonly unknown[]
}

/** A site with its route on plain `node:http`, and what it told of errors. */
export async function served(options: Partial<IngestOptions> = {}, site: Site = siteOn()): Promise<Served> {
  const errors: unknown[] = []
  const handler = ingest(site.pipeline, { authorize: bearer(TOKEN), onError: (error) => errors.push(error), ...options })
  const url = await listen(handler)
  return { ...site, errors, url }
}

export function post(key: number | string): Record<string, unknown> {
  return { collection: 'posts', event: 'update', key, fields: { slug: `s${key}` } }
}

export interface Answered {
  status: number
  headers: Headers
  body: { accepted?: number; detail?: string; errors?: { path: string; message: string }[] } & Record<string, unknown>
}

/** Sends what is given as JSON; text and bytes as they are. */
export async function give(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answered> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answered['body'] }
}

/** A connection on which a request has begun. */
export function begin(url: string, headers: Record<string, string>): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
  const all = { host: 'x', authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`POST /changes HTTP/1.1\r\n${lines.join('')}\r\n`)
  return socket
}

/** A value that comes from elsewhere. */
export function eventually<T>(): { value: Promise<T>; resolve(value: T | PromiseLike<T>): void } {
  let resolve: (value: T | PromiseLike<T>) => void = () => {}
  const value = new Promise<T>((done) => {
    resolve = done
  })
  return { value, resolve: (given) => resolve(given) }
}
