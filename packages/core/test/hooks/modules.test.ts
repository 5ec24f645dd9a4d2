import { createRequire } from 'node:module'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type ChangeInput, createHooks, type HookModule, type Hooks } from '../../src/index.ts'
import { type VirtualClock, virtualClock } from '../../src/testing/index.ts'

const required = createRequire(import.meta.url)('./article-rules.cjs') as HookModule

let clock: VirtualClock
let published: ChangeInput[]
let logged: string[]
let hooks: Hooks
const log = (line: string) => void logged.push(line)
const logger = { info: log, warn: log, error: log }

beforeEach(() => {
  clock = virtualClock(new Date(2026, 2, 10, 5, 0).getTime())
  published = []
  logged = []
  hooks = createHooks({ publish: async (changes) => void published.push(...changes), clock, logger })
})

describe('a module, unchanged', () => {
  /** Stand-ins for what an application has. */
  function application() {
    const sent: { to: string; subject: string }[] = []
    const asked: { title: string; options: unknown }[] = []
    const numbers = { next: (_title: string) => Promise.resolve(41) }
    class MailService {
      async send(mail: { to: string; subject: string }) {
        sent.push(mail)
      }
    }
    class NumberService {
      options: unknown
      constructor(options: unknown) {
        this.options = options
      }
      next(title: string) {
        asked.push({ title, options: this.options })
        return numbers.next(title)
      }
    }
    const getSchema = async () => ({})
    const context = {
      services: { MailService, NumberService },
      database: 'the pool',
      getSchema,
      env: { DESK: 'desk@site.test' },
      logger,
    }
    return { sent, asked, numbers, context }
  }
  const admin = { user: 'u1', admin: true }
  const article = { scope: 'items', action: 'create', collection: 'articles', schema: { v: 1 } } as const
  const insert = vi.fn(async (_item: unknown) => 7)
  beforeEach(() => void insert.mockClear())

  it.each([
    ['by require', required],
    ['by import', { default: required }],
    ['by import of what was compiled', { default: { __esModule: true, default: required } }],
  ])('%s: it changes the input, calls a service, and sends mail afterwards', async (_name, module) => {
    const { sent, asked, context } = application()
    await hooks.registerHook(module, context)
    await hooks.run({ ...article, accountability: admin, payload: { title: 'Tides' } }, insert)
    await hooks.stop()
    const written = { title: 'Tides', number: 41, checked: true }
    expect(insert).toHaveBeenCalledExactlyOnceWith(written)
    expect(published).toEqual([{ collection: 'articles', event: 'create', key: 7, fields: written }])
    expect(asked).toEqual([{ title: 'Tides', options: { accountability: admin, schema: { v: 1 }, knex: 'the pool' } }])
    expect(sent).toEqual([{ to: 'desk@site.test', subject: 'Article 7: Tides' }])
    expect(logged).toEqual(['told the desk of articles 7'])
  })

  it('it refuses who is no administrator, whatever they do', async () => {
    const { sent, context } = application()
    await hooks.registerHook(required, context)
    const unreachable = () => expect.unreachable()
    const refused = { status: 403, code: 'FORBIDDEN', message: expect.stringContaining('is for administrators') }
    await expect(hooks.run({ ...article, payload: { title: 'Tides' } }, unreachable)).rejects.toMatchObject(refused)
    const editor = { accountability: { user: 'u2', admin: false }, collection: 'articles', item: 7 }
    for (const action of ['update', 'delete'] as const) {
      await expect(hooks.run({ scope: 'items', action, ...editor }, unreachable)).rejects.toMatchObject(refused)
    }
    await expect(hooks.run({ scope: 'items', action: 'update', ...editor, collection: 'pages' }, () => 'done')).resolves.toBe(
      'done',
    )
    expect(published.map(({ collection }) => collection)).toEqual(['pages'])
    expect(sent).toEqual([])
  })

  it('it refuses an article without a title, and any while its service is away', async () => {
    const { numbers, context } = application()
    await hooks.registerHook(required, context)
    const create = (payload: object) => hooks.run({ ...article, accountability: admin, payload }, insert)
    await expect(create({})).rejects.toMatchObject({ status: 400, code: 'INVALID_PAYLOAD', message: 'An article needs a title' })
    const cause = new Error('connect ECONNREFUSED')
    numbers.next = () => Promise.reject(cause)
    await expect(create({ title: 'Tides' })).rejects.toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE', cause })
    expect(insert).not.toHaveBeenCalled()
    expect(published).toEqual([])
  })

  it('its schedule runs, and with what it returned all of it is unregistered', async () => {
    const { sent, context } = application()
    const off = await hooks.registerHook(required, context)
    hooks.start()
    await clock.advance(3_600_000)
    expect(sent).toEqual([{ to: 'desk@site.test', subject: 'Good morning' }])
    off()
    await clock.advance(86_400_000)
    await hooks.run({ ...article, payload: {} }, insert)
    expect(sent).toHaveLength(1)
    expect(insert).toHaveBeenCalledExactlyOnceWith({})
  })
})

describe('a module', () => {
  it('may be asynchronous, and finds something in place of what is not given', async () => {
    const seen: unknown[] = []
    await hooks.registerHook(async ({ services, database, getSchema, env, logger, exceptions }) => {
      seen.push(services, database, await getSchema(), env, typeof logger.error, typeof exceptions.ForbiddenException)
      return {}
    })
    expect(seen).toEqual([{}, undefined, null, {}, 'function', 'function'])
  })

  it('has the database of its context where an event brings none', async () => {
    const seen: unknown[] = []
    await hooks.registerHook(() => ({ 'server.*': ({ database }: { database: unknown }) => void seen.push(database) }), {
      database: 'pool',
    })
    await hooks.emit('server.start')
    await hooks.emit('server.stop', { database: 'its own' })
    expect(seen).toEqual(['pool', 'its own'])
  })

  it.each<[string, unknown, string]>([
    ['a path', './hook.js', 'the module is a string'],
    ['nothing', undefined, 'the module is nothing'],
    ['handlers alone', { 'items.create': () => {} }, 'the module is an object'],
    ['a function that returns nothing', () => {}, 'the module returned nothing'],
    ['a function that returns an array', () => [], 'the module returned an array'],
  ])('is refused, and the fix is said: %s', async (_name, module, says) => {
    await expect(hooks.registerHook(module as HookModule)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(new RegExp(`${says}.*is a function of .* that returns its handlers by event`)),
    })
  })

  it('of which some handlers are wrong is refused whole, naming each', async () => {
    const good = vi.fn()
    const module = () => ({ 'items.create': good, 'files.upload.before': good, 'items.update': 'mail', 'cron(61 * * * *)': good })
    const registered = hooks.registerHook(module)
    await expect(registered).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      problems: [
        { path: 'files.upload.before', message: expect.stringContaining('no before phase') },
        { path: 'items.update', message: 'the hook of "items.update" has to be a function, not a string' },
        { path: 'cron(61 * * * *)', message: expect.stringContaining('has the minute "61"') },
      ],
    })
    await hooks.run({ scope: 'items', action: 'create', collection: 'posts', payload: {} }, () => 1)
    expect(good).not.toHaveBeenCalled()
  })

  it('that throws is the caller’s to know', async () => {
    const error = new Error('no key')
    await expect(hooks.registerHook(() => Promise.reject(error))).rejects.toBe(error)
  })
})
