/** Announces what was captured: into the inbox, within the mutation's transaction, or from memory after it. */
import type { ChangeInput, Pipeline, SqlTransaction } from '@unstale/core'
import type { Knex } from 'knex'
import type { Announce } from './capture/capture.ts'
import type { Seen } from './capture/sightings.ts'
import { ended, isFatal, type Transaction } from './capture/transactions.ts'
import type { Hydrate } from './hydrate.ts'

export interface OutboxParts {
  database: Knex
  pipeline: Pick<Pipeline, 'publish'>
  /** False: the store has no inbox, so that what was committed is announced from memory. */
  durable: boolean
  hydrate: Hydrate
  report(error: unknown): void
}

export function createOutbox({ database, pipeline, durable, hydrate, report }: OutboxParts): Announce {
  async function now(seen: readonly Seen[]): Promise<void> {
    const { changes, untrue } = await hydrate(stamped(seen), { verify: true })
    const real = changes.filter((_change, place) => !untrue.has(place))
    if (real.length > 0) await publish(real)
  }

  /** Directus ends the requests that it has begun while it stops: what they change is written down for the next start. */
  async function publish(changes: readonly ChangeInput[]): Promise<void> {
    try {
      await pipeline.publish(changes)
    } catch (error) {
      if (!durable || (error as { code?: unknown }).code !== 'STOPPED') throw error
      await pipeline.publish(changes, { transaction: { raw: (sql, bindings) => database.raw(sql, bindings as never) } })
    }
  }

  function later(seen: readonly Seen[], transaction: Transaction): void {
    void ended(transaction)
      .then((committed) => (committed ? now(seen) : undefined))
      .catch(report)
  }

  return {
    now,
    async within(seen, transaction) {
      if (!durable) return later(seen, transaction)
      try {
        await pipeline.publish(stamped(seen), { transaction: noticing(transaction) })
      } catch (error) {
        if (isFatal(error)) throw error
        report(error)
        later(seen, transaction)
      }
    },
  }
}

function stamped(seen: readonly Seen[]): ChangeInput[] {
  const timestamp = Date.now()
  return seen.map((change) => ({ ...change, timestamp }))
}

/** The transaction as the inbox writes into it: what goes wrong there must not spoil it. */
export function noticing(transaction: Transaction): SqlTransaction {
  const raw = (sql: string, bindings: readonly unknown[]) => transaction.raw(sql, bindings as never)
  // Elsewhere a statement that fails is undone alone.
  const careful = transaction.client.dialect === 'postgresql'
  return Object.assign({ raw: careful ? savepointed(transaction) : raw }, { executionPromise: transaction.executionPromise })
}

/**
 * On Postgres a statement that fails takes its transaction with it, unless it stands in a savepoint. The three statements go
 * there together: that takes no longer than the one, but they have no parameters.
 */
function savepointed(transaction: Transaction) {
  return async (sql: string, bindings: readonly unknown[]): Promise<unknown> => {
    let n = 0
    const text = sql.replaceAll('?', () => quoted(String(bindings[n++])))
    try {
      return await transaction.raw(`SAVEPOINT unstale; ${text}; RELEASE SAVEPOINT unstale`)
    } catch (error) {
      await transaction.raw('ROLLBACK TO SAVEPOINT unstale')
      throw error
    }
  }
}

/** JSON text as a literal: with neither `$`, which ends it, nor `?`, which Knex would take for a parameter. */
function quoted(json: string): string {
  return `$u$${json.replaceAll('$', '\\u0024').replaceAll('?', '\\u003f')}$u$`
}
