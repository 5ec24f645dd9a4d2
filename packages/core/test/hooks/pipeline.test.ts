import knexOf, { type Knex } from 'knex'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createHooks,
  createPipeline,
  createTables,
  type Hooks,
  knexStore,
  type Pipeline,
  type TargetInput,
} from '../../src/index.ts'
import { type ScriptedTransport, scriptedTransport, type VirtualClock, virtualClock } from '../../src/testing/index.ts'

const SITE: TargetInput = {
  key: 'site',
  url: 'https://site.test/flush',
  rules: [
    { collection: 'posts', payload: ['title'], previous: ['title'] },
    { collection: 'directus_users', payload: ['*'] },
    { collection: 'directus_files', payload: ['title'] },
    { collection: 'users', payload: ['*'] },
    { collection: 'directus_activity', payload: ['*'] },
  ],
}

let clock: VirtualClock
let transport: ScriptedTransport
let knex: Knex
let pipeline: Pipeline
let hooks: Hooks
let heard: string[]

beforeEach(async () => {
  clock = virtualClock(Date.now())
  transport = scriptedTransport()
  knex = knexOf({ client: 'better-sqlite3', connection: ':memory:', useNullAsDefault: true })
  await createTables({ knex })
  await knex.schema.createTable('posts', (table) => {
    table.increments('id')
    table.string('title')
  })
  pipeline = createPipeline({ targets: [SITE], store: knexStore({ knex }), transport, clock })
  // Before a transaction holds the only connection.
  await pipeline.tick()
  hooks = createHooks({ publish: pipeline.publish, clock })
  heard = []
  hooks.on(
    '*',
    ({ event, item, database }) => void heard.push(`${event} ${String(item)}${database === undefined ? '' : ' with a database'}`),
  )
})

afterEach(() => knex.destroy())

/** What arrives within a second, without the time. */
async function arrived(): Promise<unknown[]> {
  await clock.advance(1000)
  await pipeline.tick()
  await clock.advance(1000)
  await pipeline.tick()
  return transport.bodies.flat().map((event) => ({ ...(event as object), timestamp: 0 }))
}
const told = (collection: string, event: string, fields: object, more: object = {}) => ({
  collection,
  event,
  fields,
  timestamp: 0,
  ...more,
})

describe('with a pipeline', () => {
  it('what happened reaches the targets that asked for it', async () => {
    const [id] = await hooks.run({ scope: 'items', action: 'create', collection: 'posts', payload: { title: 'a' } }, (post) =>
      knex('posts').insert(post),
    )
    expect(await arrived()).toEqual([told('posts', 'create', { id, title: 'a' })])
    const event = { scope: 'items', action: 'update', collection: 'posts', item: id as number, previous: { title: 'a' } } as const
    await hooks.run({ ...event, payload: { title: 'b' } }, (post) => knex('posts').where({ id }).update(post))
    expect((await arrived())[1]).toEqual(told('posts', 'update', { id, title: 'b' }, { previous: { title: 'a' } }))
  })

  it('system scopes arrive as their tables, without secrets; a rule on `users` is not meant by them', async () => {
    await hooks.run({ scope: 'users', action: 'update', item: 'u', payload: { name: 'Ada', password: 'p' } }, () => {})
    await hooks.run({ scope: 'files', action: 'upload', payload: { title: 'tide.png' } }, () => 'f')
    expect(await arrived()).toEqual([
      told('directus_users', 'update', { id: 'u', name: 'Ada' }),
      told('directus_files', 'create', { id: 'f', title: 'tide.png' }),
    ])
  })

  it('what nobody asked for, and what may never be told, is no error and goes nowhere', async () => {
    await hooks.run({ scope: 'items', action: 'delete', collection: 'drafts', item: 1 }, () => {})
    await hooks.run({ scope: 'activity', action: 'create', payload: { action: 'login' } }, () => 1)
    expect(await arrived()).toEqual([])
    expect(heard).toEqual(['items.delete 1', 'activity.create 1'])
  })
})

describe('in a transaction', () => {
  const create = (database: Knex.Transaction) =>
    hooks.run({ scope: 'items', action: 'create', collection: 'posts', payload: { title: 'a' }, database }, (post) =>
      database('posts').insert(post),
    )

  it('notice and after-hooks come with the commit, and the hooks get no database that is over', async () => {
    hooks.before('items.create', (_input, { database }) => void heard.push(`before ${String((database as Knex).isTransaction)}`))
    await knex.transaction(async (trx) => {
      await create(trx)
      expect(heard).toEqual(['before true'])
    })
    expect(await arrived()).toEqual([told('posts', 'create', { id: 1, title: 'a' })])
    expect(heard).toEqual(['before true', 'items.create 1'])
  })

  it('a savepoint waits for the transaction around it', async () => {
    await knex.transaction(async (trx) => {
      await trx.transaction(create)
      expect(heard).toEqual([])
    })
    await arrived()
    expect(heard).toEqual(['items.create 1'])
  })

  it('a rollback takes both back', async () => {
    const failed = knex.transaction(async (trx) => {
      await create(trx)
      throw new Error('second thoughts')
    })
    await expect(failed).rejects.toThrow('second thoughts')
    expect(await arrived()).toEqual([])
    expect(heard).toEqual([])
  })

  it('a refusal leaves the transaction to its owner', async () => {
    hooks.before('items.create', () => {
      throw new Error('no')
    })
    await knex.transaction(async (trx) => {
      await expect(create(trx)).rejects.toThrow('no')
      await trx('posts').insert({ title: 'b' })
    })
    expect(await knex('posts').pluck('title')).toEqual(['b'])
    expect(await arrived()).toEqual([])
  })

  it('transaction: null publishes at once all the same, for a store that is elsewhere', async () => {
    const elsewhere = createPipeline({ targets: [SITE], transport, clock, logger: { ...console, warn() {} } })
    const apart = createHooks({ publish: elsewhere.publish, clock })
    const event = { scope: 'items', action: 'delete', collection: 'posts', item: 1 } as const
    await knex.transaction(async (database) => {
      await expect(apart.run({ ...event, database }, () => {})).rejects.toMatchObject({ code: 'TRANSACTION_UNSUPPORTED' })
      await apart.run({ ...event, database, transaction: null }, () => {})
    })
    await clock.advance(50)
    expect(await elsewhere.tick()).toMatchObject({ settled: 1 })
  })

  it('an executor that tells of its commit is waited for; one that does not is not', async () => {
    let commit = () => {}
    const committed = new Promise<void>((resolve) => {
      commit = resolve
    })
    const given: unknown[] = []
    const alone = createHooks({ publish: async (_changes, options) => void given.push(options) })
    alone.on('*', ({ item }) => void heard.push(`deleted ${String(item)}`))
    const run = async () => ({ rows: [], changes: 0 })
    const tells = { run, committed }
    const silent = { run }
    await alone.run({ scope: 'posts', action: 'delete', item: 1, transaction: tells }, () => {})
    await alone.run({ scope: 'posts', action: 'delete', item: 2, transaction: silent }, () => {})
    expect(heard).toEqual(['deleted 2'])
    commit()
    await committed
    await Promise.resolve()
    expect(heard).toEqual(['deleted 2', 'deleted 1'])
    expect(given).toEqual([{ transaction: tells }, { transaction: silent }])
  })
})
