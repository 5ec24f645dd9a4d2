import { type Pipeline, PipelineError } from '@unstale/core'
import { createAnnouncer } from './announcer.ts'
import { watchBuilders } from './builders.ts'
import { type EntityRef, type WatchedEntity, watchedEntities } from './entities.ts'
import { typeormDialect } from './executor.ts'
import type { Described } from './metadata.ts'
import { createSubscriber } from './subscriber.ts'
import type { DataSourceLike } from './types.ts'

export interface AnnounceOptions {
  /** Told of what can only be announced as a whole collection. Default: the console. */
  logger?: { warn(message: string): void }
}

/**
 * Announces what an initialized DataSource writes to these entities, in the transaction in which it is written: no call of
 * `publish` is needed. The pipeline's store has to be `sqlStore` on this DataSource, or another one on the same database.
 * Returns how to stop.
 *
 *     const stop = announceEntities(pipeline, dataSource, [Post, { entity: Author, collection: 'people' }])
 *
 * Seen are `save`, `remove`, `softRemove`, `recover` (cascades and the relations of items included), `insert`, `update`,
 * `upsert`, `delete`, `softDelete`, `restore`, `increment`, `decrement`, and query builders. What a soft delete hides is
 * announced as deleted, what comes back as created. Not seen are raw `query()`, `clear()`, what the database itself does
 * (cascades, triggers), and what TypeORM is told to keep to itself (`save` with `listeners: false`, `callListeners(false)`).
 *
 * - If the transaction is rolled back, there was no notice. If the notice cannot be written, the call fails.
 * - Nothing is read or written for an entity that no target asked for. For one that somebody did, statements that are not in
 *   a transaction get one of their own, and rows are read before and after they are changed by a statement that has no
 *   entities. All that one `save` writes is one notice.
 * - `upsert` and `orUpdate` look first which rows are there: these are updates, the others are created. Another transaction
 *   that inserts one of them in between makes that update look like a `create`.
 * - `save` reads the rows once more, with a lock, where somebody asked for old values: TypeORM itself has looked without one.
 * - The key of an item is its primary column; several are joined by commas. A relation's foreign key is announced under the
 *   relation's name. A class that shares the table of another stands for the whole table. Bytes and geometries are left out.
 * - Where it cannot be known which rows were inserted, a warning says so and the whole collection (`'*'`) is announced.
 * - On SQLite, where TypeORM has one connection, what runs beside a transaction is part of it, as always there.
 *
 * Throws CONFIG_INVALID for an entity that the DataSource does not know, and STORE_UNSUPPORTED for its kind of database. After
 * `destroy()` and another `initialize()` it has to be called again.
 */
export function announceEntities(
  pipeline: Pick<Pipeline, 'publish' | 'interest'>,
  dataSource: DataSourceLike,
  entities: 'all' | readonly (EntityRef | WatchedEntity)[],
  { logger = console }: AnnounceOptions = {},
): () => void {
  typeormDialect(dataSource)
  if (!dataSource.isInitialized) {
    throw new PipelineError('CONFIG_INVALID', 'dataSource: is not initialized: await dataSource.initialize() first')
  }
  const described = dataSource as Described
  const announcer = createAnnouncer({ pipeline, dataSource: described, entities: watchedEntities(described, entities), logger })
  const subscriber = createSubscriber(announcer)
  const { subscribers } = dataSource
  subscribers.push(subscriber)
  const unwatch = watchBuilders(announcer)
  return () => {
    unwatch()
    const place = subscribers.indexOf(subscriber)
    if (place >= 0) subscribers.splice(place, 1)
  }
}
