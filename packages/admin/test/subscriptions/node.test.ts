import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memoryStore } from '@unstale/core'
import express from 'express'
import { expect, it } from 'vitest'
import { nodeHandler } from '../../src/node.ts'
import { type Api, apiOn, PREFIX } from './api.ts'

const url = 'https://site.test/hook'

it.each<[host: string, (api: Api) => Parameters<typeof createServer>[1]]>([
  ['node:http', ({ admin }) => nodeHandler(admin)],
  ['Express', ({ admin }) => express().use(nodeHandler(admin))],
])('keys come through %s as they were sent', async (_, listener) => {
  const api = apiOn(memoryStore())
  const server = createServer(listener(api) as never).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PREFIX}`
  const ask = (method: string, path: string, body?: unknown) =>
    fetch(`${root}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  try {
    for (const key of ['a/b', '🦊 x', '100%', 'a\\b', '?#']) {
      const put = await ask('PUT', `/${encodeURIComponent(key)}`, { url })
      expect([put.status, await put.json()]).toMatchObject([200, { key, url }])
      expect((await ask('DELETE', `/${encodeURIComponent(key)}`)).status).toBe(204)
    }
    expect((await ask('PUT', '/100%', { url })).status).toBe(400)
    expect((await ask('PUT', '/site', { url, name: 'x'.repeat(300_000) })).status).toBe(413)
    expect(await (await ask('GET', '/')).json()).toMatchObject({ count: 0 })
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
