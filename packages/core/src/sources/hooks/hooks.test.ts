import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts'
import type { ChangeInput } from '../../types.ts'
import { createHooks, type HookContext, type HookEvent, type Hooks, hookExceptions } from './index.ts'

const POSTS = { scope: 'items', collection: 'posts' } as const
const CREATE = { ...POSTS, action: 'create', payload: { title: 'a' } } as const

let clock: VirtualClock
let logged: string[]
let published: ChangeInput[][]
let publish: (changes: readonly ChangeInput[], options?: object) => Promise<void>
let hooks: Hooks

beforeEach(() => {
  clock = virtualClock()
  logged = []
  published = []
  publish = async (changes) => void published.push([...changes])
  const log = (line: string) => void logged.push(line)
  hooks = createHooks({
    publish: (...values) => publish(...values),
    clock,
    logger: { info: log, warn: log, error: log },
    timeout: 1000,
  })
})

const insert = async () => 7
const unreachable = () => expect.unreachable()

describe('before', () => {
  it('hooks run in the order in which they came, each with what the last one made of the input', async () => {
    hooks.before('items.create', (input) => [{ ...input[0], first: true }])
    await hooks.registerHook(() => ({
      '*.create.before': (input: object[]) => void Object.assign(input[0] as object, { second: true }),
    }))
    hooks.before('items.*', async (input) => {
      ;(input as object[])[0] = { ...(input as object[])[0], third: true }
    })
    hooks.before('items.create', async ([item]) => ({ ...item, last: true }))
    const seen = vi.fn()
    hooks.before('*', (input, { payload, item }) => seen(input, payload, item))
    const mutation = vi.fn(insert)
    expect(await hooks.run(CREATE, mutation)).toBe(7)
    const item = { title: 'a', first: true, second: true, third: true, last: true }
    expect(mutation).toHaveBeenCalledExactlyOnceWith(item)
    expect(seen).toHaveBeenCalledExactlyOnceWith([item], item, null)
    expect(published).toEqual([[{ collection: 'posts', event: 'create', key: 7, fields: item }]])
  })

  it('the mutation gets the form that was given: an array for an array, which hooks may lengthen', async () => {
    hooks.before('items.create', (input) => [...input, { title: 'c' }])
    const payload = [{ title: 'a' }, { title: 'b' }]
    const mutation = vi.fn(async (items: unknown[]) => items.map((_, index) => index + 1))
    await hooks.run({ ...POSTS, action: 'create', payload }, mutation)
    expect(mutation).toHaveBeenCalledExactlyOnceWith([{ title: 'a' }, { title: 'b' }, { title: 'c' }])
    expect(payload).toHaveLength(2)
    expect(published[0]?.map(({ key, fields }) => [key, fields])).toEqual([
      [1, { title: 'a' }],
      [2, { title: 'b' }],
      [3, { title: 'c' }],
    ])
  })

  it('an update is changed as it is given; of a delete keys may be taken away', async () => {
    hooks.before('items.update', (input) => ({ ...input, slug: 'a' }))
    hooks.before('items.delete', (keys) => keys.filter((key) => key !== 2))
    const update = vi.fn()
    const remove = vi.fn()
    await hooks.run({ ...POSTS, action: 'update', item: 7, payload: { title: 'a' } }, update)
    await hooks.run({ ...POSTS, action: 'delete', item: [1, 2, 3] }, remove)
    expect(update).toHaveBeenCalledExactlyOnceWith({ title: 'a', slug: 'a' })
    expect(remove).toHaveBeenCalledExactlyOnceWith([1, 3])
    expect(published.map((changes) => changes.map(({ event, key }) => `${event} ${key}`))).toEqual([
      ['update 7'],
      ['delete 1', 'delete 3'],
    ])
  })

  it('throwing cancels: the mutation does not run, nothing is published, nobody hears, and the caller gets what was thrown', async () => {
    const refusal = new hookExceptions.ForbiddenException('Not on Sundays')
    const after = vi.fn()
    const next = vi.fn()
    hooks.before('items.create', () => {
      throw refusal
    })
    hooks.before('items.create', next)
    hooks.on('*', after)
    await expect(hooks.run(CREATE, unreachable)).rejects.toBe(refusal)
    expect([published, next.mock.calls, after.mock.calls]).toEqual([[], [], []])
  })

  it('one that hangs cancels after the timeout, and is named', async () => {
    hooks.before('items.*', () => new Promise<void>(() => {}))
    const run = hooks.run(CREATE, unreachable)
    const rejected = expect(run).rejects.toMatchObject({
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
      message: 'items.create.before: the before-hook "items.*" did not end within 1000 ms, so the event is cancelled',
    })
    await clock.advance(1000)
    await rejected
    expect(clock.sleepers()).toEqual([])
  })

  it.each<[string, HookEvent, unknown, string]>([
    ['a text for a new item', CREATE, 'text', 'returned a string, and the input has to be an array of items'],
    ['null for a new item', CREATE, null, 'returned null,'],
    ['an array with a hole', CREATE, [undefined], 'returned an array that holds nothing,'],
    ['two items for one', CREATE, [{}, {}], 'returned 2 items, and the input has to be an array of one item'],
    ['one item for two', { ...CREATE, payload: [{}, {}] }, {}, 'returned one item, and the input has to be an array of 2 items'],
    ['a text for an update', { ...POSTS, action: 'update', item: 7, payload: {} }, 'x', 'returned a string,'],
    ['a key that was not given', { ...POSTS, action: 'delete', item: [1] }, [1, 9], 'with other than the given keys'],
    ['no key of one', { ...POSTS, action: 'delete', item: 1 }, [], 'to cancel, throw'],
  ])('returning %s is refused, and nothing happens', async (_name, event, returned, says) => {
    hooks.before('items.*', () => returned)
    await expect(hooks.run(event, unreachable)).rejects.toMatchObject({
      code: 'CHANGE_INVALID',
      message: expect.stringMatching(new RegExp(`the before-hook "items\\.\\*" .*${says}`)),
    })
    expect(published).toEqual([])
  })

  it('what it leaves in place of the input is looked at, too', async () => {
    hooks.before('items.create', (input) => void input.pop())
    await expect(hooks.run(CREATE, unreachable)).rejects.toMatchObject({ message: expect.stringContaining('made 0 items') })
  })

  it('unregistered, it runs no more; the same one may be there twice', async () => {
    const hook = vi.fn()
    const off = hooks.before('items.create', hook)
    hooks.before('items.create', hook)
    await hooks.run(CREATE, insert)
    off()
    off()
    await hooks.run(CREATE, insert)
    expect(hook).toHaveBeenCalledTimes(3)
  })

  it('what one hook does to its context the next does not see', async () => {
    const seen: unknown[] = []
    hooks.before('items.create', (_input, context) => {
      context.accountability = { admin: true }
    })
    hooks.before('items.create', (_input, { accountability }) => void seen.push(accountability))
    await hooks.run({ ...CREATE, accountability: { admin: false } }, insert)
    hooks.on('items.create', (context) => {
      context.collection = 'mine'
    })
    hooks.on('items.create', ({ collection }) => void seen.push(collection))
    await hooks.run({ ...CREATE, accountability: { admin: false } }, insert)
    expect(seen).toEqual([{ admin: false }, { admin: false }, 'posts'])
  })
})

describe('after', () => {
  const heard = async (event: HookEvent, mutation: () => unknown = insert): Promise<HookContext> => {
    const contexts: HookContext[] = []
    hooks.on('*', (context) => void contexts.push(context))
    await hooks.run(event, mutation)
    expect(contexts).toHaveLength(1)
    return contexts[0] as HookContext
  }

  it('a create is told with its key, what went in, and what the caller gave', async () => {
    const database = { name: 'pool' }
    expect(await heard({ ...CREATE, accountability: { admin: true }, schema: { v: 1 }, database, request: 'r1' })).toEqual({
      event: 'items.create',
      action: 'create',
      collection: 'posts',
      item: 7,
      payload: { title: 'a' },
      accountability: { admin: true },
      schema: { v: 1 },
      database,
      request: 'r1',
    })
  })

  it.each<[string, HookEvent, () => unknown, Partial<HookContext>]>([
    ['several created', { ...CREATE, payload: [{ title: 'a' }] }, () => [7], { item: [7], payload: [{ title: 'a' }] }],
    ['an update', { ...POSTS, action: 'update', item: 7, payload: { a: 1 } }, () => {}, { item: [7], payload: { a: 1 } }],
    ['a delete', { ...POSTS, action: 'delete', item: 7 }, () => {}, { item: [7], payload: null }],
    ['nobody known', { ...POSTS, action: 'delete', item: 7 }, () => {}, { accountability: null, schema: null }],
    ['a system table', { scope: 'users', action: 'delete', item: 'u' }, () => {}, { collection: 'directus_users' }],
  ])('%s', async (_name, event, mutation, expected) => expect(await heard(event, mutation)).toMatchObject(expected))

  it('items.read has the query in place of the keys, and what was read', async () => {
    const context = await heard({ ...POSTS, action: 'read', query: { limit: 1 } }, () => [{ id: 1 }])
    expect(context).toMatchObject({ event: 'items.read', query: { limit: 1 }, payload: [{ id: 1 }] })
    expect(context).not.toHaveProperty('item')
  })

  it('runs without being waited for; what it throws is logged and fails nothing', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const order: string[] = []
    hooks.on('items.create', async () => {
      await held
      order.push('slow')
    })
    hooks.on('items.*', () => {
      throw new Error('mail server away')
    })
    hooks.on('items.create', async () => Promise.reject('also away'))
    hooks.on('items.create', () => void order.push('next'))
    expect(await hooks.run(CREATE, insert)).toBe(7)
    expect(order).toEqual(['next'])
    release()
    await hooks.stop()
    expect(order).toEqual(['next', 'slow'])
    expect(logged).toEqual([
      expect.stringMatching(/^unstale: the hook "items\.\*" failed, which cannot undo items\.create: Error: mail server away/),
      'unstale: the hook "items.create" failed, which cannot undo items.create: also away',
    ])
  })

  it('stop waits for what runs, and no longer than it is told', async () => {
    hooks.on('items.create', () => new Promise(() => {}))
    await hooks.run(CREATE, insert)
    const stopped = hooks.stop({ drain: 100 })
    await clock.advance(100)
    await stopped
    expect(logged).toEqual(['unstale: hooks have not ended within 100 ms, and are left to themselves'])
  })

  it('a mutation that fails is published to nobody and told to nobody', async () => {
    const after = vi.fn()
    hooks.on('*', after)
    const error = new Error('duplicate key')
    await expect(hooks.run(CREATE, () => Promise.reject(error))).rejects.toBe(error)
    await expect(
      hooks.run({ ...POSTS, action: 'delete', item: 1 }, () => {
        throw error
      }),
    ).rejects.toBe(error)
    expect([published, after.mock.calls]).toEqual([[], []])
  })

  it('a publish that fails is the caller’s to know, and after-hooks run: it has happened', async () => {
    const after = vi.fn()
    hooks.on('items.create', after)
    const error = new Error('store away')
    publish = () => Promise.reject(error)
    await expect(hooks.run(CREATE, insert)).rejects.toBe(error)
    expect(after).toHaveBeenCalledTimes(1)
  })
})

describe('signing in', () => {
  const LOGIN = {
    scope: 'auth',
    action: 'login',
    provider: 'default',
    user: 'u1',
    payload: { email: 'a@b.c', password: 'pw', otp: '1' },
  } as const

  it('is pending before, then a success, and who only hears of it sees no password', async () => {
    const seen: unknown[] = []
    hooks.before('auth.login', (input, { status, provider, user }) => void seen.push([{ ...input }, status, provider, user]))
    hooks.on('auth.login', ({ payload, status, provider, user }) => void seen.push([payload, status, provider, user]))
    const login = vi.fn(async () => 'token')
    expect(await hooks.run(LOGIN, login)).toBe('token')
    expect(login).toHaveBeenCalledExactlyOnceWith(LOGIN.payload)
    expect(seen).toEqual([
      [LOGIN.payload, 'pending', 'default', 'u1'],
      [{ email: 'a@b.c' }, 'success', 'default', 'u1'],
    ])
    expect(published).toEqual([])
  })

  it('is told when it fails, too', async () => {
    const seen: unknown[] = []
    hooks.on('auth.*', ({ status }) => void seen.push(status))
    const error = new hookExceptions.InvalidCredentialsException()
    await expect(hooks.run(LOGIN, () => Promise.reject(error))).rejects.toBe(error)
    expect(seen).toEqual(['fail'])
  })
})

describe('emit', () => {
  it('tells of what somebody else owns, and waits until all have ended', async () => {
    const order: string[] = []
    hooks.on('server.stop', async ({ event, reason }) => {
      await Promise.resolve()
      order.push(`${event} ${String(reason)}`)
    })
    hooks.on('server.*', () => {
      throw new Error('no')
    })
    await hooks.emit('server.stop', { reason: 'deploy' })
    expect(order).toEqual(['server.stop deploy'])
    expect(logged).toHaveLength(1)
  })

  it('waits no longer than the timeout, and says so', async () => {
    hooks.on('server.stop', () => new Promise(() => {}))
    const emitted = hooks.emit('server.stop')
    await clock.advance(1000)
    await emitted
    expect(logged).toEqual(['unstale: hooks of server.stop have not ended within 1000 ms'])
  })
})

describe('what cannot work is refused', () => {
  it.each<[string, object | null, string]>([
    ['publish', { publish: {} }, 'publish has to be a function'],
    ['logger', { logger: {} }, 'logger has to have'],
    ['clock', { clock: {} }, 'clock has to have'],
    ['timeout', { timeout: 0 }, 'timeout has to be above 0'],
    ['options', null, 'takes an object of options, not null'],
  ])('%s', (_name, options, says) => {
    expect(() => createHooks(options as object)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(says) }),
    )
  })

  it('a hook that is no function', () => {
    const register = hooks.on as (name: string, hook: unknown) => void
    expect(() => register('items.create', 'mail')).toThrow('the hook of "items.create" has to be a function, not a string')
  })

  it.each<[string, HookEvent, string]>([
    [
      'no collection',
      { scope: 'items', action: 'create', payload: {} },
      'collection has to be the name of a collection, not nothing',
    ],
    ['a collection that is no name', { scope: 'posts', action: 'delete', item: 1, collection: '' }, 'not an empty string'],
    ['no new item', { ...POSTS, action: 'create' }, 'payload has to be the new item, or an array of new items, not nothing'],
    ['nobody to delete', { ...POSTS, action: 'delete' }, 'item has to be the key of what is deleted'],
    ['nobody to update', { ...POSTS, action: 'update', payload: { a: 1 } }, 'Give item: its key, or an array of keys'],
  ])('before anything happens: %s', async (_name, event, says) => {
    hooks.before('*', unreachable)
    const refused = { code: 'CHANGE_INVALID', message: expect.stringContaining(says) }
    await expect(hooks.run(event, unreachable)).rejects.toMatchObject(refused)
  })
})
