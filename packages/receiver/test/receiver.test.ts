import { describe, expect, it } from 'vitest'
import { bearer, createReceiver, type FlushEvent, hmac, type ReceiverError, type ReceiverOptions } from '../src/index.ts'
import { answerOf, NOW, now, post, request, SECRET, secretOf, signed, signedHeaders } from './requests.ts'

/** A receiver that keeps what it was told. */
function recording(options: Partial<ReceiverOptions> = {}) {
  const got: FlushEvent[] = []
  const errors: unknown[] = []
  const receiver = createReceiver({
    auth: [hmac(SECRET)],
    onBatch: (events) => void got.push(...events),
    onError: (error) => void errors.push(error),
    now,
    ...options,
  })
  return { ...receiver, got, errors }
}

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'accepted',
    ({ code, status }: ReceiverError) => ({ code, status }),
  )

describe('the three bodies are one', () => {
  const subscription = { name: 'Site', id: 'u1', key: 'site', url: 'https://site.example/flush', filter: '@posts' }
  const at = NOW - 1000
  const inferred = { event: 'update', timestamp: NOW, inferred: true }
  it.each<[string, unknown, unknown]>([
    ['nothing', [], []],
    [
      'a batch',
      [post(1), post('b', { event: 'delete' })],
      [
        { collection: 'posts', event: 'update', id: 1, fields: { id: 1, slug: 'post-1' }, timestamp: at },
        { collection: 'posts', event: 'delete', id: 'b', fields: { id: 'b', slug: 'post-b' }, timestamp: at },
      ],
    ],
    ['old values', [post(1, { previous: { slug: 'old' } })], [{ ...post(1), id: 1, previous: { slug: 'old' } }]],
    ['left out fields', [post(1, { truncated: true })], [{ ...post(1), id: 1, truncated: true }]],
    ['a whole collection', [post('*')], [{ ...post('*'), id: '*' }]],
    ['a single one', post(1), [{ ...post(1), id: 1 }]],
    [
      'ids',
      { ids: [1, 'b'], subscription },
      [
        { collection: 'posts', id: 1, fields: { id: 1 }, ...inferred },
        { collection: 'posts', id: 'b', fields: { id: 'b' }, ...inferred },
      ],
    ],
    ['ids of nobody knows what', { ids: [1] }, [{ collection: '*', id: 1, fields: { id: 1 }, ...inferred }]],
    [
      'ids by another filter',
      { ids: [1], subscription: { ...subscription, filter: { a: { _eq: 1 } } } },
      [{ collection: '*', id: 1, fields: { id: 1 }, ...inferred }],
    ],
    [
      'ids that say which',
      {
        ids: [1],
        subscription,
        items: [
          { collection: 'pages', id: 1, event: 'delete' },
          { collection: 'posts', id: '*', event: 'update' },
        ],
      },
      [
        { collection: 'pages', event: 'delete', id: 1, fields: { id: 1 }, timestamp: NOW },
        { collection: 'posts', event: 'update', id: '*', fields: { id: '*' }, timestamp: NOW },
      ],
    ],
    [
      'ids without items',
      { ids: [1], subscription, items: [] },
      [{ collection: 'posts', id: 1, fields: { id: 1 }, ...inferred }],
    ],
  ])('%s', async (_name, body, events) => {
    expect((await recording().parse(signed(body))).events).toEqual(events)
  })

  it('an event that is not known is counted and left out', async () => {
    const { fetch, got } = recording()
    expect(await answerOf(await fetch(signed([post(1, { event: 'publish' }), post(2)])))).toEqual({
      status: 200,
      body: { received: 2, handled: 1, ignored: 1, duplicate: 0 },
    })
    expect(got.map(({ id }) => id)).toEqual([2])
  })
})

describe('junk is refused, and nothing runs', () => {
  it.each<[string, unknown, string]>([
    ['nothing', '', 'BODY_NOT_JSON'],
    ['no JSON', '[{"collection":', 'BODY_NOT_JSON'],
    ['null', 'null', 'BODY_INVALID: [0].collection is no string'],
    ['a number', '5', 'BODY_INVALID: [0].collection is no string'],
    ['text', '"posts"', 'BODY_INVALID: [0].collection is no string'],
    ['an array of junk', [null, 5, 'x', [], {}], 'BODY_INVALID: [0].collection is no string'],
    ['junk behind an event', [post(1), 5], 'BODY_INVALID: [1].collection is no string'],
    ['no collection', [{ ...post(1), collection: '' }], 'BODY_INVALID: [0].collection is no string'],
    ['no event', [{ ...post(1), event: 7 }], 'BODY_INVALID: [0].event is no string'],
    ['no fields', [{ ...post(1), fields: null }], 'BODY_INVALID: [0].id is no string or number'],
    ['no id', [{ ...post(1), fields: { slug: 'a' } }], 'BODY_INVALID: [0].id is no string or number'],
    ['an empty id', [post('')], 'BODY_INVALID: [0].id is no string or number'],
    ['an id beside the fields', [{ ...post(1), fields: {}, id: 1 }], 'BODY_INVALID: [0].id is no string or number'],
    ['no timestamp', [{ ...post(1), timestamp: 'now' }], 'BODY_INVALID: [0].timestamp is no number'],
    ['ids of objects', { ids: [1, { id: 2 }] }, 'BODY_INVALID: [1].id is no string or number'],
    ['items that are none', { ids: [1], items: [5] }, 'BODY_INVALID: [0].collection is no string'],
  ])('%s', async (_name, body, message) => {
    const { fetch, got, errors } = recording()
    const answer = await answerOf(await fetch(signed(body)))
    expect(answer).toEqual({ status: 400, body: { code: message.split(':')[0], message } })
    expect([got, errors]).toEqual([[], []])
  })

  it('bytes that are no UTF-8', async () => {
    const bytes = Uint8Array.of(0x22, 0xff, 0x22)
    expect(await refusal(recording().parse(request(bytes, signedHeaders(bytes))))).toEqual({ code: 'BODY_NOT_JSON', status: 400 })
  })

  it('is not even parsed without credentials', async () => {
    expect(await refusal(recording().parse(request('{', {})))).toEqual({ code: 'CREDENTIALS_MISSING', status: 401 })
  })
})

describe('requests that are none', () => {
  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('%s', async (method) => {
    const response = await recording().fetch(new Request('https://site.example/flush', { method }))
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })

  it('a POST without a body', async () => {
    expect(await refusal(recording().parse(request(null)))).toEqual({ code: 'CREDENTIALS_MISSING', status: 401 })
    expect(await refusal(recording().parse(request(null, signedHeaders(''))))).toEqual({ code: 'BODY_NOT_JSON', status: 400 })
  })

  it.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['text/plain; application/json', 415],
    ['application/jsonp', 415],
    ['', 415],
    ['application/json', 200],
    ['Application/JSON; charset=utf-8', 200],
    ['application/json;charset=utf-8', 200],
  ])('content type %j: %i', async (type, status) => {
    expect((await recording().fetch(signed([post(1)], {}, { 'content-type': type }))).status).toBe(status)
  })
})

describe('a body that is too large', () => {
  function endless(chunkBytes: number, totalBytes: number) {
    const state = { pulled: 0, cancelled: false }
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          state.pulled += chunkBytes
          controller.enqueue(new Uint8Array(chunkBytes).fill(0x20))
          if (state.pulled >= totalBytes) controller.close()
        },
        cancel() {
          state.cancelled = true
        },
      },
      { highWaterMark: 0 },
    )
    return { stream, state }
  }

  it('of 50 MB is read no further than 1 MiB', async () => {
    const { fetch, got } = recording()
    const { stream, state } = endless(65_536, 50_000_000)
    const response = await fetch(request(stream, signedHeaders('whatever it holds')))
    expect(await answerOf(response)).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } })
    expect(state.pulled).toBeLessThanOrEqual(1_048_576 + 2 * 65_536)
    expect(state.cancelled).toBe(true)
    expect(got).toEqual([])
  })

  it('is not read at all without credentials', async () => {
    const { stream, state } = endless(65_536, 50_000_000)
    expect((await recording().fetch(request(stream))).status).toBe(401)
    expect(state.pulled).toBe(0)
  })

  it('is one with a byte more than `maxBytes`', async () => {
    const body = JSON.stringify([post(1)])
    const maxBytes = Buffer.byteLength(body)
    expect((await recording({ maxBytes }).fetch(signed(body))).status).toBe(200)
    expect((await recording({ maxBytes: maxBytes - 1 }).fetch(signed(body))).status).toBe(413)
    const given = { rawBody: body }
    expect((await recording({ maxBytes: maxBytes - 1 }).handle(signed(body), given)).status).toBe(413)
    expect((await recording({ maxBytes: Number.NaN }).fetch(signed(body))).status).toBe(413)
  })

  it('is none in many small chunks', async () => {
    const body = JSON.stringify([post(1), post('ü'.repeat(100))])
    const bytes = new TextEncoder().encode(body)
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    const { fetch, got } = recording()
    expect((await fetch(request(stream, signedHeaders(body)))).status).toBe(200)
    expect(got).toHaveLength(2)
  })

  it('that breaks off is told from one that failed here', async () => {
    const stream = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
    const { fetch, errors } = recording()
    expect(await answerOf(await fetch(request(stream, signedHeaders('x'))))).toMatchObject({
      status: 400,
      body: { code: 'BODY_UNREADABLE' },
    })
    expect(errors).toEqual([])
  })
})

describe('a body that the host has read', () => {
  const body = JSON.stringify([post(1)])

  it('is taken as bytes or text', async () => {
    for (const rawBody of [body, new TextEncoder().encode(body), Buffer.from(body)]) {
      const consumed = signed(body)
      await consumed.text()
      expect((await recording().handle(consumed, { rawBody })).status).toBe(200)
    }
  })

  it('and lost is said so, with the fix, never guessed', async () => {
    const { handle, got, errors } = recording()
    const consumed = signed(body)
    await consumed.text()
    const wants = { status: 500, body: { code: 'RAW_BODY_UNAVAILABLE' } }
    expect(await answerOf(await handle(consumed))).toMatchObject(wants)
    const parsed = JSON.parse(body) as unknown
    const { status, body: answer } = await answerOf(await handle(signed(body), { body: parsed, rawBodyFix: 'keep the bytes' }))
    expect({ status, body: answer }).toMatchObject(wants)
    expect(answer['message']).toContain('keep the bytes')
    expect(got).toEqual([])
    expect(errors).toHaveLength(2)
  })

  it('and parsed will do for a token', async () => {
    const { handle, got } = recording({ auth: [hmac(SECRET), bearer('token')] })
    const tokened = () => request(body, { authorization: 'Bearer token' })
    expect((await handle(tokened(), { body: JSON.parse(body) })).status).toBe(200)
    expect(got).toHaveLength(1)
    expect((await handle(request(body, { authorization: 'Bearer x' }), { body: JSON.parse(body) })).status).toBe(401)
    expect((await handle(tokened(), { body: [5] })).status).toBe(400)
  })

  it('and parsed never replaces what was signed', async () => {
    const { handle, got } = recording()
    const other = [post('other')]
    expect((await handle(signed(body), { rawBody: body, body: other })).status).toBe(500)
    expect(got).toEqual([])
  })

  it('is read where requests have no stream', async () => {
    const bytes = new TextEncoder().encode(body)
    const { got, handle } = recording()
    const old = { method: 'POST', headers: signedHeaders(body), arrayBuffer: async () => bytes.buffer }
    expect((await handle(old)).status).toBe(200)
    expect(got).toHaveLength(1)
  })
})

describe('a repeated request', () => {
  const batch = [post(1), post(2)]
  const done = { received: 2, handled: 2, ignored: 0, duplicate: 0 }
  const repeated = { received: 2, handled: 0, ignored: 0, duplicate: 2 }

  it('is answered, and runs nothing again', async () => {
    const { fetch, got } = recording()
    expect((await answerOf(await fetch(signed(batch)))).body).toEqual(done)
    expect((await answerOf(await fetch(signed(batch)))).body).toEqual(repeated)
    // A retry is signed anew.
    expect((await answerOf(await fetch(signed(batch, { timestamp: NOW / 1000 + 60 })))).body).toEqual(repeated)
    expect((await answerOf(await fetch(signed(batch, { id: 'msg_2' })))).body).toEqual(done)
    expect(got).toHaveLength(4)
  })

  it('that failed runs again', async () => {
    let fails = true
    const ran: unknown[] = []
    const { fetch } = recording({
      onBatch: undefined as never,
      on: {
        posts({ id }) {
          ran.push(id)
          if (fails) throw new Error('cache is down')
        },
      },
    })
    expect((await fetch(signed(batch))).status).toBe(500)
    fails = false
    expect((await answerOf(await fetch(signed(batch)))).body).toEqual(done)
    expect((await answerOf(await fetch(signed(batch)))).body).toEqual(repeated)
    expect(ran).toEqual([1, 2, 1, 2])
  })

  it('is run each time without `seen`, and without an id', async () => {
    const without = recording({ seen: false })
    for (let times = 0; times < 2; times++) expect((await answerOf(await without.fetch(signed(batch)))).body).toEqual(done)
    const token = recording({ auth: [bearer('token')] })
    const tokened = () => request(JSON.stringify(batch), { authorization: 'Bearer token' })
    for (let times = 0; times < 2; times++) expect((await answerOf(await token.fetch(tokened()))).body).toEqual(done)
  })

  it('that was forged is not remembered', async () => {
    const { fetch } = recording()
    expect((await fetch(signed(batch, { secret: secretOf(9) }))).status).toBe(401)
    expect((await answerOf(await fetch(signed(batch)))).body).toEqual(done)
  })

  it('costs no memory without end', async () => {
    const seen = new Set<string>()
    const { fetch } = recording({ seen })
    for (let id = 0; id < 4999; id++) seen.add(`old_${id}`)
    await fetch(signed(batch, { id: 'msg_a' }))
    expect(seen.size).toBe(5000)
    await fetch(signed(batch, { id: 'msg_b' }))
    expect(seen.size).toBe(5000)
    expect([seen.has('old_0'), seen.has('old_1'), seen.has('msg_a'), seen.has('msg_b')]).toEqual([false, true, true, true])
  })

  it('and one out of order: each runs when it comes', async () => {
    const { fetch, got } = recording()
    for (const number of [3, 1, 2]) {
      const sent = { id: `msg_${number}`, timestamp: NOW / 1000 - 100 + number }
      expect((await answerOf(await fetch(signed([post(1, { timestamp: number })], sent)))).body).toMatchObject({ handled: 1 })
    }
    expect(got.map(({ timestamp }) => timestamp)).toEqual([3, 1, 2])
  })
})

describe('handlers', () => {
  it('run by collection, in order, with what is known of the request', async () => {
    const ran: string[] = []
    const env = { cache: 'here' }
    const { handle } = recording({
      onBatch: (events, { id }) => void ran.push(`batch of ${events.length} ${id}`),
      on: {
        posts: async ({ id }, context) => {
          expect(context).toMatchObject({ env, keyIndex: 0, id: 'msg_1' })
          expect(context.header('Webhook-Id')).toBe('msg_1')
          expect(context.header('x-none')).toBe('')
          await null
          ran.push(`posts ${id}`)
        },
        '*': ({ collection, id }) => void ran.push(`* ${collection} ${id}`),
      },
    })
    const events = [post(1), post(2, { collection: 'pages' }), post(3)]
    expect((await answerOf(await handle(signed(events), { env }))).body).toMatchObject({ received: 3, handled: 3, ignored: 0 })
    expect(ran).toEqual(['posts 1', '* posts 1', '* pages 2', 'posts 3', '* posts 3', 'batch of 3 msg_1'])
  })

  it('of no collection leave it, and say so', async () => {
    const ran: unknown[] = []
    const { fetch } = recording({ onBatch: undefined as never, on: { posts: ({ id }) => void ran.push(id) } })
    const collections = ['pages', 'constructor', '__proto__', 'toString', 'posts']
    const answer = await answerOf(await fetch(signed(collections.map((collection, id) => post(id, { collection })))))
    expect(answer).toEqual({ status: 200, body: { received: 5, handled: 1, ignored: 4, duplicate: 0 } })
    expect(ran).toEqual([4])
  })

  it('of every collection are called for ids of nobody knows which', async () => {
    const ran: unknown[] = []
    const { fetch } = recording({
      on: { posts: ({ id }) => void ran.push(`posts ${id}`), pages: ({ id }) => void ran.push(`pages ${id}`) },
    })
    await fetch(signed({ ids: [5] }))
    expect(ran).toEqual(['posts 5', 'pages 5'])
  })

  it('that fail lose nothing: the others run, and the failed are named', async () => {
    const ran: unknown[] = []
    const told: unknown[] = []
    const { fetch } = recording({
      onBatch: (events) => void ran.push(events.length),
      on: {
        async posts({ id }) {
          ran.push(id)
          if (id === 3) throw new Error('hush: redis://user:hush@cache')
        },
      },
      onError: (error, event) => void told.push([(error as Error).message, event?.id]),
    })
    const response = await fetch(signed([1, 2, 3, 4, 5].map((id) => post(id))))
    const text = await response.text()
    expect(response.status).toBe(500)
    expect(JSON.parse(text)).toEqual({ code: 'HANDLER_FAILED', message: 'HANDLER_FAILED', failed: [2] })
    expect(ran).toEqual([1, 2, 3, 4, 5, 5])
    expect(told).toEqual([['hush: redis://user:hush@cache', 3]])
    expect(text).not.toContain('hush')
  })

  it('of a batch that fail name all, once', async () => {
    const { fetch, errors } = recording({
      on: { posts: () => Promise.reject(new Error('one')) },
      onBatch: () => Promise.reject(new Error('batch')),
    })
    expect((await answerOf(await fetch(signed([post(1), post(2)])))).body).toMatchObject({ failed: [0, 1] })
    expect(errors).toHaveLength(3)
  })

  it('are not lost to a failing `onError`', async () => {
    for (const onError of [
      () => {
        throw new Error('logger is down')
      },
      () => Promise.reject(new Error('logger is down')),
    ]) {
      const ran: unknown[] = []
      const on = {
        posts({ id }: { id: unknown }) {
          ran.push(id)
          throw new Error('no')
        },
      }
      const { fetch } = recording({ on, onError })
      expect((await fetch(signed([post(1), post(2)]))).status).toBe(500)
      expect(ran).toEqual([1, 2])
    }
  })
})

it('takes one parameter, needs no `this`, and minds nothing that a host passes beside the request', async () => {
  const { fetch } = recording()
  expect(fetch).toHaveLength(1)
  const route = fetch as (request: Request, more: unknown) => Promise<Response>
  expect((await route(signed([post(1)]), { body: [post(2)], rawBody: 'x', params: Promise.resolve({}) })).status).toBe(200)
})
