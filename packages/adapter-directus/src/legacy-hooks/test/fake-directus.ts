/** Directus, as far as hooks see it: who is called by which name, in which order, and what becomes of what they throw. */
import type { TodaysEventContext, TodaysHook, TodaysHookContext, TodaysRegister } from '../types.ts'

type Meta = Readonly<Record<string, unknown>>
type Filter = Parameters<TodaysRegister['filter']>[1]
type Action = Parameters<TodaysRegister['action']>[1]

/** A `*` is one segment, as in EventEmitter2 with wildcards: `*.create` hears `users.create`, not `articles.items.create`. */
const hears = (pattern: string, event: string): boolean => {
  const wanted = pattern.split('.')
  const segments = event.split('.')
  return wanted.length === segments.length && wanted.every((one, index) => one === '*' || one === segments[index])
}

const trx: TodaysEventContext = { database: 'the transaction', schema: 'the schema', accountability: { admin: true } }
const root: TodaysEventContext = { ...trx, database: 'the pool' }
const none: TodaysEventContext = { database: 'the pool', schema: null, accountability: null }

export class FakeDirectus {
  filters: { event: string; handler: Filter }[] = []
  actions: { event: string; handler: Action }[] = []
  inits: { event: string; handler: (meta: Meta) => unknown }[] = []
  schedules: { cron: string; handler: () => unknown }[] = []
  warnings: string[] = []
  errors: string[] = []
  key = 0
  register: TodaysRegister = {
    filter: (event, handler) => void this.filters.push({ event, handler }),
    action: (event, handler) => void this.actions.push({ event, handler }),
    init: (event, handler) => void this.inits.push({ event, handler }),
    schedule: (cron, handler) => void this.schedules.push({ cron, handler }),
  }
  context: TodaysHookContext = {
    services: {},
    env: { PUBLIC_URL: '/' },
    database: 'the pool',
    logger: { warn: (line) => void this.warnings.push(line), error: (line) => void this.errors.push(line) },
    getSchema: async () => 'the schema',
  }

  use(hook: TodaysHook): this {
    hook(this.register, this.context)
    return this
  }

  async filter(events: string | string[], payload: unknown, meta: Meta, now: TodaysEventContext): Promise<unknown> {
    let changed = payload
    for (const event of [events].flat()) {
      for (const { handler } of this.filters.filter((one) => hears(one.event, event))) {
        const result = await handler(changed, { event, ...meta }, now)
        if (result !== undefined) changed = result
      }
    }
    return changed
  }

  /** Nobody waits for an action, but one that throws at once ends the request with 500. */
  action(events: string | string[], meta: Meta, now: TodaysEventContext): void {
    for (const event of [events].flat()) {
      for (const { handler } of this.actions.filter((one) => hears(one.event, event))) handler({ event, ...meta }, now)
    }
  }

  async init(event: string, meta: Meta): Promise<void> {
    for (const { handler } of this.inits.filter((one) => one.event === event)) await handler({ event, ...meta })
  }

  /** As recorded of `POST /items/:collection`: the filter in the transaction, a row of activity, then the action. */
  async create(collection: string, item: object, who: unknown = trx.accountability): Promise<unknown> {
    const events = names(collection, 'create')
    const payload = await this.filter(events, { ...item }, { collection }, { ...trx, accountability: who })
    const key = ++this.key
    const row = { action: 'create', collection, item: key }
    await this.filter('activity.create', row, { collection: 'directus_activity' }, { ...trx, accountability: null })
    const activity = { payload: row, key: 1, collection: 'directus_activity' }
    this.action('activity.create', activity, { ...trx, accountability: null })
    this.action(events, { payload, key, collection }, { ...root, accountability: who })
    return payload
  }

  /** As recorded of `PATCH /items/:collection/:id`: keys are texts, and sorted in place after the filter. */
  async update(collection: string, keys: unknown[], change: object): Promise<unknown> {
    const events = names(collection, 'update')
    const payload = await this.filter(events, { ...change }, { keys, collection }, root)
    keys.sort()
    this.action(events, { payload, keys, collection }, root)
    return payload
  }

  /** As recorded of `DELETE /items/:collection`: the keys are the payload, and no `keys` in the filter's meta. */
  async delete(collection: string, keys: unknown[]): Promise<unknown> {
    const events = names(collection, 'delete')
    const left = await this.filter(events, keys, { collection }, root)
    this.action(events, { payload: left, keys: left, collection }, root)
    return left
  }

  async read(collection: string, query: object, rows: unknown[]): Promise<unknown> {
    await this.filter(names(collection, 'query'), query, { collection }, root)
    const payload = await this.filter(names(collection, 'read'), rows, { query, collection }, root)
    this.action(names(collection, 'read'), { payload, query, collection }, root)
    return payload
  }

  /** Without a user: before anybody has signed in, and at the start and the end of the server. */
  early: TodaysEventContext = none
}

/** A user's own collection emits two names, one of Directus' own one. */
const names = (collection: string, action: string): string[] =>
  collection.startsWith('directus_')
    ? [`${collection.slice('directus_'.length)}.${action}`]
    : [`items.${action}`, `${collection}.items.${action}`]

/** Lets everything run that nobody waits for. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
