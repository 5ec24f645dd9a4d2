import { describe, expect, test, vi } from 'vitest'
import { FakeDirectus, settled } from './legacy-hooks/test/fake-directus.ts'
import type { LegacyModuleContext, TodaysRegister } from './legacy-hooks/types.ts'
import { toDirectusHook } from './to-directus-hook.ts'

/** As a module of the old form was documented, but for the address it asks. */
function registerHook({ services, exceptions }: LegacyModuleContext) {
  const { MailService } = services as unknown as Record<'MailService', new (options: object) => { send(mail: object): unknown }>
  const { ServiceUnavailableException, ForbiddenException } = exceptions

  return {
    'items.*': async ({ accountability }: { accountability: { admin: boolean } }) => {
      if (accountability.admin !== true) throw new ForbiddenException()
    },
    'items.create.before': async (input: Record<string, unknown>[], { collection, schema }: Record<string, unknown>) => {
      if (collection !== 'recipes') return input
      const mailService = new MailService({ schema })
      try {
        if (input[0]!['title'] === 'refuse') throw new Error('connect ECONNREFUSED')
        await mailService.send({ to: 'person@example.com', template: { name: 'item-created', data: { collection } } })
      } catch (error) {
        throw new ServiceUnavailableException(error)
      }
      input[0]!['syncedWithExample'] = true
      return input
    },
  }
}

describe('the worked example', () => {
  const sent = vi.fn()

  class MailService {
    options: object

    constructor(options: object) {
      this.options = options
    }

    send(mail: object): void {
      sent(this.options, mail)
    }
  }

  const start = (): FakeDirectus => {
    sent.mockClear()
    const directus = new FakeDirectus()
    directus.context.services = { MailService }
    return directus.use(toDirectusHook(registerHook))
  }

  test('sends mail and changes the item', async () => {
    const directus = start()
    expect(await directus.create('recipes', { title: 'a' })).toEqual({ title: 'a', syncedWithExample: true })
    expect(sent.mock.calls).toEqual([
      [
        { schema: 'the schema' },
        { to: 'person@example.com', template: { name: 'item-created', data: { collection: 'recipes' } } },
      ],
    ])
    expect(await directus.create('articles', { title: 'a' })).toEqual({ title: 'a' })
  })

  test('cancels the creation when the service is away', async () => {
    const refused = await start()
      .create('recipes', { title: 'refuse' })
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: 'DirectusError', status: 503, code: 'SERVICE_UNAVAILABLE' })
    expect(refused).toHaveProperty('message', 'connect ECONNREFUSED')
  })

  test('an admin-only items.* speaks up, but cannot undo what has happened', async () => {
    const directus = start()
    await directus.create('articles', {}, { admin: false })
    await directus.create('articles', {})
    await settled()
    expect(directus.warnings).toEqual([
      'toDirectusHook: the handler of "items.*" failed, which cannot undo what has happened: ' +
        "You don't have permission to access this.",
    ])
  })
})

describe('a module', () => {
  const handlers = { 'items.create': () => {} }
  test.each([
    ['a function', () => handlers],
    ['an object', handlers],
    ['export default', { default: () => handlers }],
    ['CommonJS, imported', { default: { default: () => handlers, __esModule: true } }],
    ['compiled', { __esModule: true, default: handlers }],
    ['with a __esModule of its own', () => ({ ...handlers, __esModule: true })],
    ['without a prototype', () => Object.assign(Object.create(null), handlers)],
  ])('%s', (_, module) => {
    const directus = new FakeDirectus().use(toDirectusHook(module as never))
    expect(directus.actions.map(({ event }) => event)).toEqual(['items.create'])
    expect(directus.warnings).toEqual([])
  })

  test('is given what modules were given', () => {
    const module = vi.fn(() => ({}))
    const directus = new FakeDirectus().use(toDirectusHook(module))
    const { services, database, env, logger, getSchema } = directus.context
    expect(module).toHaveBeenCalledExactlyOnceWith({
      services,
      database,
      env,
      logger,
      getSchema,
      exceptions: expect.objectContaining({ ForbiddenException: expect.any(Function) }),
    })
  })

  test('returns nothing to Directus, which would not wait', () => {
    const directus = new FakeDirectus()
    const hook = toDirectusHook(async () => handlers) as (...values: unknown[]) => unknown
    expect(hook(directus.register, directus.context)).toBeUndefined()
  })

  test('may be async', async () => {
    const directus = new FakeDirectus().use(toDirectusHook(async () => handlers))
    await settled()
    expect(directus.actions).toHaveLength(1)
  })

  test('that rejects is logged, and ends nobody’s process', async () => {
    const rejected = new FakeDirectus().use(toDirectusHook(() => Promise.reject(new Error('no config'))))
    const nothing = new FakeDirectus().use(toDirectusHook(async () => undefined))
    await settled()
    expect(rejected.errors).toHaveLength(1)
    expect(rejected.errors[0]).toContain('none of its handlers will run: Error: no config')
    expect(nothing.errors[0]).toContain('the module returned nothing')
  })

  test('that throws is reported by Directus itself', () => {
    const hook = toDirectusHook(() => {
      throw new Error('no config')
    })
    expect(() => new FakeDirectus().use(hook)).toThrow('no config')
  })
})

describe('what is wrong', () => {
  test.each([
    [undefined, 'the module is undefined. Expected a hook module of the old form: a function of { services,'],
    [null, 'the module is null.'],
    ['./hook.js', 'the module is a string.'],
    [[], 'the module is an array.'],
    [{ default: 1 }, 'the module is a number.'],
  ])('the module %j is named', (module, says) => {
    expect(() => toDirectusHook(module as never)).toThrow(says)
  })

  test.each([
    [undefined, 'the module returned nothing.'],
    [[], 'the module returned an array.'],
    ['x', 'the module returned a string.'],
  ])('the result %j is named', (returned, says) => {
    expect(() => new FakeDirectus().use(toDirectusHook(() => returned))).toThrow(says)
  })

  test('a module of today’s form is told so', () => {
    const hook = toDirectusHook((({ filter }: TodaysRegister) => filter) as never)
    expect(() => new FakeDirectus().use(hook)).toThrow('export it without toDirectusHook')
  })

  test('each event and handler that cannot work is said in one line, and the others work', async () => {
    const works = vi.fn()
    const directus = new FakeDirectus().use(
      toDirectusHook({
        'auth.logout': () => {},
        'item.create': () => {},
        'items.update': 'text',
        'items.delete': null,
        'items.create': works,
      } as never),
    )
    expect(directus.warnings).toEqual([
      'toDirectusHook: "auth.logout" does not exist in this Directus: ' +
        'Directus emits nothing at a logout. Its handler will not run.',
      'toDirectusHook: "item.create" is no event that a hook module can have. ' +
        'Did you mean "items.create"? Its handler will not run.',
      'toDirectusHook: the handler of "items.update" is not a function but string, and will not run. Give it a function.',
      'toDirectusHook: the handler of "items.delete" is not a function but null, and will not run. Give it a function.',
    ])
    await directus.create('articles', {})
    expect(works).toHaveBeenCalledOnce()
  })
})
