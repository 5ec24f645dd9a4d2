/** The tables of the SQL store. */
import type { Knex } from 'knex'
import { PipelineError } from '../../errors.ts'
import type { SqlExecutor } from '../../ports.ts'
import { type Dialect, dialectOf, knexDialect, type SqlDialect } from './dialect.ts'
import { knexExecutor } from './executor.ts'
import { isCreatedMeanwhile, retryAfter, retrying, toStoreError } from './failure.ts'

/** Where the tables are: a Knex, or an executor and the dialect it takes. `prefix` (default `unstale_`) begins each name. */
export type SqlPlace = ({ knex: Knex } | { executor: SqlExecutor; dialect: SqlDialect }) & { prefix?: string }

export interface Tables {
  version: string
  /** What is known of each target, as JSON; SQL only looks at when there is next something to claim. */
  lanes: string
  /** Entries that wait or fly, numbered within their lane. An item is a hash: equal or not, whatever the collation. */
  entries: string
  dead: string
  inbox: string
}

/** Changes with the tables, not with the package. */
export const TABLES_VERSION = 1
export const DEFAULT_PREFIX = 'unstale_'

/** Throws CONFIG_INVALID unless the prefix can begin a name that needs no quotes. */
export function tablesOf(prefix: string = DEFAULT_PREFIX): Tables {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(prefix)) {
    throw new PipelineError(
      'CONFIG_INVALID',
      'prefix: must be 1 to 40 small letters, digits and underscores, and not begin with a digit',
    )
  }
  const name = (rest: string) => `${prefix}${rest}`
  return { version: name('version'), lanes: name('lanes'), entries: name('entries'), dead: name('dead'), inbox: name('inbox') }
}

export function placeOf(place: SqlPlace): { executor: SqlExecutor; dialect: Dialect; tables: Tables; prefix: string } {
  const { prefix = DEFAULT_PREFIX } = place
  const tables = tablesOf(prefix)
  if ('knex' in place) return { executor: knexExecutor(place.knex), dialect: dialectOf(knexDialect(place.knex)), tables, prefix }
  return { executor: place.executor, dialect: dialectOf(place.dialect), tables, prefix }
}

/** Creates what is missing of the store's tables. Safe to repeat, also from several processes at once. */
export async function createTables(place: SqlPlace): Promise<void> {
  const { executor, dialect, tables, prefix } = placeOf(place)
  // What another process has just created is there when one asks again.
  const waitAfter = (error: unknown, tries: number) =>
    isCreatedMeanwhile(error) && tries <= 10 ? 5 * tries : retryAfter(error, tries)
  try {
    for (const statement of statementsFor(dialect, tables)) await retrying(() => executor.run(statement, []), waitAfter)
  } catch (error) {
    throw toStoreError(dialect.name, 'create its tables', error, prefix)
  }
}

/** The same as SQL text, for a migration of one's own. */
export function printTables(dialect: SqlDialect, prefix: string = DEFAULT_PREFIX): string {
  return `${statementsFor(dialectOf(dialect), tablesOf(prefix)).join(';\n\n')};\n`
}

function statementsFor(dialect: Dialect, tables: Tables): string[] {
  const { id, integer, small, key, text } = dialect.types
  const indexes: string[] = []
  const table = (name: string, columns: string[], index: Record<string, string> = {}): string => {
    const lines = [...columns]
    for (const [suffix, on] of Object.entries(index)) {
      if (dialect.separateIndexes) indexes.push(`CREATE INDEX IF NOT EXISTS ${name}_${suffix} ON ${name} (${on})`)
      else lines.push(`KEY ${name}_${suffix} (${on})`)
    }
    return `CREATE TABLE IF NOT EXISTS ${name} (\n  ${lines.join(',\n  ')}\n)${dialect.tableOptions}`
  }
  const entry = [
    `item ${key} NOT NULL`,
    `collection ${text} NOT NULL`,
    `appended_at ${integer} NOT NULL`,
    `last_at ${integer} NOT NULL`,
    `refused_in ${integer} NOT NULL`,
    `size ${integer} NOT NULL`,
    `revision ${text} NOT NULL`,
    `first_change ${text} NOT NULL`,
    `last_change ${text}`,
  ]
  const lane = [`id ${id}`, `target ${key} NOT NULL UNIQUE`, `ready_at ${integer}`, `state ${text} NOT NULL`]
  const place = [`lane ${integer} NOT NULL`, `ord ${integer} NOT NULL`, `flying ${small} NOT NULL`]
  const letter = [
    `id ${key} NOT NULL PRIMARY KEY`,
    `target ${key} NOT NULL`,
    `ord ${integer} NOT NULL`,
    `reason ${key} NOT NULL`,
    `died_at ${integer} NOT NULL`,
  ]
  const created = [
    table(tables.lanes, lane, { ready: 'ready_at' }),
    table(tables.entries, [...place, ...entry, 'PRIMARY KEY (lane, ord)'], { item: 'item' }),
    table(tables.dead, [...letter, ...entry], { target: 'target, id' }),
    table(tables.inbox, [`id ${id}`, `body ${text} NOT NULL`]),
    table(tables.version, [`one ${integer} NOT NULL PRIMARY KEY`, `version ${integer} NOT NULL`]),
  ]
  // Last, so that a version is only there once everything is.
  const version = `INSERT INTO ${tables.version} (one, version) VALUES (1, ${TABLES_VERSION}) ${dialect.onConflict(['one'], [])}`
  return [...created, ...indexes, version]
}
