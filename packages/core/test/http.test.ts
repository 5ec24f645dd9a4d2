import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPipeline, memoryStore, type Pipeline } from '../src/index.ts'
import * as portable from '../src/portable.ts'

let server: Server
let url: string
let got: { headers: IncomingMessage['headers']; body: string }[]

beforeEach(async () => {
  got = []
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    got.push({ headers: request.headers, body })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/flush`
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const options = () => ({
  targets: [
    {
      key: 'site',
      url,
      secret: `whsec_${Buffer.alloc(24, 1).toString('base64')}`,
      rules: [{ collection: 'posts', payload: ['title'] }],
    },
  ],
  store: memoryStore(),
  network: { allow: ['127.0.0.0/8'] },
})

async function deliver(pipeline: Pipeline, title: string): Promise<void> {
  const delivered = new Promise<void>((resolve) => {
    const off = pipeline.on('delivered', () => {
      off()
      resolve()
    })
  })
  await pipeline.publish({ collection: 'posts', event: 'update', key: 1, fields: { title } })
  await delivered
}

describe.each([
  ['Node', createPipeline],
  ['every other runtime', portable.createPipeline],
])('over real HTTP, with the defaults of %s', (_name, create) => {
  it('delivers, stops, and can be started again', async () => {
    const pipeline = create(options())
    for (const title of ['one', 'two']) {
      await pipeline.start()
      await deliver(pipeline, title)
      await pipeline.stop()
    }
    expect(got.map(({ body }) => JSON.parse(body)[0].fields)).toEqual([
      { id: 1, title: 'one' },
      { id: 1, title: 'two' },
    ])
  })

  it('signs what it sends', async () => {
    const pipeline = create(options())
    await pipeline.start()
    await deliver(pipeline, 'ünïcode ✓')
    await pipeline.stop()
    const { createHmac } = await import('node:crypto')
    const [{ headers, body }] = got as [(typeof got)[number]]
    const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', Buffer.alloc(24, 1)).update(text).digest('base64')}`)
  })
})
