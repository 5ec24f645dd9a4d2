/** How the store's calls reach the database: checked, retried, and with errors of one kind. */
import { PipelineError } from '../../errors.ts'
import type { SqlExecutor } from '../../ports.ts'
import type { Dialect } from './dialect.ts'
import { retrying, toStoreError } from './failure.ts'
import type { Session } from './rows.ts'
import { TABLES_VERSION, type Tables } from './tables.ts'

export interface Calls {
  /** One statement, or several that need not agree. `doing` completes "could not …". */
  read<T>(doing: string, fn: (session: Session) => Promise<T>): Promise<T>
  /** One transaction, run anew if it met another one. */
  write<T>(doing: string, fn: (session: Session) => Promise<T>): Promise<T>
}

export function callsOn(place: { executor: SqlExecutor; dialect: Dialect; tables: Tables; prefix: string }): Calls {
  const { executor, dialect, tables, prefix } = place
  let checked: Promise<void> | undefined

  async function check(): Promise<void> {
    const { rows } = await executor.run(`SELECT version FROM ${tables.version}`, [])
    const version = Number(rows[0]?.version ?? 0)
    if (version === TABLES_VERSION) return
    const wanted = `this version of the store needs ${TABLES_VERSION}`
    const fix = version < TABLES_VERSION ? 'run createTables' : 'update @unstale/core'
    throw new PipelineError('STORE_TABLES_MISSING', `the tables ${prefix}… have version ${version}, and ${wanted}: ${fix}`)
  }

  async function attempt<T>(doing: string, fn: () => Promise<T>): Promise<T> {
    try {
      return await retrying(async () => {
        checked ??= check()
        await checked.catch((error: unknown) => {
          // Asked anew by the next call: the tables may have been created since.
          checked = undefined
          throw error
        })
        return await fn()
      })
    } catch (error) {
      throw toStoreError(dialect.name, doing, error, prefix)
    }
  }

  return {
    read: (doing, fn) => attempt(doing, () => fn({ db: executor, dialect, tables })),
    write: (doing, fn) =>
      attempt(doing, () =>
        executor.transaction(async (db) => {
          if (dialect.lockAll !== null) await db.run(dialect.lockAll(tables.version), [])
          return fn({ db, dialect, tables })
        }),
      ),
  }
}
