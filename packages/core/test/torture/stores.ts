import type { SqlTransaction, Store } from '../../src/index.ts'
import { mysql, postgres, sqlite } from './knex-stores.ts'
import { redis } from './redis-store.ts'
import { sqliteFile } from './sqlite-file.ts'

/** One process's connection to the store under torture. */
export interface Opened {
  store: Store
  /** Stores in one transaction that `key` is now `value`, and what `notice` writes into it. Absent where there is no inbox. */
  write?(key: string, value: number, notice: (transaction: SqlTransaction) => Promise<void>): Promise<void>
  /** What was committed by `write`. */
  committed(): Promise<Map<string, number>>
  close(): Promise<void>
}

/** A store that several processes share, by name. */
export interface Shared {
  /** Creates it empty; what it answers is passed to every process. */
  prepare(): Promise<string>
  open(place: string): Promise<Opened>
  remove(place: string): Promise<void>
}

export const stores: Record<string, Shared> = { sqlite, 'sqlite-file': sqliteFile, postgres, mysql, redis }
