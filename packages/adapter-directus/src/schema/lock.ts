/** One instance at a time: a row that somebody holds for a while, in a table of our own. */
import { randomUUID } from 'node:crypto'
import type { Knex } from 'knex'

/** Milliseconds for which an instance may hold it, and between two looks of those who wait. */
const HELD = 60_000
const LOOK = 200

export async function withLock<T>(database: Knex, table: string, work: () => Promise<T>): Promise<T> {
  await createTable(database, table)
  const owner = randomUUID()
  const until = Date.now() + 2 * HELD
  while (!(await take(database, table, owner))) {
    // An instance that died while it held it is waited out; one that holds it for longer is overtaken.
    if (Date.now() > until) break
    await new Promise((resolve) => setTimeout(resolve, LOOK))
  }
  try {
    return await work()
  } finally {
    await database(table).where({ id: 1, owner }).update({ held_until: 0 })
  }
}

async function take(database: Knex, table: string, owner: string): Promise<boolean> {
  const now = Date.now()
  const taken = await database(table)
    .where({ id: 1 })
    .where('held_until', '<', now)
    .update({ owner, held_until: now + HELD })
  return Number(taken) > 0
}

/** In all dialects the same. */
export function lockTable(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (
  id integer NOT NULL PRIMARY KEY,
  owner varchar(36),
  held_until bigint NOT NULL
)`
}

async function createTable(database: Knex, table: string): Promise<void> {
  if (!(await database.schema.hasTable(table))) {
    await database.raw(lockTable(table)).catch(async (error: unknown) => {
      // Another instance was faster.
      if (!(await database.schema.hasTable(table))) throw error
    })
  }
  const row = { id: 1, owner: null, held_until: 0 }
  const rows = await database(table).where({ id: 1 }).select('id')
  if (rows.length === 0)
    await database(table)
      .insert(row)
      .catch(() => {})
}
