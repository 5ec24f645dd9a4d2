import {
  type knexStore,
  PipelineError,
  type PipelineOptions,
  type SqlDialect,
  type SqlExecutor,
  type Store,
  type TargetInput,
  type TargetSource,
} from '@unstale/core'
import type { DataSourceLike, EntityRef, WatchedEntity } from '../typeorm.ts'

/** The connection that the application has: TypeORM's `DataSource`, a Knex, or any other by an executor and its dialect. */
export type Database = DataSourceLike | Parameters<typeof knexStore>[0]['knex'] | { executor: SqlExecutor; dialect: SqlDialect }

/** Everything that `createPipeline` takes, and where changes wait: `database` or `store`. */
export interface UnstaleModuleOptions extends Omit<PipelineOptions, 'targets' | 'store'> {
  /** Who is told: a list, where to load one from, or `'store'`: the store's own table, which is managed at run time. */
  targets: readonly TargetInput[] | TargetSource | 'store'
  /** Changes wait in this database, so that they can be published within its transactions. No other connection is opened. */
  database?: Database
  /** Begins the name of each table in `database`. Default `unstale_`. */
  prefix?: string
  /** `'create'` (default): makes what is missing of the tables at the start. `'check'`: only looks, where migrations make them. */
  tables?: 'create' | 'check'
  /**
   * Entities whose changes are announced without a call of `publish`, within the transaction that makes them. Only where
   * `database` is a `DataSource`. Default none.
   */
  entities?: 'all' | readonly (EntityRef | WatchedEntity)[]
  /** Where changes wait, if not in `database`. It is closed at shutdown. */
  store?: Store
  /** Milliseconds that requests in flight have to end at shutdown. Default 5,000. */
  drain?: number
}

/** What `useClass` and `useExisting` of `forRootAsync` name. */
export interface UnstaleOptionsFactory {
  createUnstaleOptions(): UnstaleModuleOptions | Promise<UnstaleModuleOptions>
}

const NAMES: ReadonlySet<string> = new Set<keyof UnstaleModuleOptions | 'isGlobal'>([
  'targets',
  'database',
  'prefix',
  'tables',
  'entities',
  'store',
  'drain',
  'log',
  'transport',
  'sources',
  'notifiers',
  'network',
  'clock',
  'random',
  'newId',
  'concurrency',
  'lease',
  'retention',
  'logger',
  'isGlobal',
])

/** Throws CONFIG_INVALID, naming everything that is missing or contradicts something else. */
export function checkOptions(options: UnstaleModuleOptions): void {
  const problems = typeof options === 'object' && options !== null ? problemsOf(options) : ['takes an object of options']
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', `UnstaleModule: ${problems.join('; ')}`)
}

function problemsOf(options: UnstaleModuleOptions): string[] {
  const { targets, database, store, prefix, tables, entities, drain } = options
  const problems = Object.keys(options)
    .filter((name) => !NAMES.has(name))
    .map((name) => `${name} is not an option; there are ${[...NAMES].join(', ')}`)
  if (targets === undefined) problems.push("targets is missing: give an array, a TargetSource, or 'store'")
  else if (typeof targets === 'string' && targets !== 'store')
    problems.push("targets has to be an array, a TargetSource, or 'store', not another text")
  if (database === undefined && store === undefined)
    problems.push(
      'database is missing: give the DataSource or Knex of your application, or a store, such as await sqliteStore({ filename })',
    )
  if (database !== undefined && store !== undefined)
    problems.push('database and store are both given: changes wait in one of them, leave the other out')
  if (store !== undefined && typeof (store as Partial<Store> | null)?.append !== 'function')
    problems.push('store has to be a store, such as await sqliteStore({ filename })')
  if (database !== undefined && !isDatabase(database))
    problems.push('database has to be a DataSource of TypeORM, a Knex, or { executor, dialect }')
  if (database === undefined && (prefix !== undefined || tables !== undefined))
    problems.push('prefix and tables are for a database: a store has its own')
  if (tables !== undefined && tables !== 'create' && tables !== 'check') problems.push("tables has to be 'create' or 'check'")
  if (entities !== undefined && !isDataSource(database))
    problems.push('entities are those of a DataSource: give it as database, or call publish yourself')
  if (entities !== undefined && entities !== 'all' && !Array.isArray(entities))
    problems.push("entities has to be an array of entities, or 'all'")
  if (drain !== undefined && !(drain >= 0)) problems.push('drain has to be 0 or more (milliseconds)')
  return problems
}

export function isDataSource(database: unknown): database is DataSourceLike {
  return typeof (database as Partial<DataSourceLike> | undefined)?.createQueryRunner === 'function'
}

export function isKnex(database: unknown): database is Parameters<typeof knexStore>[0]['knex'] {
  return typeof database === 'function' && typeof (database as { raw?: unknown }).raw === 'function'
}

function isDatabase(database: unknown): database is Database {
  const { executor, dialect } = (database ?? {}) as { executor?: unknown; dialect?: unknown }
  return isDataSource(database) || isKnex(database) || (executor !== undefined && dialect !== undefined)
}
