/** What runs behind the module, from its options. */
import { Logger } from '@nestjs/common'
import {
  createPipeline,
  createTables,
  type Log,
  type Pipeline,
  PipelineError,
  type SqlPlace,
  type Store,
  sqlStore,
  type TargetTable,
  targetTable,
} from '@unstale/core'
import { announceEntities, typeormDialect, typeormExecutor } from '../typeorm.ts'
import { checkOptions, type Database, isDataSource, isKnex, type UnstaleModuleOptions } from './options.ts'

export interface Run {
  pipeline: Pipeline
  targets: TargetTable | null
  /** Nothing more is sent; what is published is still stored. */
  pause(): Promise<void>
  stop(): Promise<void>
}

export async function run(options: UnstaleModuleOptions): Promise<Run> {
  checkOptions(options)
  const { database, prefix, tables, entities, drain, store: given, targets: wanted, ...rest } = options
  const logger = rest.logger ?? nestLog()
  const store = given ?? (await storeOn(database as Database, prefix, tables))
  const table = wanted === 'store' ? targetTable(store) : null
  const pipeline = createPipeline({ ...rest, logger, store, targets: table ?? (wanted as Exclude<typeof wanted, 'store'>) })
  // A transaction before the start (of `onModuleInit`) may hold the only connection: nothing can be loaded then. A source of
  // the app's own may need what is not there yet; what cannot be loaded was told, and is tried again.
  if (database !== undefined && (table !== null || Array.isArray(wanted))) await pipeline.publish([]).catch(() => {})
  const silence =
    entities !== undefined && isDataSource(database) ? announceEntities(pipeline, database, entities, { logger }) : () => {}
  const draining = drain === undefined ? {} : { drain }
  return {
    pipeline,
    targets: table,
    pause: () => pipeline.pause(draining),
    async stop() {
      silence()
      await pipeline.stop(draining)
      await store.close()
    },
  }
}

async function storeOn(database: Database, prefix: string | undefined, tables: 'create' | 'check' = 'create'): Promise<Store> {
  const place: SqlPlace = { ...placeOf(database), ...(prefix === undefined ? undefined : { prefix }) }
  if (tables === 'create') await createTables(place)
  const store = sqlStore(place)
  // Tables that are missing are told at the start, not with the first change.
  if (tables === 'check') await store.peek({ now: Date.now(), targets: [] })
  return store
}

function placeOf(database: Database): SqlPlace {
  if (isKnex(database)) return { knex: database }
  if (isDataSource(database) && !database.isInitialized) {
    const message = 'UnstaleModule: database is a DataSource that is not initialized: await dataSource.initialize() first'
    throw new PipelineError('CONFIG_INVALID', message)
  }
  if (isDataSource(database)) return { executor: typeormExecutor(database), dialect: typeormDialect(database) }
  return database
}

/** Nest's own logger, so that our lines look like the others. */
function nestLog(): Log {
  const logger = new Logger('Unstale')
  // The context says who speaks.
  const plain = (message: string) => message.replace(/^unstale: /, '')
  return {
    info: (message) => logger.log(plain(message)),
    warn: (message) => logger.warn(plain(message)),
    error: (message) => logger.error(plain(message)),
  }
}
