import { PipelineError } from '../../errors.ts'
import type { AppendResult, Inbox, InboxRow } from '../../ports.ts'
import { NOTHING } from '../append-queue.ts'
import type { Arrivals } from './arrivals.ts'
import type { Dialect } from './dialect.ts'
import { isTransaction, runIn } from './executor.ts'
import { toStoreError } from './failure.ts'
import { inPortions, insert, select, selectIn } from './rows.ts'
import type { Tables } from './tables.ts'
import type { Calls } from './transact.ts'

export function sqlInbox(
  place: { dialect: Dialect; tables: Tables; prefix: string },
  { read, write }: Calls,
  { note }: Pick<Arrivals, 'note'>,
): Inbox {
  const { dialect, tables, prefix } = place
  return {
    async write(transaction, rows) {
      if (!isTransaction(transaction)) {
        const message = 'transaction: must be a transaction of Knex, or an executor bound to one: { run(sql, bindings) }'
        throw new PipelineError('TRANSACTION_UNSUPPORTED', message)
      }
      const db = {
        run: async (sql: string, bindings: Parameters<typeof runIn>[2]) => {
          await runIn(transaction, sql, bindings)
          return { rows: [], changes: 0 }
        },
        transaction: () => Promise.reject(new Error('an inbox row is written in one step')),
      }
      try {
        await insert(
          { db, dialect: { ...dialect, atOnce: null } },
          tables.inbox,
          { body: 'text' },
          rows.map((row) => [JSON.stringify(row)]),
        )
      } catch (error) {
        throw toStoreError(dialect.name, 'write into the inbox', error, prefix)
      }
    },

    read: (limit) =>
      read('read the inbox', async (session) => {
        const rows = await select(session, `SELECT id, body FROM ${tables.inbox} ORDER BY id LIMIT ?`, [limit])
        return rows.map(({ id, body }) => ({ ...(JSON.parse(String(body)) as Omit<InboxRow, 'id'>), id: String(id) }))
      }),

    fold: (rows, entries) =>
      write<AppendResult | null>('fold the inbox', async (session) => {
        const ids = [...new Set(rows.map(({ id }) => Number(id)))].sort((a, b) => a - b)
        const locked = await selectIn(session, ids, (some) => dialect.idsAmong(tables.inbox, some) + dialect.forUpdate)
        // Nothing was changed yet: whoever folded one of them has appended its entries.
        if (locked.length !== ids.length) return null
        await inPortions(session, ids, (some) => session.db.run(dialect.deleteAmong(tables.inbox, some), some.bindings))
        await note(session, entries)
        return NOTHING
      }),
  }
}
