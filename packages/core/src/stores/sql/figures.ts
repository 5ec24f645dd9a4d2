/** What the store tells without changing anything. */
import { LONGEST, type Peek, type Store } from '../../ports.ts'
import type { DeadLetter, TargetStats } from '../../types.ts'
import { nextDueAt } from '../due.ts'
import { newLane, toStats } from '../lane.ts'
import { toBatchEntry } from '../pending.ts'
import { type Row, type Session, select, selectIn, toHeld, toLane } from './rows.ts'

/** One statement, since an idle process makes it every second. */
export async function peekAt(
  session: Session,
  query: Parameters<Store['peek']>[0],
): Promise<Omit<Peek, 'overflow'> & { arrivals: boolean }> {
  const { tables } = session
  const rows = await select(
    session,
    `SELECT l.id, l.target, l.ready_at, CASE WHEN l.ready_at > ? THEN l.state END AS state, o.inbox, o.arrivals, o.targets
     FROM (SELECT
         CASE WHEN EXISTS (SELECT 1 FROM ${tables.inbox}) THEN 1 ELSE 0 END AS inbox,
         CASE WHEN EXISTS (SELECT 1 FROM ${tables.arrivals}) THEN 1 ELSE 0 END AS arrivals,
         (SELECT version FROM ${tables.version} WHERE one = 2) AS targets
       ) o LEFT JOIN ${tables.lanes} l ON l.ready_at IS NOT NULL`,
    // What is further ahead than a lease may be is looked at closely: it may come from a clock that was wrong.
    [query.now + LONGEST.lease],
  )
  const known = new Set(query.targets)
  const lanes = rows.filter(({ target }) => known.has(String(target)))
  const far = nextDueAt(lanes.filter(({ state }) => state != null).map(toLane), query)
  const near = lanes
    .filter(({ state }) => state == null)
    .reduce((least, row) => Math.min(least, Number(row.ready_at)), far ?? Infinity)
  const [first] = rows
  return {
    nextDueAt: near === Infinity ? null : near,
    inbox: Number(first?.inbox) === 1,
    arrivals: Number(first?.arrivals) === 1,
    targets: Number(first?.targets ?? 0),
  }
}

export async function statsOf(session: Session, targets: readonly string[]): Promise<readonly TargetStats[]> {
  const { tables } = session
  const rows = await selectIn(
    session,
    [...new Set(targets)],
    ({ has }) =>
      `SELECT l.id, l.state,
       (SELECT e.appended_at FROM ${tables.entries} e WHERE e.lane = l.id ORDER BY e.ord LIMIT 1) AS oldest,
       (SELECT COUNT(*) FROM ${tables.dead} d WHERE d.target = l.target) AS dead
     FROM ${tables.lanes} l WHERE ${has('l.target')}`,
  )
  const known = new Map(rows.map((row) => [toLane(row).target, row]))
  return targets.map((target) => {
    const row = known.get(target)
    if (row === undefined) return toStats(newLane(target, 0), { oldestAt: null, inFlight: 0, dead: 0 })
    const lane = toLane(row)
    const oldestAt = row.oldest == null ? null : Number(row.oldest)
    return toStats(lane, { oldestAt, inFlight: lane.inFlight, dead: Number(row.dead) })
  })
}

export async function listDead(
  session: Session,
  { target, limit, before }: Parameters<Store['listDead']>[0],
): Promise<readonly DeadLetter[]> {
  const where = [...(target === undefined ? [] : ['target = ?']), ...(before === undefined ? [] : ['id < ?'])]
  const sql = `SELECT * FROM ${session.tables.dead} ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY id DESC LIMIT ?`
  const rows = await select(session, sql, [...[target, before].filter((value) => value !== undefined), limit])
  return rows.map(toLetter)
}

function toLetter(row: Row): DeadLetter {
  const { id, target, reason, died_at } = row
  return {
    id: String(id),
    target: String(target),
    reason: reason === 'overflow' ? 'overflow' : 'refused',
    diedAt: Number(died_at),
    entry: toBatchEntry(toHeld(row)),
  }
}
