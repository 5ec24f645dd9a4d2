import type { Knex } from 'knex'
import { describe, expectTypeOf, it } from 'vitest'
import { createHooks, type HookContext, type HookInput, hookExceptions, type ItemKey, type Pipeline } from '../../src/index.ts'

type Row = Record<string, unknown>
const hooks = createHooks()
const pipeline = {} as Pipeline

describe('hooks, as a user writes them', () => {
  it('take a pipeline to publish to', () => {
    createHooks({ publish: pipeline.publish, logger: console, timeout: 1000 })
    // @ts-expect-error no such option
    createHooks({ retries: 3 })
  })

  it('before: the known names, wildcards, and names of your own', () => {
    hooks.before('items.create', (input, context) => {
      expectTypeOf(input).toEqualTypeOf<Row[]>()
      expectTypeOf(context).toEqualTypeOf<HookContext>()
      input[0] = { ...input[0], title: 'x' }
    })
    hooks.before('users.update', async (input) => {
      expectTypeOf(input).toEqualTypeOf<Row>()
      return { ...input, changed: true }
    })
    hooks.before('items.delete', (keys) => {
      expectTypeOf(keys).toEqualTypeOf<ItemKey[]>()
      return keys.filter((key) => key !== 1)
    })
    hooks.before('items.create', async (input) => (input.length > 1 ? undefined : { title: 'one' }))
    hooks.before('*.*', (input) => expectTypeOf(input).toBeUnknown())
    hooks.before('auth.jwt', async (claims) => ({ ...claims, tenant: 7 }))
    hooks.before('orders.ship', async (input) => expectTypeOf(input).toBeUnknown())
    for (const name of ['items.*', '*.create', '*', 'server.start', 'init', 'auth.login', 'settings.update'] as const) {
      hooks.before(name, () => {})
    }
    const later: string = 'items.create'
    hooks.before(later, () => {})
    expectTypeOf(hooks.before('items.create', () => {})).toEqualTypeOf<() => void>()
  })

  it('before: not what has no before phase', () => {
    // @ts-expect-error a file is heard of when it is there
    hooks.before('files.upload', () => {})
    // @ts-expect-error reading cannot be refused
    hooks.before('items.read', () => {})
    // @ts-expect-error
    hooks.before('response', () => {})
    // @ts-expect-error
    hooks.before('error', () => {})
    // @ts-expect-error
    hooks.before('database.error', () => {})
    // @ts-expect-error
    hooks.before('request.not_found', () => {})
    // @ts-expect-error
    hooks.before('routes.custom.init.after', () => {})
    // @ts-expect-error
    hooks.before('cron(0 * * * *)', () => {})
    // @ts-expect-error it says so already
    hooks.before('items.create.before', () => {})
    // @ts-expect-error a new item is no text
    hooks.before('items.create', () => 'text')
  })

  it('on: what has happened, and schedules', () => {
    hooks.on('items.*', (context) => {
      expectTypeOf(context.accountability?.admin).toEqualTypeOf<boolean | undefined>()
      expectTypeOf(context.item).toEqualTypeOf<ItemKey | readonly ItemKey[] | null | undefined>()
      expectTypeOf(context['mine']).toBeUnknown()
    })
    hooks.on('cron(*/5 * * * *)', async () => {})
    for (const name of ['files.upload', 'cli.init.before', 'response', 'orders.ship', '*'] as const) hooks.on(name, () => {})
    // @ts-expect-error the input comes first there: before('items.create', …)
    hooks.on('items.create.before', () => {})
  })

  it('run: the mutation gets what was given, and its result comes back', () => {
    void (async () => {
      const key = await hooks.run(
        { scope: 'items', action: 'create', collection: 'posts', payload: { title: 'a' } },
        async (input) => {
          expectTypeOf(input).toEqualTypeOf<{ title: string }>()
          return 7
        },
      )
      expectTypeOf(key).toBeNumber()
      await hooks.run({ scope: 'items', action: 'delete', collection: 'posts', item: [1, 2] }, (keys) =>
        expectTypeOf(keys).toEqualTypeOf<number[]>(),
      )
      await hooks.run(
        { scope: 'users', action: 'update', item: 'ada', payload: { name: 'Ada' }, database: {} as Knex.Transaction },
        async () => {},
      )
      await hooks.run({ scope: 'server', action: 'start', port: 3000 }, async () => {})
      await hooks.run(
        { scope: 'orders', action: 'ship', transaction: {} as Knex.Transaction, previous: new Map([[1, { state: 'paid' }]]) },
        () => {},
      )
    })
  })

  it('emit: one event, no pattern', () => {
    void (async () => {
      await hooks.emit('server.stop', { reason: 'deploy' })
      await hooks.emit('orders.shipped')
    })
  })

  it('registerHook: a module, typed or not', () => {
    void (async () => {
      const off = await hooks.registerHook(({ exceptions, services }) => {
        expectTypeOf(exceptions).toEqualTypeOf<typeof hookExceptions>()
        return { 'items.create.before': () => void services['MailService'] }
      })
      expectTypeOf(off).toEqualTypeOf<() => void>()
      await hooks.registerHook(({ services: { MailService } }: { services: { MailService: new () => object } }) => ({
        'items.create': () => void new MailService(),
      }))
      await hooks.registerHook({ default: async () => ({}) }, { services: {}, env: { A: '1' } })
      // @ts-expect-error not a module
      await hooks.registerHook('./hook.js')
    })
  })

  it('exceptions have what a host answers with', () => {
    const error = new hookExceptions.ForbiddenException('no', { field: 'title' })
    expectTypeOf(error.status).toBeNumber()
    expectTypeOf(error.code).toBeString()
    expectTypeOf(error).toExtend<Error>()
  })

  it('inputs are named', () => {
    expectTypeOf<HookInput<'items.create'>>().toEqualTypeOf<Row[]>()
    expectTypeOf<HookInput<'*.delete'>>().toEqualTypeOf<ItemKey[]>()
    expectTypeOf<HookInput<'items.*'>>().toBeUnknown()
  })
})
