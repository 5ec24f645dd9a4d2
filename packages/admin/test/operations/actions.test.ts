import { createPipeline, memoryStore, targetTable } from '@unstale/core'
import { describe, expect, it } from 'vitest'
import { createAdmin } from '../../src/index.ts'
import { MANAGE, SECRETS, SHOP, siteOn } from './site.ts'

describe('what people do to a target', () => {
  it('wakes it: it is tried at once', async () => {
    const site = await siteOn()
    site.transport.answer(503)
    await site.publish(1)
    await site.deliver()
    expect(await site.post('/targets/shop/wake')).toMatchObject({ status: 204, body: null })
    site.transport.answer(200)
    await site.pipeline.tick()
    expect((await site.ask('/targets/shop')).body.state).toBe('fresh')
  })

  it('suspends it, which holds what comes, and resumes it', async () => {
    const site = await siteOn()
    expect((await site.post('/targets/u-shop/suspend', {})).status).toBe(204)
    await site.publish(1)
    await site.deliver()
    expect((await site.ask('/targets/shop')).body).toMatchObject({ state: 'suspended', suspended: 'manual', pending: 1 })
    expect(site.transport.requests).toHaveLength(0)
    expect((await site.post('/targets/shop/resume')).status).toBe(204)
    await site.deliver()
    expect(site.transport.requests).toHaveLength(1)
  })

  it('tries whether it can be reached, and hides the secrets that it repeats', async () => {
    const site = await siteOn()
    site.transport.answer({ kind: 'response', status: 202, body: `hello ${SECRETS[0]}, ${SECRETS[1].slice(6)}; ${SECRETS[2]}` })
    const { status, body } = await site.post('/targets/shop/test')
    expect(status).toBe(200)
    expect(body).toEqual({ result: { kind: 'response', status: 202, tookMs: 0, body: 'hello ***, ***; ***' } })
    site.transport.answer({ kind: 'network', message: `no answer from ${SECRETS[2]}` })
    expect((await site.post('/targets/shop/test')).body.result).toMatchObject({ kind: 'network', message: 'no answer from ***' })
  })

  it('acts on a target that another process has just created', async () => {
    const site = await siteOn()
    await site.pipeline.tick()
    await site.clock.advance(2_000)
    const another = targetTable(site.store)
    await another.put({ ...SHOP, key: 'new', uid: 'u-new', name: 'New' })
    expect((await site.post('/targets/new/test')).status).toBe(200)
    await another.put({ ...SHOP, key: 'newer', uid: 'u-newer', name: 'Newer' })
    const early = await site.post('/targets/newer/suspend')
    expect(early).toMatchObject({ status: 503, body: { detail: expect.stringContaining('try again in a second') } })
    expect(early.headers.get('retry-after')).toBe('1')
    await site.clock.advance(1_000)
    expect((await site.post('/targets/newer/suspend')).status).toBe(204)
  })

  it('refuses one that has to be mended', async () => {
    const site = await siteOn()
    await site.store.targets?.put({ key: 'odd', uid: 'u-odd', target: { url: 'nowhere' } })
    const { status, body } = await site.post('/targets/odd/wake')
    expect(status).toBe(409)
    expect(body.errors).toEqual([{ path: 'url', message: expect.stringContaining('is not a url') }])
  })

  it.each(['wake', 'suspend', 'resume', 'test', 'redrive'])('knows no other target: %s', async (act) => {
    const site = await siteOn()
    expect((await site.post(`/targets/nobody/${act}`, {})).status).toBe(404)
  })

  it.each([
    ['of another property', '{"now":true}', 'application/json', 400, 'now is not a property here'],
    ['of a list', '[]', 'application/json', 400, 'has to be a JSON object'],
    ['of no JSON', '{', 'application/json; charset=utf-8', 400, 'is not JSON'],
    ['of no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/json', 400, 'is not JSON in UTF-8'],
    ['as text', '{}', 'text/plain', 415, 'Content-Type: application/json'],
    ['as jsonp', '{}', 'application/jsonp', 415, 'Content-Type: application/json'],
    ['of more than 64 kB', `{"ids":["${'x'.repeat(65_536)}"]}`, 'application/json', 413, 'more than 64 kB'],
  ])('refuses a body %s', async (_which, body, type, status, detail) => {
    const site = await siteOn()
    const sent = body as string | Uint8Array<ArrayBuffer>
    const answer = await site.ask('/targets/shop/wake', {
      method: 'POST',
      token: MANAGE,
      body: sent,
      headers: { 'content-type': type },
    })
    expect(answer).toMatchObject({ status, body: { detail: expect.stringContaining(detail) } })
  })

  it('does not wait for the end of what is too large', async () => {
    const site = await siteOn()
    let cancelled = false
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
      cancel() {
        cancelled = true
      },
    })
    const request = new Request('https://cms.test/unstale/api/flush', {
      method: 'POST',
      headers: { authorization: `Bearer ${MANAGE}`, 'content-type': 'application/json' },
      body: endless,
      duplex: 'half',
    } as RequestInit)
    expect((await site.admin.fetch(request)).status).toBe(413)
    expect(cancelled).toBe(true)
  })

  it('answers 503 where the pipeline cannot read its store', async () => {
    const store = memoryStore()
    const targets = targetTable(store)
    await targets.put(SHOP)
    const pipeline = createPipeline({ store, targets, logger: { info() {}, warn() {}, error() {} } })
    await pipeline.tick()
    const errors: unknown[] = []
    const failing = {
      ...store,
      stats: () => Promise.reject(Object.assign(new Error('at 10.0.0.7'), { name: 'PipelineError', code: 'STORE_FAILED' })),
    }
    const admin = createAdmin({
      pipeline,
      store: failing,
      targets,
      authorize: () => ({ read: true, manage: true }),
      onError: (error) => errors.push(error),
    })
    const response = await admin.fetch(new Request('https://cms.test/unstale/api/targets'))
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('10.0.0.7')
    expect(errors).toEqual([expect.objectContaining({ code: 'STORE_FAILED' })])
  })
})
