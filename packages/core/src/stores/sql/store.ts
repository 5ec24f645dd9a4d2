import type { Knex } from 'knex'
import { type ClaimRequest, LONGEST, type Store, type TransactionOptions } from '../../ports.ts'
import type { Verdict } from '../../types.ts'
import { appendQueue } from '../append-queue.ts'
import { selectDue } from '../due.ts'
import { groupOf } from '../group.ts'
import { instantKey, owns, wakeLane } from '../lane.ts'
import { arrivalsOf } from './arrivals.ts'
import { claimAll, type Settlement, settleAll } from './batches.ts'
import { concernsAll } from './failure.ts'
import { listDead, peekAt, statsOf } from './figures.ts'
import { sqlInbox } from './inbox.ts'
import { collapse, forget, redrive } from './keeping.ts'
import { lockLanes } from './lanes.ts'
import { sqlLog } from './log.ts'
import { removeById, type Session, type StoredLane, select, toLane, writeLanes } from './rows.ts'
import { placeOf, type SqlPlace } from './tables.ts'
import { sqlTargets } from './targets.ts'
import { callsOn } from './transact.ts'

/**
 * Keeps everything in the database of your Knex: Postgres, MySQL, MariaDB or SQLite. Create its tables once with
 * `createTables`. `close` leaves the Knex open.
 */
export function knexStore(options: { knex: Knex; prefix?: string; timeout?: number }): Store {
  return sqlStore(options)
}

/** As `knexStore`, on any connection that offers the executor's two methods. */
export function sqlStore(options: SqlPlace & { name?: string; close?: () => Promise<void> }): Store {
  const place = placeOf(options)
  const { dialect, tables } = place
  const calls = callsOn(place)
  const { read, write } = calls
  const arrivals = arrivalsOf(place, calls)
  const queue = appendQueue({ store: options.name ?? dialect.name, commit: arrivals.append, concernsAll })
  const together = { sizeOf: () => 1, most: dialect.batches, concernsAll }
  const claims = groupOf({
    run: (requests: readonly ClaimRequest[]) => write('claim', (session) => claimAll(session, requests)),
    keyOf: ({ target }) => target,
    ...together,
  })
  const settling = (options?: TransactionOptions) =>
    groupOf({
      run: (all: readonly Settlement[]) => write('settle', (session) => settleAll(session, all), options),
      keyOf: ({ receipt }) => receipt.target,
      ...together,
    })
  const settlements = settling()
  // Undone, it is sent again under the same id.
  const deliveries = settling({ relaxed: true })

  /** One step on one target; nothing happens to one that the store does not know. */
  function onLane<T>(
    doing: string,
    target: string,
    unknown: T,
    step: (session: Session, lane: StoredLane) => Promise<T>,
  ): Promise<T> {
    return write(doing, async (session) => {
      const lane = (await lockLanes(session, [target])).get(target)
      return lane === undefined ? unknown : step(session, lane)
    })
  }

  /** As `onLane`, for what is not the same before and after an append. */
  async function inOrder<T>(...step: Parameters<typeof onLane<T>>): Promise<T> {
    await arrivals.takeIn('all')
    return onLane(...step)
  }

  function peek(query: Parameters<Store['peek']>[0]): ReturnType<typeof peekAt> {
    return read('peek', (session) => peekAt(session, query))
  }

  return {
    name: options.name ?? dialect.name,
    durable: true,
    append: (entries) => queue.append(entries),
    async collapse(target, entries) {
      await arrivals.takeIn('all')
      return write('collapse', (session) => collapse(session, target, entries))
    },

    async due(query) {
      await arrivals.takeIn()
      return read('look for what is due', async (session) => {
        // What is further ahead than a lease may be is looked at, too: it may come from a clock that was wrong.
        const sql = `SELECT id, state FROM ${tables.lanes} WHERE ready_at <= ? OR ready_at > ?`
        return selectDue((await select(session, sql, [query.now, query.now + LONGEST.lease])).map(toLane), query)
      })
    },

    async claim(request) {
      await arrivals.takeIn()
      const { batch, idle } = await claims.add(request)
      // What others have just appended may be what it was claimed for.
      if (!idle || !(await peek({ now: request.now, targets: [] })).arrivals) return batch
      await arrivals.takeIn('all')
      return (await claims.add(request)).batch
    },

    renew: (receipt, leaseUntil) =>
      onLane('renew a claim', receipt.target, false, async (session, lane) => {
        if (lane.batch === null || !owns(lane, receipt)) return false
        lane.batch.leaseUntil = leaseUntil
        await writeLanes(session, [lane])
        return true
      }),

    async settle(receipt, verdict, now) {
      // What comes back merges with what is pending, as the earlier appended.
      if (!COMMUTES.has(verdict.kind)) await arrivals.takeIn()
      return (verdict.kind === 'delivered' ? deliveries : settlements).add({ receipt, verdict, now })
    },

    wake: (target, at) =>
      inOrder('wake', target, undefined, async (session, lane) => {
        wakeLane(lane, at)
        await writeLanes(session, [lane])
      }),

    suspend: (target, reason, at) =>
      write('suspend', async (session) => {
        const lanes = [...(await lockLanes(session, [target], new Map([[target, at]]))).values()]
        await writeLanes(
          session,
          lanes.map((lane) => ({ ...lane, suspended: reason })),
        )
      }),

    resume: (target, at) =>
      inOrder('resume', target, undefined, async (session, lane) => {
        lane.suspended = null
        wakeLane(lane, at)
        await writeLanes(session, [lane])
      }),

    async peek(query) {
      await arrivals.takeIn()
      const seen = await peek(query)
      if (seen.arrivals) await arrivals.takeIn('all')
      const { nextDueAt, inbox, targets } = seen.arrivals ? await peek(query) : seen
      const overflow = arrivals.overflow()
      return { nextDueAt, inbox, targets, ...(overflow && { overflow }) }
    },

    async stats(targets) {
      await arrivals.takeIn('all')
      return read('read its figures', (session) => statsOf(session, targets))
    },

    async listDead(query) {
      await arrivals.takeIn('all')
      return read('list dead letters', (session) => listDead(session, query))
    },

    redrive: (query) => inOrder('redrive', query.target, 0, (session, lane) => redrive(session, lane, query)),
    forget: (target, asOf) => inOrder('forget', target, undefined, (session, lane) => forget(session, lane, asOf)),

    prune: ({ before, limit }) =>
      write('prune', async (session) => {
        const sql = `SELECT id FROM ${tables.dead}${dialect.by('PRIMARY')} WHERE id < ? ORDER BY id LIMIT ?${dialect.skipLocked}`
        const ids = (await select(session, sql, [instantKey(before), limit])).map(({ id }) => String(id))
        await removeById(session, tables.dead, ids)
        return ids.length
      }),

    time: async () => {
      const { now } = dialect
      // No statement on SQLite: a transaction of yours may hold the only connection.
      return now === null ? Date.now() : read('tell the time', async (session) => Number((await select(session, now))[0]?.now))
    },
    close: async () => {
      await queue.drained()
      await options.close?.()
    },
    inbox: sqlInbox(place, calls, arrivals),
    targets: sqlTargets(calls),
    log: (bounds) => sqlLog({ ...options, ...bounds }),
  }
}

/** Verdicts that leave the pending set alone: they mean the same before an append and after it. */
const COMMUTES: ReadonlySet<Verdict['kind']> = new Set(['delivered', 'retry', 'aborted'])
