import { describe, expect, test, vi } from 'vitest'
import { toDirectusHook } from '../to-directus-hook.ts'
import { FakeDirectus, settled } from './test/fake-directus.ts'
import type { LegacyEventContext } from './types.ts'

const using = (handlers: Record<string, (...values: never[]) => unknown>): FakeDirectus =>
  new FakeDirectus().use(toDirectusHook(handlers))

test('the phases of a start are today’s, and bring what they brought', async () => {
  const names = ['cli.init', 'middlewares.init', 'routes.init', 'routes.custom.init'].flatMap((name) => [
    `${name}.before`,
    `${name}.after`,
  ])
  const seen: unknown[] = []
  const handle = (context: LegacyEventContext): void => void seen.push([context.event, context['app'] ?? context['program']])
  const directus = using(Object.fromEntries([...names, 'init', 'init.before'].map((name) => [name, handle])))
  const today = ['cli', 'middlewares', 'routes', 'routes.custom', 'app'].flatMap((name) => [`${name}.before`, `${name}.after`])
  for (const event of today) await directus.init(event, event.startsWith('cli') ? { program: 'p' } : { app: 'a' })
  expect(seen).toEqual([
    ['cli.init.before', 'p'],
    ['cli.init.after', 'p'],
    ...names.slice(2).map((name) => [name, 'a']),
    ['init.before', 'a'],
    ['init', 'a'],
  ])
})

test('a phase waits for its handler, and goes on when that fails', async () => {
  const done = vi.fn()
  const directus = using({
    'routes.init.before': async () => {
      await settled()
      done()
      throw new Error('no')
    },
  })
  await directus.init('routes.before', {})
  expect(done).toHaveBeenCalledOnce()
  expect(directus.errors).toHaveLength(1)
})

test('the server starts, stops and answers', () => {
  const seen: unknown[] = []
  const handle = ({ event, server, status }: LegacyEventContext): void => void seen.push([event, server, status])
  const directus = using({ 'server.*': handle, response: handle })
  directus.action('server.start', { server: 's' }, directus.early)
  directus.action('server.stop', { server: 's' }, directus.early)
  directus.action('response', { status: 200 }, directus.early)
  expect(seen).toEqual([
    ['server.start', 's', undefined],
    ['server.stop', 's', undefined],
    ['response', undefined, 200],
  ])
})

test('cron runs on its statement, and a failure is logged', async () => {
  const run = vi.fn(() => Promise.reject(new Error('no')))
  const directus = using({ 'cron(*/15 * * * *)': run })
  expect(directus.schedules.map(({ cron }) => cron)).toEqual(['*/15 * * * *'])
  await directus.schedules[0]!.handler()
  expect(run).toHaveBeenCalledWith(expect.objectContaining({ event: 'cron(*/15 * * * *)', database: 'the pool' }))
  expect(directus.errors[0]).toContain('the handler of "cron(*/15 * * * *)" failed')
})

describe('signing in', () => {
  const meta = { status: 'success', user: 'u', provider: 'default' }

  test('is heard without the password, context first or payload first', () => {
    const heard = vi.fn()
    const directus = using({ 'auth.login': heard })
    directus.action('auth.login', { ...meta, payload: { email: 'e', password: 'p', otp: '1' } }, directus.early)
    const [first, second] = heard.mock.calls[0] ?? []
    expect(second).toEqual({
      ...meta,
      event: 'auth.login',
      action: 'login',
      payload: { email: 'e' },
      accountability: null,
      schema: null,
      database: 'the pool',
    })
    expect(first).toEqual({ ...second, email: 'e' })
    expect(JSON.stringify(heard.mock.calls)).not.toContain('"p"')
  })

  test('can be changed and refused beforehand', async () => {
    const directus = using({ 'auth.login.before': (payload: { email: string }) => ({ email: payload.email.toLowerCase() }) })
    const payload = await directus.filter('auth.login', { email: 'E', password: 'p' }, { status: 'pending' }, directus.early)
    expect(payload).toEqual({ email: 'e', password: 'p' })

    const closed = using({
      'auth.*.before': () => {
        throw new Error('closed')
      },
    })
    await expect(closed.filter('auth.login', {}, {}, directus.early)).rejects.toThrow('closed')
  })

  test('claims that are returned are added to those of the token', async () => {
    const directus = using({ 'auth.jwt.before': async () => ({ tenant: 't' }) })
    const claims = await directus.filter('auth.jwt', { id: 'u', role: 'r' }, { type: 'login' }, directus.early)
    expect(claims).toEqual({ id: 'u', role: 'r', tenant: 't' })
  })

  test('a token and its refresh are heard, and only heard', async () => {
    const seen: string[] = []
    const handle = ({ event, payload }: LegacyEventContext): unknown => {
      seen.push(event)
      ;(payload as Record<string, unknown>)['id'] = 'nobody'
      return { id: 'nobody' }
    }
    const directus = using({ 'auth.jwt': handle, 'auth.refresh': handle })
    expect(await directus.filter('auth.jwt', { id: 'u' }, { type: 'login' }, directus.early)).toEqual({ id: 'u' })
    expect(await directus.filter('auth.jwt', { id: 'u' }, { type: 'refresh' }, directus.early)).toEqual({ id: 'u' })
    expect(seen).toEqual(['auth.jwt', 'auth.jwt', 'auth.refresh'])
  })

  test('a refresh can be refused without refusing a login', async () => {
    const directus = using({
      'auth.refresh.before': () => {
        throw new Error('no')
      },
    })
    expect(await directus.filter('auth.jwt', { id: 'u' }, { type: 'login' }, directus.early)).toEqual({ id: 'u' })
    await expect(directus.filter('auth.jwt', { id: 'u' }, { type: 'refresh' }, directus.early)).rejects.toThrow('no')
  })

  test('authenticate returns another accountability', async () => {
    const directus = using({ authenticate: (given: object, { req }: { req?: unknown }) => ({ ...given, user: req }) })
    expect(await directus.filter('authenticate', { role: null }, { req: 'r' }, directus.early)).toEqual({ role: null, user: 'r' })
    const nonsense = using({ authenticate: () => true })
    expect(await nonsense.filter('authenticate', { role: null }, {}, directus.early)).toEqual({ role: null })
  })
})

describe('requests and errors', () => {
  test('a request that nothing answers is answered by who returns true', async () => {
    const handle = vi.fn((request: LegacyEventContext, response: unknown) => request['response'] === response)
    const directus = using({ 'request.not_found': handle })
    const request = { path: '/x' }
    expect(await directus.filter('request.not_found', false, { request, response: 'res' }, directus.early)).toBe(true)
    expect(handle.mock.calls[0]?.slice(0, 2)).toEqual([request, 'res'])
    expect(Object.keys(request)).toEqual(['path'])

    const nobody = using({ 'request.not_found': () => undefined })
    expect(await nobody.filter('request.not_found', false, { request, response: 'res' }, directus.early)).toBe(false)
  })

  test('an error of the database can be exchanged', async () => {
    const better = new Error('better')
    const directus = using({ 'database.error': (error: Error, { client }: { client?: string }) => (client ? better : error) })
    expect(await directus.filter('database.error', new Error('raw'), { client: 'sqlite' }, directus.early)).toBe(better)
    const heard = using({ 'database.error': () => undefined })
    const raw = new Error('raw')
    expect(await heard.filter('database.error', raw, {}, directus.early)).toBe(raw)
  })

  test('errors of an answer are heard, not changed and not waited for', async () => {
    const seen: unknown[] = []
    const directus = using({
      error: (errors: unknown[] & LegacyEventContext) => {
        seen.push([...errors], errors.event, errors.payload)
        errors.pop()
        return new Promise(() => {})
      },
    })
    const errors = [{ message: 'no' }]
    expect(await directus.filter('request.error', errors, {}, directus.early)).toEqual([{ message: 'no' }])
    expect(seen).toEqual([[{ message: 'no' }], 'error', [{ message: 'no' }]])
  })

  test('what decides is not asked by *.*', async () => {
    const directus = using({ '*.*': (context: unknown) => context })
    expect(await directus.filter('request.not_found', false, { request: {} }, directus.early)).toBe(false)
    const raw = new Error('raw')
    expect(await directus.filter('database.error', raw, {}, directus.early)).toBe(raw)
    expect(directus.filters.map(({ event }) => event)).not.toContain('authenticate')
  })
})
