import knexOf, { type Knex } from 'knex'
import { createTables, knexStore } from '../../src/index.ts'
import { type Backend, TIMEOUT } from './backend.ts'

const COMMIT = /COMMIT(?!TED)/

/** The connections that others have, those of them that wait for a lock in a transaction, and how one is ended. */
const SESSIONS = {
  postgres: {
    all: `SELECT pid AS id FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`,
    waiting: `SELECT pid AS id FROM pg_stat_activity WHERE wait_event_type = 'Lock'`,
    end: 'SELECT pg_terminate_backend(?)',
  },
  mysql: {
    all: `SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'root'`,
    waiting: `SELECT id FROM information_schema.processlist
              WHERE id <> CONNECTION_ID() AND command = 'Query' AND info LIKE '%FOR UPDATE'`,
    end: 'KILL ?',
  },
} as const

export function sqlBackend(dialect: keyof typeof SESSIONS, url: string): Backend {
  const direct = open(url, 2)

  /** A pool that soon gives up a connection that does not come: Knex itself has 30 s of patience. */
  function open(address: string, max: number): Knex {
    return knexOf({
      client: dialect === 'postgres' ? 'pg' : 'mysql2',
      connection: address,
      pool: { min: 0, max, createTimeoutMillis: TIMEOUT / 2, acquireTimeoutMillis: TIMEOUT, createRetryIntervalMillis: 50 },
      log: { warn() {}, error() {}, debug() {}, deprecate() {} },
    })
  }

  async function end(which: string): Promise<number> {
    const answer = (await direct.raw(which)) as { rows: { id: number }[] } | [{ id: number }[]]
    const sessions = Array.isArray(answer) ? answer[0] : answer.rows
    // One that has ended meanwhile is no loss.
    for (const { id } of sessions) await direct.raw(SESSIONS[dialect].end, [id]).catch(() => {})
    return sessions.length
  }

  return {
    prepare: () => createTables({ knex: direct }),
    async connect(port) {
      const address = new URL(url)
      address.port = String(port)
      const knex = open(String(address), 6)
      return {
        store: knexStore({ knex, timeout: TIMEOUT }),
        transaction: (fn) => knex.transaction((trx) => fn(trx)),
        close: () => knex.destroy(),
      }
    },
    killConnections: () => end(SESSIONS[dialect].all),
    async killTransactions() {
      const trx = await direct.transaction()
      try {
        // Whoever claims, settles or takes in arrivals waits for this, in the midst of its transaction.
        await trx('unstale_lanes').select('id').forUpdate()
        let ended = 0
        // Outside it: within one transaction Postgres goes on showing the sessions of its first look.
        while (ended === 0) ended = await end(SESSIONS[dialect].waiting)
        return ended
      } catch (error) {
        if ((error as { code?: string }).code !== 'ER_LOCK_DEADLOCK') throw error
        return 0
      } finally {
        await trx.rollback()
      }
    },
    words: [/FOR UPDATE/, COMMIT],
    ...(dialect === 'mysql' && { holds: 'MariaDB holds its locks until its wait_timeout or TCP keepalive' }),
    close: () => direct.destroy(),
  }
}
