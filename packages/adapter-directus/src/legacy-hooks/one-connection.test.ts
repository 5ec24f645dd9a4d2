import { describe, expect, test } from 'vitest'
import { toDirectusHook } from '../to-directus-hook.ts'
import { FakeDirectus, settled } from './test/fake-directus.ts'
import type { LegacyModuleContext } from './types.ts'

interface Fake {
  (table: string): string
  isTransaction?: boolean
  isCompleted?(): boolean
}

/** A pool and a transaction, which say by which of them they were asked. */
function databases(connections: number) {
  let completed = false
  const pool = Object.assign((table: string) => `pool ${table}`, { client: { pool: { max: connections } }, who: () => 'pool' })
  const trx: Fake = Object.assign((table: string) => `trx ${table}`, {
    isTransaction: true,
    isCompleted: () => completed,
    who: () => 'trx',
  })
  return { pool, trx, complete: () => void (completed = true) }
}

class Items {
  collection: string
  knex: unknown

  constructor(collection: string, options: { knex?: unknown }) {
    this.collection = collection
    this.knex = options.knex ?? 'its own'
  }
}

type Reach = LegacyModuleContext & { services: { Items: typeof Items }; database: { (table: string): string; who(): string } }

function start(connections: number, handlers: (context: Reach) => object) {
  const { pool, trx, complete } = databases(connections)
  const directus = new FakeDirectus()
  Object.assign(directus.context, { services: { Items, notAClass: 1 }, database: pool })
  directus.context.getSchema = async (options) => options?.['database']
  directus.use(toDirectusHook((context: never) => handlers(context)))
  const create = () => directus.filter('items.create', {}, { collection: 'a' }, { ...directus.early, database: trx })
  return { directus, pool, trx, complete, create }
}

describe('with one connection', () => {
  test('a handler that holds it shares it with the services and the database of its module', async () => {
    const seen: unknown[] = []
    const { create, trx } = start(1, ({ services, database, getSchema }) => {
      const look = async () => {
        const items = new services.Items('a', {})
        seen.push(
          items instanceof services.Items,
          items.collection,
          items.knex,
          database('t'),
          database.who(),
          'client' in database,
        )
        seen.push(new services.Items('b', { knex: 'given' }).knex, await getSchema(), await getSchema({ database: 'given' }))
      }
      void look()
      return { 'items.create.before': look }
    })
    await settled()
    expect(seen.splice(0)).toEqual([true, 'a', 'its own', 'pool t', 'pool', true, 'given', undefined, 'given'])
    await create()
    expect(seen).toEqual([true, 'a', trx, 'trx t', 'trx', false, 'given', trx, 'given'])
  })

  test('what is left to run after the transaction is no part of it', async () => {
    const seen: string[] = []
    let later = (): void => {}
    const { create, complete } = start(1, ({ database }) => ({
      'items.create.before': () => {
        const wait = new Promise<void>((resolve) => (later = resolve))
        void wait.then(() => void seen.push(database('t')))
      },
    }))
    await create()
    complete()
    later()
    await settled()
    expect(seen).toEqual(['pool t'])
  })

  test('outside of a transaction nothing changes', async () => {
    const seen: unknown[] = []
    const { directus, pool } = start(1, ({ services, database }) => ({
      'items.update.before': () => void seen.push(new services.Items('a', {}).knex, database('t')),
      'items.create': () => void seen.push(new services.Items('a', {}).knex, database('t')),
    }))
    await directus.filter('items.update', {}, { collection: 'a' }, { ...directus.early, database: pool })
    directus.action('items.create', { collection: 'a' }, { ...directus.early, database: pool })
    expect(seen).toEqual(['its own', 'pool t', 'its own', 'pool t'])
  })
})

test('with more connections than one, a module gets what Directus gave', async () => {
  const seen: unknown[] = []
  const given: unknown[] = []
  const { create, directus } = start(10, ({ services, database }) => {
    given.push(services, database)
    return { 'items.create.before': () => void seen.push(new services.Items('a', {}).knex, database('t')) }
  })
  await create()
  expect(given[0]).toBe(directus.context.services)
  expect(given[1]).toBe(directus.context.database)
  expect(seen).toEqual(['its own', 'pool t'])
})
