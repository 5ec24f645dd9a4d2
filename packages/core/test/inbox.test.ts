import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import knexOf, { type Knex } from 'knex'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPipeline, createTables, knexStore, type Outcome, type Pipeline, type Source } from '../src/index.ts'
import { scriptedTransport } from '../src/testing/scripted-transport.ts'
import { virtualClock } from '../src/testing/virtual-clock.ts'
import { createDatabase } from './simulation/database.ts'

const target = { key: 'site', url: 'https://site.test/', rules: [{ collection: 'posts', payload: ['title'] }] }
const change = { collection: 'posts', event: 'update' as const, key: 1, fields: { title: 'new' } }

describe('the inbox', () => {
  it('is folded when a transaction commits, not at the next poll', async () => {
    const clock = virtualClock(1_700_000_000_000)
    const database = createDatabase(clock.now)
    const transport = scriptedTransport()
    const pipeline = createPipeline({ targets: [target], store: database.store, transport, clock })
    await pipeline.start()
    const transaction = database.begin()
    let commit = () => {}
    const committed = new Promise<void>((resolve) => {
      commit = resolve
    })
    await pipeline.publish(change, { transaction: Object.assign(transaction.handle, { committed }) })
    await clock.advance(3000)
    expect(transport.requests).toHaveLength(0)
    transaction.commit()
    commit()
    await clock.advance(1)
    expect(transport.requests).toHaveLength(1)
    await pipeline.stop()
  })

  it('is folded before the window closes where a transaction does not tell of its commit', async () => {
    const clock = virtualClock(1_700_000_000_000)
    const { store, begin } = createDatabase(clock.now)
    const transport = scriptedTransport()
    const pipeline = createPipeline({ targets: [target], store, transport, clock })
    await pipeline.start()
    await clock.advance(10)
    const transaction = begin()
    await pipeline.publish(change, { transaction: transaction.handle })
    transaction.commit()
    await clock.advance(60)
    expect(transport.requests).toHaveLength(1)
    await pipeline.stop()
  })

  it('is hydrated: what the transaction did not know is read before it is sent', async () => {
    const clock = virtualClock(1_700_000_000_000)
    const database = createDatabase(clock.now)
    const transport = scriptedTransport()
    const source: Source = {
      subscribe: () => () => {},
      hydrate: async (changes) => changes.map((one) => ({ ...one, fields: { ...one.fields, title: 'read later' } })),
    }
    const pipeline = createPipeline({ targets: [target], store: database.store, transport, clock, sources: [source] })
    const transaction = database.begin()
    await pipeline.publish({ ...change, fields: {} }, { transaction: transaction.handle })
    transaction.commit()
    await pipeline.tick()
    await clock.advance(60)
    await pipeline.tick()
    expect(transport.bodies).toMatchObject([[{ fields: { id: 1, title: 'read later' } }]])
  })
})

it('is written into after stop, too: whoever works next announces it', async () => {
  const clock = virtualClock(1_700_000_000_000)
  const { store, begin } = createDatabase(clock.now)
  const transport = scriptedTransport()
  const options = { targets: [target], store, transport, clock }
  const stopped = createPipeline(options)
  await stopped.start()
  await stopped.stop()
  const transaction = begin()
  await stopped.publish(change, { transaction: transaction.handle })
  transaction.commit()
  const next = createPipeline(options)
  await next.tick()
  await clock.advance(60)
  await next.tick()
  expect(transport.bodies).toMatchObject([[{ fields: { id: 1, title: 'new' } }]])
})

it('folds what was committed within a window together', async () => {
  const clock = virtualClock(1_700_000_000_000)
  const { store, begin } = createDatabase(clock.now)
  const transport = scriptedTransport()
  let folds = 0
  const hydrate = async <T>(changes: T): Promise<T> => {
    folds++
    return changes
  }
  const sources = [{ subscribe: () => () => {}, hydrate }]
  const pipeline = createPipeline({ targets: [target], store, transport, clock, sources })
  await pipeline.start()
  await clock.advance(10)
  for (let key = 1; key <= 3; key++) {
    const transaction = begin()
    let commit = () => {}
    const committed = new Promise<void>((resolve) => {
      commit = resolve
    })
    await pipeline.publish({ ...change, key }, { transaction: Object.assign(transaction.handle, { committed }) })
    transaction.commit()
    commit()
    await clock.advance(5)
  }
  await clock.advance(45)
  expect(folds).toBe(1)
  expect(transport.bodies).toMatchObject([[{ fields: { id: 1 } }, { fields: { id: 2 } }, { fields: { id: 3 } }]])
  await pipeline.stop()
})

describe('on a real database', () => {
  let folder: string
  let knex: Knex
  let pipeline: Pipeline
  let delivered: Outcome[]
  const transport = scriptedTransport()

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unstale-'))
    knex = knexOf({ client: 'better-sqlite3', connection: { filename: join(folder, 'app.db') }, useNullAsDefault: true })
    await knex.schema.createTable('posts', (table) => {
      table.increments()
      table.text('title')
    })
    await createTables({ knex })
    delivered = []
    pipeline = createPipeline({ targets: [target], store: knexStore({ knex }), transport })
    pipeline.on('delivered', (outcome) => delivered.push(outcome))
  })

  afterEach(async () => {
    await pipeline.stop()
    await knex.destroy()
    await rm(folder, { recursive: true })
  })

  const write = (title: string, fail = false) =>
    knex.transaction(async (trx) => {
      const [id] = await trx('posts').insert({ title })
      await pipeline.publish({ collection: 'posts', event: 'create', key: id as number, fields: { title } }, { transaction: trx })
      if (fail) throw new Error('rolled back')
    })

  it('what is committed is announced, and what is rolled back is not, also if the pipeline was not started before', async () => {
    await write('first')
    await write('never', true).catch(() => {})
    await write('second')
    const done = new Promise<void>((resolve) => pipeline.on('delivered', () => resolve()))
    await pipeline.start()
    await done
    expect(delivered.flatMap(({ batch }) => batch.items)).toEqual([
      { collection: 'posts', key: 1, event: 'create' },
      { collection: 'posts', key: 2, event: 'create' },
    ])
    expect(await knex('posts').pluck('title')).toEqual(['first', 'second'])
  })

  it('two pipelines on one file share the work, each change once', async () => {
    const other = createPipeline({ targets: [target], store: knexStore({ knex }), transport })
    other.on('delivered', (outcome) => delivered.push(outcome))
    await Promise.all([pipeline.start(), other.start()])
    const all = new Promise<void>((resolve) => {
      const check = () => {
        if (delivered.flatMap(({ batch }) => batch.items).length >= 30) resolve()
      }
      pipeline.on('delivered', check)
      other.on('delivered', check)
    })
    for (let key = 0; key < 30; key++) await write(`title ${key}`)
    await all
    await other.stop()
    const keys = delivered.flatMap(({ batch }) => batch.items.map((item) => item.key as number))
    expect(keys.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
  })
})
