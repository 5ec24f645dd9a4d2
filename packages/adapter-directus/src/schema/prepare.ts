/** Before anything is delivered: the tables and collections are made, if that is wanted and possible. */
import { createTables, knexStore, memoryStore, type Store } from '@unstale/core'
import type { Knex } from 'knex'
import type { HostContext } from '../host.ts'
import type { Settings } from '../settings.ts'
import { applySchema, lookForTargets, reasonOf } from './apply.ts'
import { withLock } from './lock.ts'

interface Place {
  knex: Knex
  prefix: string
}

/** The store in the database of Directus; one in memory where its tables are not there, and cannot be made. */
export async function prepare(host: HostContext, settings: Pick<Settings, 'schemaChanges' | 'tablePrefix'>): Promise<Store> {
  const place = { knex: host.database, prefix: settings.tablePrefix }
  const complain = (line: string) => host.logger.error(`unstale: ${line}`)
  try {
    const problem = await (settings.schemaChanges ? create(host, place) : lookForTargets(host))
    if (problem !== null) complain(problem)
  } catch (error) {
    complain(
      `tables or collections could not be created: ${reasonOf(error)}; allow the database user to, or create them with the files in the folder schema of the extension; what exists is used`,
    )
  }
  const store = knexStore(place)
  const missing = await whatIsMissing(store)
  if (missing === null) return store
  complain(
    `${missing}: changes wait in memory, and a restart loses those that were not delivered; create the tables with schema/unstale.${store.name}.sql of the extension`,
  )
  return memoryStore()
}

async function create(host: HostContext, place: Place): Promise<string | null> {
  return withLock(place.knex, `${place.prefix}setup`, async () => {
    // Who may create nothing is refused even what is there.
    if ((await whatIsMissing(knexStore(place))) !== null) await createTables(place)
    const { done, problem } = await applySchema(host)
    for (const line of done) host.logger.info(`unstale: ${line}`)
    return problem
  })
}

/** Null: its tables are there. */
async function whatIsMissing(store: Store): Promise<string | null> {
  try {
    await store.stats([])
    return null
  } catch (error) {
    // What follows is for who calls the store himself.
    return (error as Error).message.split(';')[0] as string
  }
}
