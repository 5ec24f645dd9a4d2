import type { Knex } from 'knex'
import type { ClaimRequest, Store } from '../../ports.ts'
import { LONGEST } from '../../ports.ts'
import type { Batch, Receipt, Transition, Verdict } from '../../types.ts'
import { nextDueAt, selectDue } from '../due.ts'
import { allowance, instantKey, newLane, openBatch, owns, readyAt, reclaim, settleLane, toStats, wakeLane } from '../lane.ts'
import { toBatchEntry } from '../pending.ts'
import { appendAll, appendQueue } from './append.ts'
import { sqlInbox } from './inbox.ts'
import { collapse, forget, redrive } from './keeping.ts'
import { bury, lockLanes, readBatch, readFlying, removeFlying, removeIfEmpty, returnEntries } from './lanes.ts'
import { inPortions, type Row, type Session, type StoredLane, select, selectIn, toHeld, toLane, writeLanes } from './rows.ts'
import { placeOf, type SqlPlace } from './tables.ts'
import { callsOn } from './transact.ts'

/**
 * Keeps everything in the database of your Knex: Postgres, MySQL, MariaDB or SQLite. Create its tables once with
 * `createTables`. `close` leaves the Knex open.
 */
export function knexStore(options: { knex: Knex; prefix?: string }): Store {
  return sqlStore(options)
}

/** As `knexStore`, on any connection that offers the executor's two methods. */
export function sqlStore(options: SqlPlace & { name?: string; close?: () => Promise<void> }): Store {
  const place = placeOf(options)
  const { dialect, tables } = place
  const { read, write } = callsOn(place)
  const queue = appendQueue((appends) => write('append', (session) => appendAll(session, appends)))

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

  return {
    name: options.name ?? dialect.name,
    durable: true,
    append: (entries) => queue.append(entries),
    collapse: (target, entries) => write('collapse', (session) => collapse(session, target, entries)),

    due: (query) =>
      read('look for what is due', async (session) => {
        // What is further ahead than a lease may be is looked at, too: it may come from a clock that was wrong.
        const sql = `SELECT id, state FROM ${tables.lanes} WHERE ready_at <= ? OR ready_at > ?`
        return selectDue((await select(session, sql, [query.now, query.now + LONGEST.lease])).map(toLane), query)
      }),

    claim: (request) => onLane<Batch | null>('claim', request.target, null, (session, lane) => claim(session, lane, request)),

    renew: (receipt, leaseUntil) =>
      onLane('renew a claim', receipt.target, false, async (session, lane) => {
        if (lane.batch === null || !owns(lane, receipt)) return false
        lane.batch.leaseUntil = leaseUntil
        await writeLanes(session, [lane])
        return true
      }),

    settle: (receipt, verdict, now) =>
      onLane<{ ok: boolean; transition?: Transition }>('settle', receipt.target, { ok: false }, (session, lane) =>
        settle(session, lane, receipt, verdict, now),
      ),

    wake: (target, at) =>
      onLane('wake', target, undefined, async (session, lane) => {
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
      onLane('resume', target, undefined, async (session, lane) => {
        lane.suspended = null
        wakeLane(lane, at)
        await writeLanes(session, [lane])
      }),

    peek: (query) =>
      read('peek', async (session) => {
        const rows = await select(
          session,
          `SELECT l.id, l.target, l.ready_at, CASE WHEN l.ready_at > ? THEN l.state END AS state,
             CASE WHEN EXISTS (SELECT 1 FROM ${tables.inbox}) THEN 1 ELSE 0 END AS inbox
           FROM (SELECT 1 AS one) o LEFT JOIN ${tables.lanes} l ON l.ready_at IS NOT NULL`,
          [query.now + LONGEST.lease],
        )
        const known = new Set(query.targets)
        const lanes = rows.filter(({ target }) => known.has(String(target)))
        const far = nextDueAt(lanes.filter(({ state }) => state != null).map(toLane), query)
        const near = lanes
          .filter(({ state }) => state == null)
          .reduce((least, row) => Math.min(least, Number(row.ready_at)), far ?? Infinity)
        return { nextDueAt: near === Infinity ? null : near, inbox: Number(rows[0]?.inbox) === 1 }
      }),

    stats: (targets) =>
      read('read its figures', async (session) => {
        const rows = await selectIn(
          session,
          [...new Set(targets)],
          (marks) =>
            `SELECT l.id, l.state,
             (SELECT e.appended_at FROM ${tables.entries} e WHERE e.lane = l.id ORDER BY e.ord LIMIT 1) AS oldest,
             (SELECT COUNT(*) FROM ${tables.dead} d WHERE d.target = l.target) AS dead
           FROM ${tables.lanes} l WHERE l.target IN (${marks})`,
        )
        const known = new Map(rows.map((row) => [toLane(row).target, row]))
        return targets.map((target) => {
          const row = known.get(target)
          if (row === undefined) return toStats(newLane(target, 0), { oldestAt: null, inFlight: 0, dead: 0 })
          const lane = toLane(row)
          const oldestAt = row.oldest == null ? null : Number(row.oldest)
          return toStats(lane, { oldestAt, inFlight: lane.inFlight, dead: Number(row.dead) })
        })
      }),

    listDead: ({ target, limit, before }) =>
      read('list dead letters', async (session) => {
        const where = [...(target === undefined ? [] : ['target = ?']), ...(before === undefined ? [] : ['id < ?'])]
        const sql = `SELECT * FROM ${tables.dead} ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY id DESC LIMIT ?`
        const rows = await select(session, sql, [...[target, before].filter((value) => value !== undefined), limit])
        return rows.map(toLetter)
      }),

    redrive: (query) => onLane('redrive', query.target, 0, (session, lane) => redrive(session, lane, query)),
    forget: (target, asOf) => onLane('forget', target, undefined, (session, lane) => forget(session, lane, asOf)),

    prune: ({ before, limit }) =>
      write('prune', async (session) => {
        const sql = `SELECT id FROM ${tables.dead} WHERE id < ? ORDER BY id LIMIT ?${dialect.forUpdate}`
        const ids = (await select(session, sql, [instantKey(before), limit])).map(({ id }) => String(id))
        await inPortions(ids, (marks, portion) => session.db.run(`DELETE FROM ${tables.dead} WHERE id IN (${marks})`, portion))
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
    inbox: sqlInbox(place, { read, write }),
  }
}

async function claim(session: Session, lane: StoredLane, request: ClaimRequest): Promise<Batch | null> {
  const at = readyAt(lane, request.now)
  if (at === null || at > request.now) return null
  if (reclaim(lane, request) !== null) {
    await writeLanes(session, [lane])
    return readBatch(session, lane, true)
  }
  const { entries } = session.tables
  const oldest = await select(session, `SELECT ord, size FROM ${entries} WHERE lane = ? AND flying = 0 ORDER BY ord LIMIT ?`, [
    lane.id,
    allowance(lane, request),
  ])
  let sum = 0
  const taken = oldest.filter(({ size }, place) => {
    sum += Number(size)
    return place === 0 || sum <= request.bytes
  })
  lane.flyingUntil = Number(taken.at(-1)?.ord)
  lane.inFlight = taken.length
  await session.db.run(`UPDATE ${entries} SET flying = 1 WHERE lane = ? AND ord <= ? AND flying = 0`, [lane.id, lane.flyingUntil])
  openBatch(lane, request, lane.pending - taken.length)
  await writeLanes(session, [lane])
  return readBatch(session, lane, false)
}

async function settle(
  session: Session,
  lane: StoredLane,
  receipt: Receipt,
  verdict: Verdict,
  now: number,
): Promise<{ ok: boolean; transition?: Transition }> {
  if (!owns(lane, receipt)) return { ok: false }
  const seq = lane.batch?.seq ?? 0
  const { fate, transition } = settleLane(lane, verdict, now)
  const flying = fate === 'back' || fate === 'dead' ? await readFlying(session, lane) : []
  if (fate !== 'kept') await removeFlying(session, lane)
  if (fate === 'back') await returnEntries(session, lane, flying, verdict.kind === 'split' ? seq : undefined)
  if (fate === 'dead' && verdict.kind === 'dead') await bury(session, lane.target, flying, verdict.reason, now)
  if (fate !== 'freed' || !(await removeIfEmpty(session, lane))) await writeLanes(session, [lane])
  return { ok: true, ...(transition && { transition }) }
}

function toLetter(row: Row): Awaited<ReturnType<Store['listDead']>>[number] {
  const { id, target, reason, died_at } = row
  return {
    id: String(id),
    target: String(target),
    reason: reason === 'overflow' ? 'overflow' : 'refused',
    diedAt: Number(died_at),
    entry: toBatchEntry(toHeld(row)),
  }
}
