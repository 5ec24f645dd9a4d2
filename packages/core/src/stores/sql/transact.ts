/** How the store's calls reach the database: checked, retried, and with errors of one kind. */
import type { TransactionOptions } from '../../ports.ts'
import { retrying, silence, toStoreError } from './failure.ts'
import { createRecall } from './recall.ts'
import type { Session } from './rows.ts'
import { checkTables, type Placed } from './tables.ts'

export interface Calls {
  /** One statement, or several that need not agree. `doing` completes "could not …". */
  read<T>(doing: string, fn: (session: Session) => Promise<T>): Promise<T>
  /** One transaction, run anew if it met another one. */
  write<T>(doing: string, fn: (session: Session) => Promise<T>, options?: TransactionOptions): Promise<T>
}

export function callsOn(place: Placed): Calls {
  const { executor, dialect, tables, prefix, timeout } = place
  const recall = createRecall()
  let checked: Promise<void> | undefined

  async function attempt<T>(doing: string, fn: () => Promise<T>): Promise<T> {
    try {
      return await bounded(
        retrying(async () => {
          checked ??= checkTables(place)
          await checked.catch((error: unknown) => {
            // Asked anew by the next call: the tables may have been created since.
            checked = undefined
            throw error
          })
          return await fn()
        }),
      )
    } catch (error) {
      throw toStoreError(dialect.name, doing, error, prefix)
    }
  }

  /** A database that is gone may never say so. What it was asked may yet be done. */
  function bounded<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // The check may be what hangs.
        checked = undefined
        reject(silence(timeout))
      }, timeout)
      work.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  return {
    read: (doing, fn) => attempt(doing, () => fn({ db: executor, dialect, tables, recall, stamp: 0 })),
    write: (doing, fn, options) =>
      attempt(doing, () =>
        executor.transaction(async (db) => {
          if (dialect.lockAll !== null) await db.run(dialect.lockAll(tables.version), [])
          return fn({ db, dialect, tables, recall, stamp: recall.stamp() })
        }, options),
      ),
  }
}
