/** What the tests of TypeORM share: a database with entities, a pipeline whose store is on it, and what it announced. */
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import {
  type ChangeInput,
  createPipeline,
  createTables,
  type Pipeline,
  type PipelineOptions,
  type RuleInput,
  type SqlDialect,
  sqlStore,
} from '@unstale/core'
import { type ScriptedTransport, scriptedTransport, type VirtualClock, virtualClock } from '@unstale/core/testing'
import * as typeorm from 'typeorm'
import * as typeorm03 from 'typeorm-0.3'
import { onTestFinished } from 'vitest'
import { type AnnounceOptions, announceEntities, typeormDialect, typeormExecutor, type WatchedEntity } from '../../src/typeorm.ts'
import { schemas } from './schemas.ts'

/** The copy of this workspace, which is newer than what TypeORM names. */
const SQLite: unknown = createRequire(import.meta.url)('better-sqlite3')

export type TypeOrm = typeof typeorm
export type DataSource = typeorm.DataSource

/** Both copies, typed as the newer one. */
export const VERSIONS: readonly [name: string, copy: TypeOrm][] = [
  ['typeorm 1', typeorm],
  ['typeorm 0.3', typeorm03 as unknown as TypeOrm],
]

/** Where a test's tables are; those of SQLite are in memory unless it names a file. */
export type Place = { dialect: 'sqlite'; filename?: string } | { dialect: 'postgres' | 'mysql'; url: string }

export interface Database {
  dataSource: DataSource
  dialect: SqlDialect
  /** Every statement that TypeORM has run, in order. */
  statements: string[]
  prefix: string
}

export function uniquePrefix(): string {
  return `t${randomBytes(5).toString('hex')}_`
}

export function optionsFor(place: Place, common: Partial<typeorm.DataSourceOptions> = {}): typeorm.DataSourceOptions {
  const options =
    place.dialect === 'sqlite'
      ? // Two connections of one process to one file: neither may hold up the other.
        { type: 'better-sqlite3', database: place.filename ?? ':memory:', driver: SQLite, timeout: 0, enableWAL: true }
      : place.dialect === 'postgres'
        ? { type: 'postgres', url: place.url, extra: { max: 4 } }
        : { type: 'mariadb', url: place.url, extra: { connectionLimit: 4 } }
  return { ...common, ...options } as typeorm.DataSourceOptions
}

/** An initialized DataSource with tables of its own. */
export async function openDatabase(
  copy: TypeOrm,
  place: Place,
  ended: Ended = onTestFinished,
  entities: typeorm.EntitySchema[] = schemas(copy),
): Promise<Database> {
  const prefix = uniquePrefix()
  const statements: string[] = []
  const common = { entities, entityPrefix: prefix, logger: recording(statements), logging: true as const }
  const dataSource = new copy.DataSource(optionsFor(place, common))
  await dataSource.initialize()
  await dataSource.synchronize()
  ended(async () => {
    await dropAll(dataSource)
    await dataSource.destroy()
  })
  return { dataSource, dialect: typeormDialect(dataSource), statements, prefix }
}

async function dropAll(dataSource: DataSource): Promise<void> {
  const { type } = dataSource.options
  if (type === 'better-sqlite3') return
  const cascade = type === 'postgres' ? ' CASCADE' : ''
  const runner = dataSource.createQueryRunner()
  if (type === 'mariadb') await runner.query('SET FOREIGN_KEY_CHECKS = 0')
  for (const { tableName } of dataSource.entityMetadatas) {
    await runner.query(`DROP TABLE IF EXISTS ${dataSource.driver.escape(tableName)}${cascade}`)
  }
  if (type === 'mariadb') await runner.query('SET FOREIGN_KEY_CHECKS = 1')
  await runner.release()
}

function recording(statements: string[]): typeorm.Logger {
  const nothing = () => {}
  return {
    logQuery: (sql) => void statements.push(sql),
    logQueryError: nothing,
    logQuerySlow: nothing,
    logSchemaBuild: nothing,
    logMigration: nothing,
    log: nothing,
  }
}

export interface Delivered {
  collection: string
  event: string
  fields: Record<string, unknown>
  previous?: Record<string, unknown>
}

export interface Stage extends Database {
  pipeline: Pipeline
  clock: VirtualClock
  transport: ScriptedTransport
  /** What was published in calls of `publish`, as it was given; one array for each call. */
  published: ChangeInput[][]
  /** What was delivered after all that was committed, without the instants. */
  delivered(): Promise<Delivered[]>
  warnings: string[]
  stop(): void
  /** Removes all rows, unannounced, and forgets what was said. */
  empty(): Promise<void>
}

/** What every test asks for unless it says otherwise. */
export const RULES: RuleInput[] = [
  { collection: 'posts', payload: ['*'], previous: ['title', 'slug', 'status', 'author'] },
  { collection: 'authors', payload: ['*'], previous: ['name'] },
  { collection: 'tags', payload: ['*'], previous: ['name'] },
  { collection: 'notes', payload: ['*'], previous: ['words'] },
  { collection: 'spots', payload: ['*'], previous: ['name'] },
  { collection: 'animals', payload: ['*'], previous: ['name'] },
]

/** Registers what is to be done in the end: of the test, or of the file. */
export type Ended = (step: () => Promise<void>) => void

export interface StageOptions extends AnnounceOptions {
  schemas?: typeorm.EntitySchema[]
  ended?: Ended
  entities?: Parameters<typeof announceEntities>[2]
  rules?: RuleInput[]
  pipeline?: Partial<PipelineOptions>
}

export async function stage(copy: TypeOrm, place: Place, options: StageOptions = {}): Promise<Stage> {
  const { ended = onTestFinished } = options
  const database = await openDatabase(copy, place, ended, options.schemas)
  const { dataSource, dialect, prefix, statements } = database
  const executor = typeormExecutor(dataSource)
  await createTables({ executor, dialect, prefix })
  if (dialect !== 'sqlite') ended(() => dropStore(database))
  const clock = virtualClock(Date.now())
  const transport = scriptedTransport()
  const { rules = RULES } = options
  const pipeline = createPipeline({
    store: sqlStore({ executor, dialect, prefix }),
    transport,
    clock,
    targets: [{ key: 'shop', url: 'https://shop.example/flush', rules, wholeCollection: true }],
    notifiers: [],
    ...options.pipeline,
  })
  // Its targets are loaded.
  await pipeline.tick()
  const published: ChangeInput[][] = []
  const warnings: string[] = []
  const entities = options.entities ?? named(dataSource, prefix)
  const watching: Pick<Pipeline, 'publish' | 'interest'> = {
    interest: pipeline.interest,
    publish(changes, how) {
      published.push([changes].flat())
      return pipeline.publish(changes, how)
    },
  }
  const stop = announceEntities(watching, dataSource, entities, { logger: { warn: (text) => void warnings.push(text) } })
  statements.length = 0
  let read = 0
  async function delivered(): Promise<Delivered[]> {
    await pipeline.tick()
    await clock.advance(1_000)
    await pipeline.tick()
    const events = (transport.bodies.slice(read) as (Delivered & { timestamp: number })[][]).flat()
    read = transport.bodies.length
    return events.map(({ timestamp: _, ...event }) => event)
  }
  async function empty(): Promise<void> {
    await delivered()
    for (const { tableName } of [...dataSource.entityMetadatas].sort((a, b) => Number(b.isJunction) - Number(a.isJunction))) {
      await dataSource.query(`DELETE FROM ${dataSource.driver.escape(tableName)}`)
    }
    for (const list of [statements, published, warnings]) list.length = 0
  }
  return { ...database, empty, pipeline, clock, transport, published, delivered, warnings, stop }
}

/** Every entity under its name without the prefix of this test's tables. */
function named({ entityMetadatas }: DataSource, prefix: string): WatchedEntity[] {
  return entityMetadatas
    .filter(({ tableType }) => tableType === 'regular')
    .map(({ name, tableName }) => ({ entity: name, collection: tableName.slice(prefix.length) }))
}

async function dropStore({ dataSource, prefix }: Database): Promise<void> {
  const runner = dataSource.createQueryRunner()
  for (const table of STORE_TABLES) await runner.query(`DROP TABLE IF EXISTS ${prefix}${table}`)
  await runner.release()
}

export const STORE_TABLES: readonly string[] = [
  'version',
  'lanes',
  'entries',
  'dead',
  'inbox',
  'arrivals',
  'targets',
  'log',
  'log_items',
]
