import { beforeEach, describe, expect, it } from 'vitest'
import {
  createPipeline,
  type Incident,
  memoryStore,
  type Outcome,
  type Pipeline,
  PipelineError,
  type PipelineOptions,
  type TargetInput,
} from './index.ts'
import { type ScriptedTransport, scriptedTransport } from './testing/scripted-transport.ts'
import { type VirtualClock, virtualClock } from './testing/virtual-clock.ts'

const NOW = 1_700_000_000_000
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

let clock: VirtualClock
let transport: ScriptedTransport
let store: ReturnType<typeof memoryStore>
let incidents: Incident[]
let outcomes: Outcome[]
let logged: string[]

beforeEach(() => {
  clock = virtualClock(NOW)
  transport = scriptedTransport()
  store = memoryStore({ now: clock.now })
  incidents = []
  outcomes = []
  logged = []
})

function target(input: Partial<TargetInput> = {}): TargetInput {
  return { key: 'site', url: 'https://site.test/flush', rules: [{ collection: 'posts', payload: ['title'] }], ...input }
}

function pipelineOf(targets: PipelineOptions['targets'], options: Partial<PipelineOptions> = {}): Pipeline {
  const log = (line: string) => void logged.push(line)
  return createPipeline({
    targets,
    store,
    transport,
    clock,
    random: () => 0.5,
    logger: { info: log, warn: log, error: log },
    notifiers: [
      {
        notify(event) {
          if (event.type === 'incident') incidents.push(event.incident)
          else outcomes.push(event.outcome)
        },
      },
    ],
    ...options,
  })
}

const edit = (key: number | string, title = `title ${key}`) => ({
  collection: 'posts',
  event: 'update' as const,
  key,
  fields: { title },
  timestamp: clock.now(),
})

describe('from a change to a request', () => {
  it('sends one signed batch after the quiet time, and not before', async () => {
    const pipeline = pipelineOf([target({ secrets: [SECRET], auth: { type: 'bearer', token: 'abc' } })])
    await pipeline.publish(edit(1))
    expect(await pipeline.tick()).toEqual({ settled: 0, nextDueAt: NOW + 50 })
    await clock.advance(50)
    expect(await pipeline.tick()).toEqual({ settled: 1, nextDueAt: null })
    expect(transport.requests).toHaveLength(1)
    const [request] = transport.requests
    expect(request?.body).toBe(`[{"collection":"posts","event":"update","fields":{"id":1,"title":"title 1"},"timestamp":${NOW}}]`)
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      Authorization: 'Bearer abc',
      'webhook-timestamp': String(NOW / 1000),
      'webhook-signature': expect.stringMatching(/^v1,[\w+/]{43}=$/),
      'unstale-seq': '1',
    })
  })

  it('sends fifty edits in one request', async () => {
    const pipeline = pipelineOf([target()])
    for (let key = 0; key < 50; key++) {
      await pipeline.publish(edit(key))
      await clock.advance(2)
    }
    await clock.advance(300)
    await pipeline.tick()
    expect(transport.bodies.map((body) => (body as unknown[]).length)).toEqual([50])
  })

  it('keeps nobody waiting longer than the window, however steady the stream', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    for (let key = 0; key < 30; key++) {
      await pipeline.publish(edit(key))
      await clock.advance(20)
    }
    expect(transport.requests).toHaveLength(2)
    await pipeline.stop()
  })

  it('gathers changes while a request is in flight: one at a time to each target', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    const release = transport.hold()
    await pipeline.publish(edit(1))
    await clock.advance(60)
    for (let key = 2; key < 12; key++) await pipeline.publish(edit(key))
    await clock.advance(1000)
    expect(transport.requests).toHaveLength(1)
    release()
    await clock.advance(60)
    expect(transport.bodies.map((body) => (body as unknown[]).length)).toEqual([1, 10])
    await pipeline.stop()
  })

  it('misses no window that another process has moved just as it looked', async () => {
    const { append, due } = store
    const moving: Parameters<typeof append>[0][number][] = []
    store.append = (entries) => {
      moving.push(...entries.map((entry) => ({ ...entry, at: NOW + 50, quietUntil: NOW + 100 })))
      return append(entries)
    }
    let moved = false
    store.due = async (query) => {
      if (!moved) await append(moving)
      moved = true
      return due(query)
    }
    const pipeline = pipelineOf([target()])
    await pipeline.publish(edit(1))
    await pipeline.start()
    await clock.advance(99)
    expect([moved, transport.requests.length]).toEqual([true, 0])
    await clock.advance(1)
    expect(transport.requests).toHaveLength(1)
    await pipeline.stop()
  })

  it('announces every old slug, and the newest state', async () => {
    const pipeline = pipelineOf([target({ rules: [{ collection: 'posts', payload: ['slug'], previous: ['slug'] }] })])
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'c'],
    ] as const) {
      await pipeline.publish({
        collection: 'posts',
        event: 'update',
        key: 1,
        fields: { slug: to },
        previous: { slug: from },
        timestamp: NOW,
      })
    }
    await clock.advance(50)
    await pipeline.tick()
    expect(transport.bodies).toEqual([
      [
        { collection: 'posts', event: 'update', fields: { id: 1, slug: 'c' }, timestamp: NOW, previous: { slug: 'a' } },
        { collection: 'posts', event: 'update', fields: { id: 1, slug: 'c' }, timestamp: NOW, previous: { slug: 'b' } },
      ],
    ])
  })

  it('announces what leaves a filter, with its last matching values, and no draft', async () => {
    const filter = { status: { _eq: 'published' } }
    const pipeline = pipelineOf([target({ rules: [{ collection: 'posts', payload: ['title'], filter }] })])
    const change = { collection: 'posts', event: 'update' as const, timestamp: NOW }
    await pipeline.publish([
      { ...change, key: 1, fields: { title: 'secret', status: 'draft' }, previous: { title: 'public', status: 'published' } },
      { ...change, key: 2, fields: { title: 'never seen', status: 'draft' }, previous: { title: 'never seen', status: 'draft' } },
      { ...change, key: 3, fields: { title: 'unknown before', status: 'draft' } },
    ])
    await clock.advance(50)
    await pipeline.tick()
    expect(transport.bodies).toEqual([
      [
        { ...change, fields: { id: 1, title: 'public' } },
        { ...change, fields: { id: 3 } },
      ],
    ])
  })

  it('keeps the key of a change that is too large, and says so', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.publish(edit(1, 'x'.repeat(10_000_000)))
    await clock.advance(50)
    await pipeline.tick()
    expect(transport.bodies).toEqual([
      [{ collection: 'posts', event: 'update', fields: { id: 1 }, timestamp: NOW, truncated: true }],
    ])
  })

  it('speaks the other formats', async () => {
    const pipeline = pipelineOf([
      target({ key: 'single', url: 'https://single.test/', format: 'single' }),
      target({ key: 'ids', uid: 'sub', name: 'Subscription', url: 'https://ids.test/', format: 'ids' }),
    ])
    await pipeline.publish([edit(1), edit(2), edit(1)])
    await clock.advance(50)
    await pipeline.tick()
    expect(transport.requests.map(({ url, body }) => [url, JSON.parse(body)])).toEqual(
      expect.arrayContaining([
        [
          'https://ids.test/',
          { ids: [1, 2], subscription: { name: 'Subscription', id: 'sub', key: 'ids', url: 'https://ids.test/' } },
        ],
        ['https://single.test/', { collection: 'posts', event: 'update', fields: { id: 1, title: 'title 1' }, timestamp: NOW }],
        ['https://single.test/', { collection: 'posts', event: 'update', fields: { id: 2, title: 'title 2' }, timestamp: NOW }],
      ]),
    )
    expect(transport.requests).toHaveLength(3)
  })

  it('tells sources what to read', async () => {
    const pipeline = pipelineOf([
      target({
        rules: [{ collection: 'posts', payload: ['title'], previous: ['slug'], filter: { status: { _eq: 'published' } } }],
      }),
    ])
    expect(pipeline.interest('posts', 'update')).toEqual({ fields: ['*'], previous: ['*'] })
    await pipeline.tick()
    expect(pipeline.interest('posts', 'create')).toEqual({ fields: ['title', 'status'], previous: [] })
    expect(pipeline.interest('posts', 'update')).toEqual({
      fields: ['title', 'status', 'slug'],
      previous: ['slug', 'status', 'title'],
    })
    expect(pipeline.interest('posts', 'delete')).toEqual({ fields: ['title', 'status', 'slug'], previous: [] })
    expect(pipeline.interest('pages', 'update')).toBeNull()
  })
})

describe('a target that fails', () => {
  it('gets its first batch again under the same id, then everything else in one', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    transport.answer(503)
    await pipeline.publish(edit(1))
    await clock.advance(60)
    for (let key = 2; key < 40; key++) await pipeline.publish(edit(key))
    await clock.advance(500)
    transport.answer(200)
    await clock.advance(2000)
    expect(transport.bodies.map((body) => (body as unknown[]).length)).toEqual([1, 1, 38])
    const ids = transport.requests.map(({ headers }) => headers['webhook-id'])
    expect(ids[0]).toBe(ids[1])
    expect(ids[2]).not.toBe(ids[0])
    expect(transport.requests[0]?.headers['webhook-timestamp']).not.toBe(transport.requests[1]?.headers['webhook-timestamp'])
    await pipeline.stop()
  })

  it('is told once, and once when it is over', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    transport.answer(500)
    await pipeline.publish(edit(1))
    await clock.advance(3_600_000)
    expect(incidents.map(({ kind }) => kind)).toEqual(['failing'])
    expect(incidents[0]).toMatchObject({ target: { key: 'site' }, reason: 'it answered 500', failures: 3 })
    transport.answer(200)
    await clock.advance(3_600_000)
    expect(incidents.map(({ kind }) => kind)).toEqual(['failing', 'recovered'])
    await pipeline.stop()
  })

  it('never holds up another', async () => {
    const bad = Array.from({ length: 20 }, (_, index) =>
      target({ key: `bad${index}`, url: `https://bad${index}.test/`, timeout: 5000 }),
    )
    const pipeline = pipelineOf([...bad, target({ key: 'good', url: 'https://good.test/' })], { concurrency: 4 })
    await pipeline.start()
    transport.answer(({ url }) => (url.includes('bad') ? new Promise(() => {}) : 200))
    await pipeline.publish(edit(1))
    await clock.advance(120_000)
    const before = transport.requests.length
    await pipeline.publish(edit(2))
    await clock.advance(60)
    expect(transport.requests.slice(before).some(({ url, body }) => url.includes('good') && body.includes('"id":2'))).toBe(true)
    await pipeline.stop({ drain: 0 })
  })

  it('is tried at once when woken, also while an attempt is in flight', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    transport.answer(500)
    await pipeline.publish(edit(1))
    await clock.advance(60_000)
    const release = transport.hold()
    await clock.advance(60_000)
    const before = transport.requests.length
    await pipeline.wake('site')
    release(500)
    await clock.advance(1)
    expect(transport.requests.length).toBe(before + 1)
    await pipeline.stop()
  })

  it('is suspended by 410, holds its changes, and is resumed by hand', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    transport.answer(410)
    await pipeline.publish(edit(1))
    await clock.advance(60)
    expect(incidents.map(({ kind }) => kind)).toEqual(['failing', 'suspended'])
    transport.answer(200)
    await pipeline.publish(edit(2))
    await clock.advance(3_600_000)
    expect(transport.requests).toHaveLength(1)
    await pipeline.resume('site')
    await clock.advance(100)
    expect(transport.bodies.slice(1).flat()).toMatchObject([{ fields: { id: 1 } }, { fields: { id: 2 } }])
    await pipeline.stop()
  })

  it('that refuses one item gets all the others, and that one becomes a dead letter that can be redriven', async () => {
    const pipeline = pipelineOf([target({ window: { size: 16 } })])
    await pipeline.start()
    transport.answer(({ body }) => (body.includes('"poison"') ? 422 : 200))
    await pipeline.publish([...Array.from({ length: 9 }, (_, key) => edit(key)), edit(9, 'poison')])
    await clock.advance(600_000)
    const arrived = new Set(
      outcomes.filter(({ verdict }) => verdict.kind === 'delivered').flatMap(({ batch }) => batch.items.map(({ key }) => key)),
    )
    expect([...arrived].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(incidents).toContainEqual(
      expect.objectContaining({ kind: 'dead', reason: 'refused', items: [{ collection: 'posts', key: 9, event: 'update' }] }),
    )
    transport.answer(200)
    expect(await store.redrive({ target: 'site', now: clock.now() })).toBe(1)
    await pipeline.wake('site')
    await clock.advance(100)
    expect(transport.bodies.at(-1)).toMatchObject([{ fields: { id: 9, title: 'poison' } }])
    await pipeline.stop()
  })

  it('that takes 1 kB at most gets everything in small batches', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    transport.answer(({ body }) => (body.length > 1000 ? 413 : 200))
    await pipeline.publish(Array.from({ length: 100 }, (_, key) => edit(key)))
    await clock.advance(60_000)
    const arrived = outcomes
      .filter(({ verdict }) => verdict.kind === 'delivered')
      .flatMap(({ batch }) => batch.items.map(({ key }) => key))
    expect(new Set(arrived).size).toBe(100)
    expect(arrived).toHaveLength(100)
    await pipeline.stop()
  })

  it('asks for a year of patience and gets a quarter of an hour', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    transport.answer({ kind: 'response', status: 429, retryAfter: String(365 * 86_400) })
    await pipeline.publish(edit(1))
    await clock.advance(60)
    transport.answer(200)
    await clock.advance(15 * 60_000 * 1.2)
    expect(transport.requests).toHaveLength(2)
    await pipeline.stop()
  })

  it('at an address that may not be called is told once, with the setting that would allow it', async () => {
    const pipeline = pipelineOf([target({ url: 'http://127.0.0.1:9/flush' })], { transport: undefined as never })
    await pipeline.start()
    await pipeline.publish(edit(1))
    await clock.advance(60_000)
    expect(incidents.filter(({ kind }) => kind === 'refused')).toHaveLength(1)
    expect(incidents[0]).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/127\.0\.0\.1.*allow/) })
    await pipeline.stop()
  })
})

describe('targets that are edited', () => {
  it('count at once, also for what waits: url, credentials and rules are those of now', async () => {
    let rows = [target({ uid: 'u', url: 'https://old.test/', rules: [{ collection: 'posts', payload: ['title'] }] })]
    let changed = () => {}
    const source = {
      load: async () => rows,
      watch(callback: () => void) {
        changed = callback
        return () => {}
      },
    }
    const pipeline = pipelineOf(source)
    await pipeline.start()
    transport.answer(500)
    await pipeline.publish([edit(1), { ...edit(2), event: 'create' as const }])
    await clock.advance(60)
    transport.answer(200)
    rows = [target({ uid: 'u', url: 'https://new.test/', rules: [{ collection: 'posts', events: ['create'], payload: [] }] })]
    changed()
    await clock.advance(60)
    expect(transport.requests.map(({ url }) => url)).toEqual(['https://old.test/', 'https://new.test/'])
    expect(transport.bodies[1]).toEqual([{ collection: 'posts', event: 'create', fields: { id: 2 }, timestamp: NOW }])
    expect(transport.requests[1]?.headers['webhook-id']).not.toBe(transport.requests[0]?.headers['webhook-id'])
    await pipeline.stop()
  })

  it('keep the last list when a load fails, and a bad row does not harm the others', async () => {
    let rows: unknown[] = [target(), { url: 'ftp://bad.test' }]
    let fail = false
    let changed = () => {}
    const errors: unknown[] = []
    const pipeline = pipelineOf({
      load: async () => {
        if (fail) throw new Error('database away')
        return rows
      },
      watch(callback) {
        changed = callback
        return () => {}
      },
    })
    pipeline.on('error', ({ scope }) => errors.push(scope))
    await pipeline.start()
    expect(errors).toEqual(['targets'])
    fail = true
    rows = []
    changed()
    await clock.advance(1)
    expect(errors).toEqual(['targets', 'targets'])
    await pipeline.publish(edit(1))
    await clock.advance(60)
    expect(transport.requests).toHaveLength(1)
    await pipeline.stop()
  })

  it('are forgotten when they are archived, and hold when they are drafts', async () => {
    let rows = [target({ uid: 'u' })]
    let changed = () => {}
    const pipeline = pipelineOf({
      load: async () => rows,
      watch(callback) {
        changed = callback
        return () => {}
      },
    })
    await pipeline.start()
    await pipeline.publish(edit(1))
    rows = [target({ uid: 'u', status: 'draft' })]
    changed()
    await clock.advance(1000)
    await pipeline.publish(edit(2))
    expect(transport.requests).toHaveLength(0)
    rows = [target({ uid: 'u' })]
    changed()
    await clock.advance(1000)
    expect(transport.bodies).toMatchObject([[{ fields: { id: 1 } }]])
    await pipeline.publish(edit(3))
    rows = [target({ uid: 'u', status: 'archived' })]
    changed()
    await clock.advance(1000)
    rows = [target({ uid: 'u' })]
    changed()
    await clock.advance(1000)
    expect(transport.requests).toHaveLength(1)
    await pipeline.stop()
  })

  it('are forgotten at the next load, if the store could not forget them at once', async () => {
    let rows = [target({ uid: 'u' })]
    let changed = () => {}
    let away = false
    const failing: typeof store = {
      ...store,
      forget: (uid, asOf) => (away ? Promise.reject(new Error('away')) : store.forget(uid, asOf)),
    }
    const source = {
      load: async () => rows,
      watch(callback: () => void) {
        changed = callback
        return () => {}
      },
    }
    const pipeline = pipelineOf(source, { store: failing })
    pipeline.on('error', () => {})
    await pipeline.tick()
    await pipeline.start()
    await pipeline.suspend('u')
    await pipeline.publish(edit(1))
    rows = [target({ uid: 'u', status: 'archived' })]
    away = true
    changed()
    await clock.advance(10)
    expect(await store.stats(['u'])).toMatchObject([{ pending: 1 }])
    away = false
    changed()
    await clock.advance(10)
    expect(await store.stats(['u'])).toMatchObject([{ pending: 0 }])
    await pipeline.stop()
  })

  it('make publish wait for the first load, boundedly', async () => {
    const pipeline = pipelineOf({ load: () => Promise.reject(new Error('away')) })
    const publishing = expect(pipeline.publish(edit(1))).rejects.toMatchObject({ code: 'TARGETS_UNAVAILABLE' })
    await clock.advance(10_000)
    await publishing
  })
})

describe('one target of several', () => {
  const both = [target({ key: 'a', url: 'https://a.test/' }), target({ key: 'b', url: 'https://b.test/' })]

  it('alone gets what is published for it', async () => {
    const pipeline = pipelineOf(both)
    await pipeline.publish([edit(1), { ...edit(2), collection: 'pages' }], { targets: ['b'] })
    await clock.advance(50)
    expect(await pipeline.tick()).toMatchObject({ settled: 1 })
    expect(transport.requests).toMatchObject([{ url: 'https://b.test/', body: expect.stringContaining('"id":1') }])
  })

  it('has to exist, and is not for a transaction, whose changes are matched anew', async () => {
    const pipeline = pipelineOf(both)
    await expect(pipeline.publish(edit(1), { targets: ['c'] })).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' })
    const options = { targets: ['a'], transaction: { raw: async () => {} } } as never
    await expect(pipeline.publish(edit(1), options)).rejects.toMatchObject({ code: 'TRANSACTION_UNSUPPORTED' })
  })

  it.each([
    ['batch', '[]'],
    ['ids', '{"ids":[],"subscription":{"name":"a","id":"a","key":"a","url":"https://a.test/"}}'],
    ['single', `{"collection":"unstale_test","event":"update","fields":{"id":"test"},"timestamp":${NOW}}`],
  ] as const)('can be tested, with a request that announces nothing: %s', async (format, body) => {
    const pipeline = pipelineOf([target({ key: 'a', url: 'https://a.test/', format, secrets: [SECRET] })])
    await pipeline.publish(edit(1))
    transport.answer({ kind: 'response', status: 401 })
    expect(await pipeline.test('a')).toMatchObject({ kind: 'response', status: 401 })
    expect(transport.requests).toMatchObject([{ body, headers: { 'webhook-signature': expect.stringMatching(/^v1,/) } }])
    expect(await store.stats(['a'])).toMatchObject([{ pending: 1, failures: 0 }])
    expect(outcomes).toEqual([])
  })
})

describe('a store that does not answer any more', () => {
  it('does not keep stop from ending', async () => {
    let hangs = false
    const hanging = {
      ...store,
      peek: (query: Parameters<typeof store.peek>[0]) => (hangs ? new Promise<never>(() => {}) : store.peek(query)),
    }
    const pipeline = pipelineOf([target()], { store: hanging })
    await pipeline.start()
    hangs = true
    await clock.advance(2000)
    let stopped = false
    const stopping = pipeline.stop({ drain: 3000 }).then(() => {
      stopped = true
    })
    await clock.advance(5000)
    expect(stopped).toBe(true)
    await stopping
  })

  it('is tried again by itself, and told', async () => {
    let away = false
    const errors: unknown[] = []
    const absent = {
      ...store,
      peek: (query: Parameters<typeof store.peek>[0]) =>
        away ? Promise.reject(new Error('connection lost')) : store.peek(query),
    }
    const pipeline = pipelineOf([target()], { store: absent })
    pipeline.on('error', ({ scope }) => errors.push(scope))
    await pipeline.start()
    away = true
    await pipeline.publish(edit(1))
    await clock.advance(10_000)
    expect(new Set(errors)).toEqual(new Set(['store']))
    away = false
    await clock.advance(60_000)
    expect(transport.requests).toHaveLength(1)
    await pipeline.stop()
  })
})

it('removes dead letters when their retention is over', async () => {
  const pipeline = pipelineOf([target({ maxPending: 1 })], { retention: 86_400_000 })
  await pipeline.publish([edit(1), edit(2), edit(3)])
  await pipeline.start()
  await clock.advance(86_000_000)
  expect(await store.listDead({ limit: 10 })).toHaveLength(2)
  await clock.advance(3_600_000 * 2)
  expect(await store.listDead({ limit: 10 })).toHaveLength(0)
  await pipeline.stop()
})

it('says so when the whole of a collection changed and a target takes items only', async () => {
  const pipeline = pipelineOf([target(), target({ key: 'whole', url: 'https://whole.test/', wholeCollection: true })])
  const errors: { message: string; key: string | undefined }[] = []
  pipeline.on('error', ({ error, target }) => errors.push({ message: (error as Error).message, key: target?.key }))
  await pipeline.publish({ collection: 'posts', event: 'update', key: '*' })
  await clock.advance(50)
  await pipeline.tick()
  expect(transport.requests.map(({ url }) => url)).toEqual(['https://whole.test/'])
  expect(errors).toEqual([{ message: expect.stringMatching(/"posts".*wholeCollection/), key: 'site' }])
})

describe('what is wrong with a call', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic.title = cyclic
  it.each([
    ['no key', { collection: 'posts', event: 'update' }, /key/],
    ['an empty key', { collection: 'posts', event: 'update', key: '' }, /key.*empty/],
    ['no such event', { collection: 'posts', event: 'changed', key: 1 }, /event/],
    ['a cyclic field', { collection: 'posts', event: 'update', key: 1, fields: cyclic }, /title.*(cyclic|circular)/],
    ['a BigInt field', { collection: 'posts', event: 'update', key: 1, fields: { title: 1n } }, /title.*bigint/i],
    ['no change at all', null, /null/],
  ])('%s is named, and nothing is stored', async (_name, change, message) => {
    const pipeline = pipelineOf([target()])
    await expect(pipeline.publish([edit(7), change as never])).rejects.toMatchObject({
      code: 'CHANGE_INVALID',
      message: expect.stringMatching(message),
    })
    expect(await pipeline.tick()).toEqual({ settled: 0, nextDueAt: null })
  })

  it('publish after stop is refused, and start opens it again', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    await pipeline.stop()
    await expect(pipeline.publish(edit(1))).rejects.toMatchObject({ code: 'STOPPED' })
    await pipeline.start()
    await pipeline.publish(edit(1))
    await clock.advance(50)
    expect(transport.requests).toHaveLength(1)
    await pipeline.stop()
  })

  it('a transaction needs a store that has one', async () => {
    const pipeline = pipelineOf([target()])
    const transaction = { run: async () => ({ rows: [], changes: 0 }) }
    await expect(pipeline.publish(edit(1), { transaction })).rejects.toMatchObject({ code: 'TRANSACTION_UNSUPPORTED' })
  })

  it('nobody is called that', async () => {
    await expect(pipelineOf([target()]).wake('nobody')).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' })
  })

  it('every option that is wrong is named at once', () => {
    expect(() => createPipeline({ targets: 'all' as never, concurrency: 0, lease: 1 })).toThrow(PipelineError)
    expect(() => createPipeline({ targets: 'all' as never, concurrency: 0, lease: 1 })).toThrow(/targets.*concurrency.*lease/)
  })
})

describe('plug-ins that misbehave', () => {
  it('touch nothing: listeners and notifiers that throw, reject or never return', async () => {
    const errors: string[] = []
    const pipeline = pipelineOf([target()], {
      notifiers: [
        { notify: () => Promise.reject(new Error('rejects')) },
        {
          notify() {
            throw new Error('throws')
          },
        },
        { notify: () => new Promise(() => {}) },
      ],
    })
    pipeline.on('delivered', () => {
      throw new Error('listener')
    })
    let heard = 0
    pipeline.on('delivered', () => void heard++)
    pipeline.on('error', ({ scope }) => void errors.push(scope))
    await pipeline.publish(edit(1))
    await clock.advance(50)
    await pipeline.tick()
    await clock.advance(0)
    expect(transport.requests).toHaveLength(1)
    expect(heard).toBe(1)
    expect(errors.sort()).toEqual(['listener', 'notifier', 'notifier'])
  })

  it('a transport that rejects is a failed attempt', async () => {
    const pipeline = pipelineOf([target()], { transport: { send: () => Promise.reject(new Error('boom')) } })
    await pipeline.publish(edit(1))
    await clock.advance(50)
    await pipeline.tick()
    expect(outcomes).toMatchObject([{ result: { kind: 'network', message: 'boom' }, verdict: { kind: 'retry' } }])
  })

  it('a transport that never answers is timed out', async () => {
    const pipeline = pipelineOf([target({ timeout: 3000 })], { transport: { send: () => new Promise(() => {}) } })
    await pipeline.start()
    await pipeline.publish(edit(1))
    await clock.advance(3060)
    expect(outcomes).toMatchObject([{ result: { kind: 'timeout', tookMs: 3000 }, verdict: { kind: 'retry' } }])
    await pipeline.stop()
  })
})

describe('stop', () => {
  it('lets an attempt end that is in flight', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    const release = transport.hold()
    await pipeline.publish(edit(1))
    await clock.advance(60)
    const stopping = pipeline.stop({ drain: 5000 })
    release()
    await stopping
    expect(outcomes).toMatchObject([{ verdict: { kind: 'delivered' } }])
  })

  it('aborts it when its time is over, and it goes out again under the same id, as the first attempt', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    transport.hold()
    await pipeline.publish(edit(1))
    await clock.advance(60)
    const stopping = pipeline.stop({ drain: 1000 })
    await clock.advance(1000)
    await stopping
    expect(outcomes).toEqual([])
    transport.answer(200)
    await pipeline.start()
    await clock.advance(10)
    expect(outcomes).toMatchObject([{ batch: { attempt: 1 }, verdict: { kind: 'delivered' } }])
    expect(transport.requests[0]?.headers['webhook-id']).toBe(transport.requests[1]?.headers['webhook-id'])
    await pipeline.stop()
  })
})

describe('pause', () => {
  it('sends nothing and goes on accepting; what is in flight ends first', async () => {
    const pipeline = pipelineOf([target()])
    await pipeline.start()
    const release = transport.hold()
    await pipeline.publish(edit(1))
    await clock.advance(60)
    const pausing = pipeline.pause()
    release()
    await pausing
    expect(outcomes).toMatchObject([{ verdict: { kind: 'delivered' } }])
    await pipeline.publish(edit(2))
    await clock.advance(60_000)
    expect(transport.requests).toHaveLength(1)
    await pipeline.start()
    await clock.advance(60)
    expect(transport.requests).toHaveLength(2)
    await pipeline.stop()
  })

  it('leaves sources and the list of targets as they are: after another start, each change is heard once', async () => {
    let report: (change: ReturnType<typeof edit>) => Promise<void> = async () => {}
    let listening = 0
    const source = {
      subscribe(publish: typeof report) {
        listening++
        report = publish
        return () => void listening--
      },
    }
    const pipeline = pipelineOf([target()], { sources: [source as never] })
    await pipeline.start()
    await pipeline.pause()
    await report(edit(1))
    await pipeline.start()
    expect(listening).toBe(1)
    await clock.advance(60)
    expect(transport.bodies).toMatchObject([[{ fields: { id: 1 } }]])
    await pipeline.stop()
    expect(listening).toBe(0)
  })
})

it('logs what fails where nobody listens to errors', async () => {
  const pipeline = pipelineOf([target()], { notifiers: [{ notify: () => Promise.reject(new Error('mail is down')) }] })
  await pipeline.publish(edit(1))
  await clock.advance(50)
  await pipeline.tick()
  await clock.advance(0)
  expect(logged).toEqual([expect.stringMatching(/notifier: mail is down/)])
})

it('warns that changes wait when nobody called start', async () => {
  const pipeline = pipelineOf([target()])
  await pipeline.publish(edit(1))
  await clock.advance(1000)
  expect(logged).toEqual([expect.stringMatching(/start\(\)/)])
})

it('warns of the memory store, where it was not chosen', () => {
  createPipeline({ targets: [target()], clock, logger: { info() {}, error() {}, warn: (line) => void logged.push(line) } })
  expect(logged).toEqual([expect.stringMatching(/memory/)])
})

it('an attempt whose lease cannot be renewed is aborted before the lease ends, and counts as nothing', async () => {
  const shared = store
  const away = { ...shared, renew: async () => false }
  const pipeline = pipelineOf([target({ timeout: 60_000 })], { store: away })
  await pipeline.start()
  let abortedAt = 0
  transport.answer((_request, signal) => {
    signal.addEventListener('abort', () => {
      abortedAt = clock.now()
    })
    return new Promise(() => {})
  })
  await pipeline.publish(edit(1))
  await clock.advance(12_000)
  expect(abortedAt).toBeGreaterThan(0)
  expect(abortedAt).toBeLessThan(NOW + 50 + 10_000)
  expect(outcomes).toEqual([])
  await pipeline.stop({ drain: 0 })
})

it('collapses what overflows to whole collections where the target takes that, and buries the oldest where not', async () => {
  const pipeline = pipelineOf([
    target({ key: 'whole', url: 'https://whole.test/', wholeCollection: true, maxPending: 10 }),
    target({ key: 'items', url: 'https://items.test/', maxPending: 10 }),
  ])
  await pipeline.publish(Array.from({ length: 12 }, (_, key) => edit(key)))
  await clock.advance(50)
  await pipeline.tick()
  const body = (url: string) =>
    transport.requests.filter((request) => request.url === url).flatMap((request) => JSON.parse(request.body) as unknown[])
  expect(body('https://whole.test/')).toMatchObject([{ collection: 'posts', event: 'update', fields: { id: '*' } }])
  expect(body('https://items.test/')).toHaveLength(10)
  expect(incidents).toMatchObject([{ kind: 'dead', reason: 'overflow', count: 2, target: { key: 'items' } }])
})
