import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../testing/virtual-clock.ts'
import type { ChangeInput } from '../../types.ts'
import { createHooks, type HookContext, type HookEvent } from './index.ts'

function staged() {
  const logged: string[] = []
  const published: ChangeInput[] = []
  const log = (line: string) => void logged.push(line)
  const clock = virtualClock(Date.UTC(2026, 0, 1))
  const hooks = createHooks({
    publish: async (changes) => void published.push(...changes),
    logger: { info: log, warn: log, error: log },
    clock,
  })
  return { hooks, logged, published, clock }
}

interface Line {
  /** As a module names it. */
  name: string
  before: boolean
  event: HookEvent
  /** What is published; null: nothing. */
  published: Pick<ChangeInput, 'collection' | 'event' | 'key'> | null
}

const MUTATIONS = ['create', 'update', 'delete'] as const
const NEVER = ['activity', 'notifications', 'presets', 'revisions']
const SCOPES = [
  ...['activity', 'collections', 'fields', 'folders', 'permissions', 'presets', 'relations', 'revisions', 'roles'],
  ...['settings', 'users', 'webhooks', 'notifications', 'files'],
]

function line(name: string, before: boolean, more: Partial<HookEvent> = {}, published: Line['published'] = null): Line {
  const dot = name.lastIndexOf('.')
  const event = dot < 0 ? { scope: name } : { scope: name.slice(0, dot), action: name.slice(dot + 1) }
  return { name, before, event: { ...event, ...more }, published }
}

const tables = [['items', 'posts'] as const, ...SCOPES.map((scope) => [scope, `directus_${scope}`] as const)]

/** Every known event: its name, whether it has a before phase, and what is published of it. */
const LINES: readonly Line[] = [
  ...['cli.init', 'routes.init', 'routes.custom.init', 'middlewares.init'].flatMap((scope) => [
    line(`${scope}.before`, false),
    line(`${scope}.after`, false),
  ]),
  line('server.start', true),
  line('server.stop', true),
  line('init', true),
  line('request.not_found', false),
  line('response', false),
  line('database.error', false),
  line('error', false),
  line('auth.login', true, { payload: {} }),
  line('auth.logout', true),
  line('auth.jwt', true, { payload: {} }),
  line('auth.refresh', true),
  line('items.read', false, { collection: 'posts', query: { limit: 1 } }),
  ...tables.flatMap(([scope, collection]) =>
    MUTATIONS.map((event) =>
      line(
        `${scope}.${event}`,
        true,
        {
          ...(scope === 'items' && { collection }),
          ...(event !== 'delete' && { payload: {} }),
          ...(event !== 'create' && { item: 7 }),
        },
        NEVER.includes(scope) ? null : { collection, event, key: 7 },
      ),
    ),
  ),
  line('files.upload', false, { payload: { title: 'a' } }, { collection: 'directus_files', event: 'create', key: 7 }),
]

describe('every event', () => {
  it.each(LINES)('$name: its hooks run, and it is published as it should be', async ({ name, before, event, published }) => {
    const stage = staged()
    const called: string[] = []
    const keep = (context: HookContext) => void called.push(context.event)
    await stage.hooks.registerHook(() => ({ [name]: keep }))
    if (before) stage.hooks.before(name, (_input, context) => keep(context))
    const result = await stage.hooks.run(event, () => {
      called.push('it happens')
      return 7
    })
    expect(result).toBe(7)
    expect(called).toEqual([...(before ? [`${name}.before`] : []), 'it happens', name])
    expect(stage.published.map(({ collection, event, key }) => ({ collection, event, key }))).toEqual(
      published ? [published] : [],
    )
    expect(stage.logged).toEqual([])
  })

  it.each(LINES.filter(({ before }) => before))('$name (before): a module may cancel it', async ({ name, event }) => {
    const { hooks, published } = staged()
    const no = new Error('no')
    await hooks.registerHook(() => ({
      [`${name}.before`]: () => {
        throw no
      },
    }))
    await expect(hooks.run(event, () => expect.unreachable())).rejects.toBe(no)
    expect(published).toEqual([])
  })

  it.each(LINES.filter(({ before }) => !before))('$name: has no before phase, and says so', async ({ name }) => {
    const { hooks } = staged()
    const expected = { code: 'CONFIG_INVALID', message: expect.stringMatching(/before phase|named twice/) }
    expect(() => hooks.before(name, () => {})).toThrow(expect.objectContaining(expected))
    const handlers = { [`${name}.before`]: () => {} }
    await expect(hooks.registerHook(() => handlers)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('files.upload: is an update of directus_files where the file is there already', async () => {
    const { hooks, published } = staged()
    await hooks.run({ scope: 'files', action: 'upload', item: 'f1', payload: { title: 'a' } }, () => undefined)
    expect(published).toEqual([{ collection: 'directus_files', event: 'update', key: 'f1', fields: { title: 'a' } }])
  })

  it('sessions and migrations: never published, by whatever name', async () => {
    const { hooks, published } = staged()
    const heard: unknown[] = []
    hooks.on('*', ({ event, collection }) => void heard.push([event, collection]))
    await hooks.run({ scope: 'sessions', action: 'delete', item: 1 }, () => {})
    await hooks.run({ scope: 'items', action: 'delete', collection: 'directus_sessions', item: 1 }, () => {})
    await hooks.run({ scope: 'items', action: 'delete', collection: 'directus_migrations', item: 1 }, () => {})
    await hooks.run({ scope: 'items', action: 'delete', collection: 'unstale_entries', item: 1 }, () => {})
    await hooks.run({ scope: 'activity', action: 'create', collection: 'log', payload: {} }, () => 1)
    expect(published).toEqual([])
    expect(heard).toHaveLength(5)
  })

  it('orders.ship: a name of your own runs its hooks and changes nothing; orders.update changes orders', async () => {
    const { hooks, published, logged } = staged()
    const heard: unknown[] = []
    hooks.before('orders.ship', (input) => ({ ...(input as object), checked: true }))
    hooks.on('orders.*', ({ event, payload }) => void heard.push([event, payload]))
    expect(await hooks.run({ scope: 'orders', action: 'ship', payload: { to: 'Rome' } }, (input) => input)).toEqual({
      to: 'Rome',
      checked: true,
    })
    await hooks.run({ scope: 'orders', action: 'update', item: 3, payload: { state: 'sent' } }, () => {})
    await hooks.run({ scope: 'orders', action: 'update', collection: 'orders_2026', item: 4, payload: {} }, () => {})
    expect(heard).toEqual([
      ['orders.ship', { to: 'Rome', checked: true }],
      ['orders.update', { state: 'sent' }],
      ['orders.update', {}],
    ])
    expect(published.map(({ collection, key }) => [collection, key])).toEqual([
      ['orders', 3],
      ['orders_2026', 4],
    ])
    expect(logged).toEqual([])
  })
})

describe('patterns', () => {
  const heardBy = async (pattern: string) => {
    const { hooks } = staged()
    const heard: string[] = []
    await hooks.registerHook(() => ({ [pattern]: (...values: HookContext[]) => void heard.push(String(values.at(-1)?.event)) }))
    for (const { name, event } of LINES.filter(({ name }) =>
      /^(items|users|files\.upload|init|server|routes|error)/.test(name),
    )) {
      await hooks.run({ ...event, name }, () => 7)
    }
    return heard
  }

  it.each([
    ['items.*', ['items.read', 'items.create', 'items.update', 'items.delete']],
    ['items.*.before', ['items.create.before', 'items.update.before', 'items.delete.before']],
    ['*.create', ['items.create', 'users.create']],
    ['*.create.before', ['items.create.before', 'users.create.before']],
    ['*.upload', ['files.upload']],
    ['*.init.before', ['routes.init.before']],
    ['routes.*.init.*', ['routes.custom.init.before', 'routes.custom.init.after']],
    ['server.*.before', ['server.start.before', 'server.stop.before']],
    ['init', ['init']],
    ['init.before', ['init.before']],
    ['error', ['error']],
  ])('%s', async (pattern, expected) => expect(await heardBy(pattern)).toEqual(expected))

  it('*.* is every event that has an action, * every event, and with .before each of their before phases', async () => {
    const all = await heardBy('*')
    expect(all).toContain('init')
    expect(await heardBy('*.*')).toEqual(all.filter((name) => name.includes('.')))
    const before = await heardBy('*.before')
    expect(before).toContain('init.before')
    expect(before).not.toContain('items.read.before')
    expect(await heardBy('*.*.before')).toEqual(before.filter((name) => name !== 'init.before'))
  })

  it.each([
    ['on', 'items.create.before', 'use before("items.create")'],
    ['on', 'items..create', 'write <scope>.<action>'],
    ['on', ' items.create', 'write <scope>.<action>'],
    ['on', '', 'write <scope>.<action>'],
    ['on', 'cron 0 * * * *', 'write cron(<statement>)'],
    ['before', 'items.create.before', 'use before("items.create")'],
    ['before', '*.read', 'use on("*.read")'],
    ['before', 'request.*', 'use on("request.*")'],
    ['before', 'cron(0 * * * *)', 'use on()'],
  ] as const)('%s("%s") is refused, and told what to do', (method, name, fix) => {
    const { hooks } = staged()
    const register = hooks[method] as (name: string, hook: () => void) => void
    expect(() => register(name, () => {})).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(fix) }),
    )
  })

  it('what happens is one event, not a pattern', async () => {
    const { hooks } = staged()
    await expect(hooks.run({ scope: 'items', action: '*' }, () => {})).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(hooks.emit('items.*')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(hooks.emit('server.start.before')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('a misspelt name', () => {
  it('is allowed, and the known one is suggested, once', async () => {
    const { hooks, logged } = staged()
    hooks.on('items.craete', () => {})
    hooks.before('items.craete', () => {})
    await hooks.run({ scope: 'items', action: 'craete' }, () => {})
    await hooks.emit('server.strat')
    hooks.on('users', () => {})
    hooks.on('routes.custom.init', () => {})
    expect(logged).toEqual([
      'unstale: nothing that is known is called "items.craete": did you mean "items.create"?',
      'unstale: nothing that is known is called "server.strat": did you mean "server.start"?',
      'unstale: nothing that is known is called "users": did you mean "users.*"?',
      'unstale: nothing that is known is called "routes.custom.init": did you mean "routes.custom.init.*"?',
    ])
  })

  it('of an own scope or far from all is nobody else’s business', () => {
    const { hooks, logged } = staged()
    for (const name of ['orders.craete', 'items.publish', 'folder.create', 'deploy']) hooks.on(name, () => {})
    expect(logged).toEqual([])
  })
})
