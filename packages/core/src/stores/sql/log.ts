/** The delivery log in SQL. */
import crypto from 'node:crypto'
import type { Knex } from 'knex'
import type { DeliveryLog, DeliveryQuery, LogBounds, SqlValue } from '../../ports.ts'
import type { DeliveryRecord, Outcome, Verdict } from '../../types.ts'
import { instantKey } from '../lane.ts'
import { boundsOf, rangeOf, toRecord } from '../log.ts'
import { inPortions, insert, type Session, select } from './rows.ts'
import { placeOf, type SqlPlace } from './tables.ts'
import { callsOn } from './transact.ts'

/** The delivery log in the database of your Knex, in the tables that `createTables` makes. All processes on it share one. */
export function knexLog(options: { knex: Knex; prefix?: string } & LogBounds): DeliveryLog {
  return sqlLog(options)
}

/** As `knexLog`, on any connection that offers the executor's two methods. */
export function sqlLog(options: SqlPlace & LogBounds): DeliveryLog {
  const { read, write } = callsOn(placeOf(options))
  const bounds = boundsOf(options, 100_000)
  /** Before this id there is too much, as was found out last. */
  let full = { before: '', at: Number.NEGATIVE_INFINITY }

  async function lookForTooMuch(now: number): Promise<void> {
    const before = await read('look how long the delivery log is', async (session) => {
      const { log, logItems } = session.tables
      return later(await nthNewest(session, log, bounds.records), await nthNewest(session, logItems, bounds.items))
    })
    full = { before, at: now }
  }

  return {
    add: (outcomes) => write('write the delivery log', (session) => add(session, outcomes)),
    list: (query) =>
      read('list the delivery log', async (session) => {
        const of = query.verdicts === undefined ? [null] : query.verdicts.map((kind) => VERDICTS.indexOf(kind))
        const found: DeliveryRecord[] = []
        // One after the other, so that each finds its rows in the order of an index.
        for (const verdict of new Set(of)) found.push(...(await find(session, query, verdict)))
        return found.sort((one, other) => (one.id < other.id ? 1 : -1)).slice(0, query.limit)
      }),
    async prune(now) {
      if (now >= full.at + MINUTE) await lookForTooMuch(now)
      const old = instantKey(now - bounds.maxAge)
      return write('prune the delivery log', (session) => prune(session, later(old, full.before)))
    },
  }
}

const MINUTE = 60_000
/** Items of the records that one step removes; and rows that one statement passes over. */
const STEP = { items: 500, rows: 20_000 }

/** Stored by their place in this list. */
const VERDICTS: readonly Verdict['kind'][] = ['delivered', 'retry', 'split', 'dead', 'return', 'aborted']

const LOG = { id: 'text', target: 'text', batch: 'text', verdict: 'integer', items: 'integer', body: 'json' } as const
const LOG_ITEMS = { item: 'text', id: 'text' } as const

/** Stands for an item, and for no other. */
function wordOf(collection: string, key: string): string {
  return crypto.hash('sha256', `${collection}\u0000${key}`, 'base64url').slice(0, 22)
}

async function add(session: Session, outcomes: readonly Outcome[]): Promise<void> {
  const { db, dialect, tables } = session
  const rows: SqlValue[][] = []
  const itemRows: SqlValue[][] = []
  for (const outcome of outcomes) {
    // Short, since the row of each item repeats it.
    const { id, ...body } = toRecord(outcome, wordOf('', outcome.batch.id).slice(0, 12))
    const { target, batch, verdict } = body
    // Each by its key, and all of a collection by that alone.
    const items = new Set(batch.items.flatMap(({ collection, key }) => [wordOf(collection, String(key)), wordOf('', collection)]))
    rows.push([id, target.uid, toColumn(batch.id), VERDICTS.indexOf(verdict.kind), items.size, JSON.stringify(body)])
    for (const item of items) itemRows.push([item, id])
  }
  await insert({ db, dialect }, tables.log, LOG, rows, dialect.onConflict(['id'], []))
  await insert({ db, dialect }, tables.logItems, LOG_ITEMS, itemRows, dialect.onConflict(['item', 'id'], []))
}

async function find(session: Session, query: DeliveryQuery, verdict: number | null): Promise<DeliveryRecord[]> {
  const { dialect, tables } = session
  const { log, logItems } = tables
  const { item, target, batch, limit } = query
  const { from, to } = rangeOf(query)
  // MariaDB would read the whole log for an item that is in much of it.
  const join = dialect.name === 'mysql' ? 'STRAIGHT_JOIN' : 'JOIN'
  const [id, table] = item === undefined ? ['l.id', `${log} l`] : ['i.id', `${logItems} i ${join} ${log} l ON l.id = i.id`]
  const where: [condition: string, value: SqlValue][] = [
    [`${id} >= ?`, from],
    [`${id} < ?`, to],
  ]
  if (item !== undefined) {
    where.push(['i.item = ?', item.key === undefined ? wordOf('', item.collection) : wordOf(item.collection, String(item.key))])
  }
  if (target !== undefined) where.push(['l.target = ?', target])
  if (batch !== undefined) where.push(['l.batch = ?', toColumn(batch)])
  if (verdict !== null) where.push(['l.verdict = ?', verdict])
  const conditions = where.map(([condition]) => condition).join(' AND ')
  const sql = `SELECT l.id, l.body FROM ${table} WHERE ${conditions} ORDER BY ${id} DESC LIMIT ?`
  const rows = await select(session, sql, [...where.map(([, value]) => value), limit])
  return rows.map((row) => ({ id: String(row.id), ...(JSON.parse(String(row.body)) as Omit<DeliveryRecord, 'id'>) }))
}

/** The id of the n-th newest row, or nothing if there are not so many. In steps, so that no statement takes long. */
async function nthNewest(session: Session, table: string, n: number): Promise<string> {
  let id = '~'
  for (let left = n; left > 0; left -= STEP.rows) {
    const sql = `SELECT id FROM ${table} WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?`
    const [row] = await select(session, sql, [id, Math.min(left, STEP.rows) - 1])
    if (row === undefined) return ''
    id = String(row.id)
    // SQLite answers at once, and nothing else could go on.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return id
}

async function prune(session: Session, before: string): Promise<boolean> {
  const { db, dialect, tables } = session
  const oldest = `SELECT id, items FROM ${tables.log} WHERE id < ? ORDER BY id LIMIT ?${dialect.skipLocked}`
  const rows = await select(session, oldest, [before, STEP.items])
  const ids: string[] = []
  let items = 0
  for (const row of rows) {
    items += Number(row.items)
    if (items > STEP.items && ids.length > 0) break
    ids.push(String(row.id))
  }
  await inPortions(session, ids, async ({ has, bindings }) => {
    await db.run(`DELETE FROM ${tables.logItems} WHERE ${has('id')}`, bindings)
    await db.run(`DELETE FROM ${tables.log} WHERE ${has('id')}`, bindings)
  })
  return ids.length < rows.length || rows.length === STEP.items
}

function later(...ids: string[]): string {
  return ids.sort().at(-1) ?? ''
}

/** As much of a batch's id as fits; ids of our own are far shorter. */
function toColumn(id: string): string {
  return id.slice(0, 300)
}
