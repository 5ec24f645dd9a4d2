import { memoryStore, type Pipeline, PipelineError } from '@unstale/core'
import { describe, expect, it, vi } from 'vitest'
import { bearer, ingest } from '../../src/express.ts'
import { give, listen, post, served, siteOn, TOKEN } from './hosts.ts'

describe('changes', () => {
  const wrong: [unknown, string, RegExp][] = [
    [{ ...post(1), colection: 'x' }, 'change.colection', /^is not one of collection, event, key, fields, previous, timestamp$/],
    [[post(1), { ...post(2), id: 5 }], 'changes[1].id', /is not one of/],
    [[post(1), 5], 'changes[1]', /has to be an object/],
    [[[post(1)]], 'changes[0]', /not an array/],
    [{}, 'change.collection', /has to be a name/],
    [[{ ...post(1), key: null }], 'changes[0].key', /primary key/],
    [[{ ...post(1), event: 'updat' }], 'changes[0].event', /did you mean 'update'/],
    [{ ...post(1), timestamp: '2024-01-01' }, 'change.timestamp', /epoch milliseconds/],
    [{ ...post(1), fields: [] }, 'change.fields', /object of field values/],
  ]
  it.each(wrong)('%j: %s', async (input, path, message) => {
    const { url, delivered } = await served()
    const { status, body } = await give(url, input)
    expect(status).toBe(400)
    expect(body.errors?.[0]).toEqual({ path, message: expect.stringMatching(message) })
    expect(await delivered()).toEqual([])
  })

  it('with many problems give a short answer', async () => {
    const { url } = await served()
    const many = Array.from({ length: 9_000 }, (_, index) => ({ ...post(index), event: 'no' }))
    const { body } = await give(url, many)
    expect(body.errors).toHaveLength(100)
    expect(body.detail).toContain('the first 100 of 9000 problems')
    const long = await give(url, { ...post(1), ['x'.repeat(1_000_000)]: 1 })
    expect(JSON.stringify(long.body).length).toBeLessThan(1_000)
  })

  it('cannot reach what is not theirs', async () => {
    const { url, delivered } = await served()
    const text = '{"collection":"posts","event":"update","key":1,"__proto__":{"fields":{"slug":"x"}}}'
    expect((await give(url, text)).body.errors).toMatchObject([{ path: 'change.__proto__' }])
    expect((await give(url, '{"collection":"posts","event":"update","key":1,"fields":{"__proto__":{"slug":"x"}}}')).status).toBe(
      202,
    )
    expect(({} as { slug?: string }).slug).toBeUndefined()
    await delivered()
  })
})

describe('where nothing can be stored', () => {
  it.each(['STORE_FAILED', 'STORE_TABLES_MISSING', 'TARGETS_UNAVAILABLE', 'STOPPED'] as const)(
    '%s is a matter of time',
    async (code) => {
      const error = new PipelineError(code, 'the store at secret.internal failed')
      const publish: Pipeline['publish'] = async () => {
        throw error
      }
      const errors: unknown[] = []
      const url = await listen(ingest({ publish }, { authorize: bearer(TOKEN), onError: (one) => errors.push(one) }))
      const { status, headers, body } = await give(url, post(1))
      expect([status, headers.get('retry-after')]).toEqual([503, '5'])
      expect(JSON.stringify(body)).not.toContain('secret')
      expect(errors).toEqual([error])
    },
  )

  it('a stopped pipeline says so, and takes changes again once it is started', async () => {
    const { url, pipeline } = await served()
    await pipeline.stop()
    expect((await give(url, post(1))).status).toBe(503)
    await pipeline.start()
    expect((await give(url, post(1))).status).toBe(202)
    await pipeline.stop()
  })

  it('a store that fails accepts nothing, and works again', async () => {
    const store = memoryStore()
    let works = false
    const append: typeof store.append = async (entries) => {
      if (!works) throw new PipelineError('STORE_FAILED', 'the memory store could not append')
      return store.append(entries)
    }
    const { url, errors } = await served({}, siteOn({ ...store, append }))
    expect((await give(url, post(1))).status).toBe(503)
    works = true
    expect((await give(url, post(1))).status).toBe(202)
    expect(errors).toMatchObject([{ code: 'STORE_FAILED' }])
  })

  it('what nobody foresaw is a 500, and logged where nobody listens', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const publish = async () => {
      throw new TypeError('x is undefined')
    }
    const url = await listen(ingest({ publish }, { authorize: bearer(TOKEN) }))
    expect((await give(url, post(1))).status).toBe(500)
    expect(logged.mock.calls).toEqual([['unstale: ingest: x is undefined']])
    logged.mockRestore()
  })
})
