import { memoryStore } from '@unstale/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Api, apiOn, PREFIX, pathsOf } from './api.ts'

const url = 'https://site.test/hook'
let api: Api

beforeEach(() => {
  api = apiOn(memoryStore())
})

describe('a body', () => {
  it.each<[how: string, body: string, status: number]>([
    ['that is empty', '', 400],
    ['that is cut', '{"url":', 400],
    ['that is no JSON', `{ url: "${url}" }`, 400],
    ['that is null', 'null', 400],
    ['that is an array', `[{"url":"${url}"}]`, 400],
    ['that is a text', '"x"', 400],
    ['that is nested without end', `{"url":"${url}","name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400],
    ['that is a deep filter', `{"url":"${url}","filter":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`, 400],
    ['of more than 256 kB', `{"url":"${url}","name":"${'x'.repeat(262_144)}"}`, 413],
  ])('%s', async (_, body, status) => {
    for (const [method, path] of [
      ['PUT', '/site'],
      ['POST', ''],
    ] as const) {
      const refused = await api.call(method, path, body)
      expect([refused.status, pathsOf(refused).length > 1]).toEqual([status, false])
      expect(refused.text).not.toMatch(/site\.test/)
    }
  })

  it('that is not said to be JSON is refused', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonp',
      'multipart/form-data; boundary=x',
    ]) {
      expect((await api.put('site', { url }, { 'content-type': type })).status).toBe(415)
    }
    expect((await api.put('site', { url }, { 'content-type': 'Application/JSON; charset=utf-8' })).status).toBe(200)
  })

  it('that does not say how long it is is read to the limit, and one that is no UTF-8 refused', async () => {
    let pulled = 0
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(65_536).fill(32))
      },
    })
    expect(await sendRaw(endless)).toBe(413)
    expect(pulled).toBeLessThan(10)
    const broken = new ReadableStream({
      start(controller) {
        controller.error(new Error('gone'))
      },
    })
    expect(await sendRaw(broken)).toBe(400)
    expect(await sendRaw(new Uint8Array([123, 34, 255, 34, 58, 49, 125]))).toBe(400)
  })

  it('may have any character, cut wherever the network cuts it', async () => {
    const bytes = new TextEncoder().encode(JSON.stringify({ url, name: 'Füchse 🦊' }))
    const slow = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    expect(await sendRaw(slow)).toBe(200)
    expect((await api.get('site')).body.name).toBe('Füchse 🦊')
  })
})

async function sendRaw(body: ReadableStream | Uint8Array<ArrayBuffer>): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const init: RequestInit & { duplex: 'half' } = { method: 'PUT', headers, body, duplex: 'half' }
  return (await api.admin.fetch(new Request(`http://cms.test${PREFIX}/site`, init))).status
}
