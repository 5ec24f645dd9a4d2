/** Unstale on the `DataSource` that an application has: its store, its transactions, and what becomes of its entities. */
export { type AnnounceOptions, announceEntities } from './typeorm/announce.ts'
export type { EntityRef, WatchedEntity } from './typeorm/entities.ts'
export { typeormDialect, typeormExecutor } from './typeorm/executor.ts'
export { typeormTransaction } from './typeorm/transaction.ts'
export type { DataSourceLike, EntityManagerLike, QueryRunnerLike } from './typeorm/types.ts'
