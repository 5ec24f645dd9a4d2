import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '@unstale/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bearer, ingest } from '../../src/express.ts'
import { begin, eventually, give, hosts, listen, post, served, siteOn, TOKEN } from './hosts.ts'

describe.each(Object.entries(hosts))('on %s', (_name, mount) => {
  it('accepts one change and many, and they are delivered', async () => {
    const { pipeline, delivered } = siteOn()
    const url = await listen(mount(ingest(pipeline, { authorize: bearer(TOKEN) })))
    const one = await give(url, post(1))
    expect([one.status, one.body]).toEqual([202, { accepted: 1 }])
    expect(one.headers.get('content-type')).toBe('application/json')
    expect(one.headers.get('cache-control')).toBe('no-store')
    expect((await give(url, [post(2), post('ü')])).body).toEqual({ accepted: 2 })
    expect(await delivered()).toEqual(['posts 1', 'posts 2', 'posts ü'])
  })

  it('answers a problem, and accepts nothing', async () => {
    const { pipeline, delivered } = siteOn()
    const url = await listen(mount(ingest(pipeline, { authorize: bearer(TOKEN) })))
    const wrong = await give(url, [post(1), { ...post(2), event: 'updated' }])
    expect(wrong.status).toBe(400)
    expect(wrong.headers.get('content-type')).toBe('application/problem+json')
    expect(wrong.headers.get('cache-control')).toBe('no-store')
    expect(wrong.body).toMatchObject({ type: 'about:blank', title: 'Bad Request', status: 400, detail: expect.any(String) })
    expect(wrong.body.errors?.map(({ path }) => path)).toEqual(['changes[1].event'])
    expect((await give(url, post(1), { authorization: 'Bearer another' })).status).toBe(401)
    const get = await fetch(url)
    expect([get.status, get.headers.get('allow'), get.headers.get('cache-control')]).toEqual([405, 'POST', 'no-store'])
    expect(await delivered()).toEqual([])
  })
})

it('accepts 10,000 changes at once, and 10,001 not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'unstale-ingest-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const store = await sqliteStore({ filename: join(folder, 'unstale.db') })
  onTestFinished(() => store.close())
  const { url, pipeline, delivered } = await served({}, siteOn(store))
  const many = Array.from({ length: 10_001 }, (_, index) => post(index))
  const refused = await give(url, many)
  expect([refused.status, refused.body.detail]).toEqual([413, 'There are 10001 changes: send them in requests of at most 10000.'])
  expect(await delivered()).toEqual([])
  const answer = await give(url, many.slice(1))
  expect([answer.status, answer.body]).toEqual([202, { accepted: 10_000 }])
  expect(await store.peek({ now: Date.now(), targets: [] })).toMatchObject({ inbox: false })
  const sent = new Set(await delivered())
  expect(sent.size).toBe(10_000)
  await pipeline.stop()
})

it('takes an empty list for what it is', async () => {
  const { url } = await served()
  const answer = await give(url, [])
  expect([answer.status, answer.body]).toEqual([202, { accepted: 0 }])
})

it('takes a change of a collection that nobody asked for, and stores nothing', async () => {
  const { url, delivered, errors } = await served()
  expect((await give(url, { ...post(1), collection: 'drafts' })).body).toEqual({ accepted: 1 })
  expect(await delivered()).toEqual([])
  expect(errors).toEqual([])
})

it('answers once a change is durable', async () => {
  const called = eventually<void>()
  const stored = eventually<void>()
  const publish = () => {
    called.resolve()
    return stored.value
  }
  const url = await listen(ingest({ publish }, { authorize: () => true }))
  let answered = false
  const answer = give(url, post(1)).finally(() => (answered = true))
  await called.value
  expect(answered).toBe(false)
  stored.resolve()
  expect((await answer).status).toBe(202)
})

it('takes a body in chunks', async () => {
  const { url } = await served()
  const socket = begin(url, { 'transfer-encoding': 'chunked', connection: 'close' })
  for (const byte of Buffer.from(JSON.stringify([post('ü')]))) {
    socket.write('1\r\n')
    socket.write(Uint8Array.of(byte))
    socket.write('\r\n')
  }
  socket.write('0\r\n\r\n')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  expect(answer).toMatch(/^HTTP\/1.1 202 [\s\S]*{"accepted":1}$/)
})
