/** The tables of the SQL store: their names, and how they come to be. */
import type { Knex } from 'knex'
import { PipelineError } from '../../errors.ts'
import type { SqlExecutor } from '../../ports.ts'
import { type Dialect, dialectOf, knexDialect, type SqlDialect } from './dialect.ts'
import { knexExecutor } from './executor.ts'
import { isCreatedMeanwhile, isForeignTable, isMissingTable, retryAfter, retrying, toStoreError } from './failure.ts'
import { creation, probes, raising, recording, TABLES_VERSION, upgrade } from './schema.ts'

/** Where the tables are: a Knex, or an executor and the dialect it takes. `prefix` (default `unstale_`) begins each name. */
export type SqlPlace = ({ knex: Knex } | { executor: SqlExecutor; dialect: SqlDialect }) & {
  prefix?: string
  /** Milliseconds after which a call that the database does not answer fails. Default 10,000. */
  timeout?: number
}

export interface Tables {
  version: string
  /** What is known of each target, as JSON; SQL only looks at when there is next something to claim. */
  lanes: string
  /** Entries that wait or fly, numbered within their lane. An item is found by its hash. */
  entries: string
  dead: string
  inbox: string
  /** Appends that were noted and are not yet in the pending sets. */
  arrivals: string
  /** The store's own targets. */
  targets: string
  /** The delivery log, and which items each of its lines is about. */
  log: string
  logItems: string
}

/** A place with what is needed to work there. */
export interface Placed {
  executor: SqlExecutor
  dialect: Dialect
  tables: Tables
  prefix: string
  timeout: number
}

export const DEFAULT_PREFIX = 'unstale_'
const DEFAULT_TIMEOUT = 10_000

/** Throws CONFIG_INVALID unless the prefix can begin a name that needs no quotes. */
export function tablesOf(prefix: string = DEFAULT_PREFIX): Tables {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(prefix)) {
    throw new PipelineError(
      'CONFIG_INVALID',
      'prefix: must be 1 to 40 small letters, digits and underscores, and not begin with a digit',
    )
  }
  const name = (rest: string) => `${prefix}${rest}`
  return {
    version: name('version'),
    lanes: name('lanes'),
    entries: name('entries'),
    dead: name('dead'),
    inbox: name('inbox'),
    arrivals: name('arrivals'),
    targets: name('targets'),
    log: name('log'),
    logItems: name('log_items'),
  }
}

/** Throws STORE_UNSUPPORTED or CONFIG_INVALID. */
export function placeOf(place: SqlPlace): Placed {
  const { prefix = DEFAULT_PREFIX, timeout = DEFAULT_TIMEOUT } = place
  if (!(timeout >= 100)) throw new PipelineError('CONFIG_INVALID', 'timeout: must be 100 or more (milliseconds)')
  const dialect = dialectOf('knex' in place ? knexDialect(place.knex) : place.dialect)
  const executor = 'knex' in place ? knexExecutor(place.knex, { timeout }) : place.executor
  return { executor, dialect, tables: tablesOf(prefix), prefix, timeout }
}

/** Creates what is missing of the store's tables, and brings older ones forward. Safe to repeat, also from several processes at once. */
export async function createTables(place: SqlPlace): Promise<void> {
  const placed = placeOf(place)
  const { executor, dialect, tables, prefix } = placed
  // What another process has just created is there when one asks again.
  const waitAfter = (error: unknown, tries: number) =>
    isCreatedMeanwhile(error) && tries <= 10 ? 5 * tries : retryAfter(error, tries)
  const run = (sql: string) => retrying(() => executor.run(sql, []), waitAfter)
  try {
    const version = await versionOf(placed).catch((error: unknown) => {
      if (isMissingTable(error)) return 0
      throw error
    })
    if (version > TABLES_VERSION) throw wrongVersion(prefix, version)
    if (version > 0) await retrying(() => upgrade(executor, dialect, tables, version), waitAfter)
    for (const statement of creation(dialect, tables)) {
      await run(statement).catch(async (error: unknown) => {
        // An index on a column that a table of somebody else does not have.
        if (isForeignTable(error)) await probe(placed)
        throw error
      })
    }
    await probe(placed)
    await run(recording(dialect, tables))
    await run(raising(tables))
  } catch (error) {
    throw toStoreError(dialect.name, 'create its tables', error, prefix)
  }
}

/** The same as SQL text, for a migration of one's own. */
export function printTables(dialect: SqlDialect, prefix: string = DEFAULT_PREFIX): string {
  const [speaks, tables] = [dialectOf(dialect), tablesOf(prefix)]
  return `${[...creation(speaks, tables), recording(speaks, tables)].join(';\n\n')};\n`
}

/** Rejects with STORE_TABLES_MISSING unless the tables are there, of this version, and ours. */
export async function checkTables(placed: Omit<Placed, 'timeout'>): Promise<void> {
  const version = await versionOf(placed)
  if (version !== TABLES_VERSION) throw wrongVersion(placed.prefix, version)
  await probe(placed)
}

/** 0: the tables are not complete yet. */
async function versionOf({ executor, tables, prefix }: Omit<Placed, 'timeout'>): Promise<number> {
  const { version } = tables
  const { rows } = await asOurs(version, prefix, executor.run(`SELECT version FROM ${version} WHERE one = 1`, []))
  return Number(rows[0]?.version ?? 0)
}

async function probe({ executor, dialect, tables, prefix }: Omit<Placed, 'timeout'>): Promise<void> {
  for (const [table, statement] of probes(dialect, tables)) await asOurs(table, prefix, executor.run(statement, []))
}

async function asOurs<T>(table: string, prefix: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (!isForeignTable(error)) throw error
    const message = `the table ${table} is there and has other columns: it is not of this store; choose another prefix than "${prefix}"`
    throw new PipelineError('STORE_TABLES_MISSING', message, { cause: error })
  }
}

function wrongVersion(prefix: string, version: number): PipelineError {
  const wanted = `this version of the store needs ${TABLES_VERSION}`
  const fix = version < TABLES_VERSION ? 'run createTables' : 'update @unstale/core'
  return new PipelineError('STORE_TABLES_MISSING', `the tables ${prefix}… have version ${version}, and ${wanted}: ${fix}`)
}
