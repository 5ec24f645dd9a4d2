/** The SQL store on a server, several times, as several processes have it. */
import { afterAll } from 'vitest'
import { knexExecutor, sqlStore } from '../../src/stores/sql/index.ts'
import { seeded } from '../simulation/random.ts'
import { openKnex, type ServerDialect, tablesIn } from '../stores/harness.ts'
import type { Open } from './suite.ts'
import { unhurried } from './unhurried.ts'

export function onServer(dialect: ServerDialect, url: string): Open {
  const { prefix, empty } = tablesIn(dialect, url)
  const knexes: ReturnType<typeof openKnex>[] = []
  afterAll(() => Promise.all(knexes.map((knex) => knex.destroy())))
  return async (count, double) => {
    await empty()
    while (knexes.length < count) knexes.push(openKnex(dialect, url))
    const executors = knexes.map((knex, n) => unhurried(knexExecutor(knex), seeded(n)))
    const broken = double !== null && 'sql' in double ? executors.map(double.sql) : executors
    const stores = broken.map((executor) => sqlStore({ executor, dialect, prefix }))
    return {
      stores: double !== null && 'stores' in double ? double.stores(stores) : stores,
      transaction: (fn) => (knexes[0] as (typeof knexes)[number]).transaction((trx) => fn(trx)),
      async close() {
        for (const store of stores) await store.close()
      },
    }
  }
}
