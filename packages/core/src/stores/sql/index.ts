/** Stores on SQL databases. */
export type { SqlDialect } from './dialect.ts'
export { knexExecutor, toNumbered } from './executor.ts'
export { knexLog, sqlLog } from './log.ts'
export { type SqliteConnection, type SqliteOptions, type SqliteStatement, sqliteExecutor, sqliteStore } from './sqlite.ts'
export { knexStore, sqlStore } from './store.ts'
export { createTables, printTables, type SqlPlace } from './tables.ts'
