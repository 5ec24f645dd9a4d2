import type { AttemptResult, DeliveryRecord, Target, TargetStats } from '@unstale/core'
import { checkTargets } from '@unstale/core'
import { TARGETS } from '../fields.ts'
import type { Row } from '../host.ts'
import { signingOf } from '../rows/keys.ts'
import { decrypted } from '../rows/secrets.ts'
import type { Runtime } from '../runtime.ts'
import type { Delivery, Health, TargetReport, TestReport } from './answers.ts'

/** Attempts that are shown. */
const SHOWN = 20
/** Milliseconds beyond the window after which what waits is late. */
const LATE = 2_000

export async function reportOf(
  { store, log, rows, host, reader, settings }: Runtime,
  id: string,
  { acts, admin }: { acts: boolean; admin: boolean },
): Promise<TargetReport> {
  const { database, services } = host
  const row = ((await database(TARGETS).where({ id }).first()) ?? { id }) as Row
  const schema = await reader.schemaWith(TARGETS)
  const [readable = row] = schema === undefined ? [] : (await decrypted({ database, services }, schema, [row])).rows
  const { targets } = checkTargets(await rows.read(id))
  const target = targets.find(({ uid }) => uid === id)
  const problems = [...(rows.problems.get(id) ?? [])]
  const [[stats], records, now] = await Promise.all([store.stats([id]), log.list({ target: id, limit: SHOWN }), store.time()])
  return {
    id,
    name: target?.name ?? String(row['name'] ?? id),
    url: withoutQuery(String(row['url'] ?? '')),
    status: (row['status'] ?? 'draft') as TargetReport['status'],
    health: healthOf(row, target, stats, settings.window.max ?? 300, now),
    // The store counts what waits apart from what is on its way.
    pending: (stats?.pending ?? 0) + (stats?.inFlight ?? 0),
    oldestAt: stats?.oldestAt ?? null,
    inFlight: stats?.inFlight ?? 0,
    dead: stats?.dead ?? 0,
    dueAt: stats?.dueAt ?? null,
    signing: signingOf(readable, now),
    problems,
    deliveries: records.map((record) => toDelivery(record, admin)),
    mayAct: acts,
  }
}

function healthOf(row: Row, target: Target | undefined, stats: TargetStats | undefined, window: number, now: number): Health {
  if (row['status'] === 'archived' || row['status'] === 'draft') return { state: row['status'] }
  if (target === undefined || target.status !== 'published') return { state: 'left-out' }
  if (stats === undefined) return { state: 'fresh' }
  if (stats.suspended !== null) return { state: 'suspended', reason: stats.suspended }
  if (stats.failingSince !== null) return { state: 'failing', since: stats.failingSince, failures: stats.failures }
  return { state: stats.oldestAt !== null && stats.oldestAt + window + LATE < now ? 'catching-up' : 'fresh' }
}

function toDelivery({ id, at, verdict, result, batch, count }: DeliveryRecord, admin: boolean): Delivery {
  return {
    id,
    at,
    verdict: verdict.kind,
    ...(result.kind === 'response' ? { status: result.status } : { message: result.message }),
    tookMs: result.tookMs,
    attempt: batch.attempt,
    count,
    items: batch.items.slice(0, 100).map(({ collection, key, event }) => ({ collection, key, event })),
    ...(admin && result.kind === 'response' && result.body ? { body: result.body } : undefined),
  }
}

export function testOf(result: AttemptResult, admin: boolean): TestReport {
  if (result.kind !== 'response') return { message: result.message, tookMs: result.tookMs }
  return { status: result.status, tookMs: result.tookMs, ...(admin && result.body ? { body: result.body } : undefined) }
}

function withoutQuery(url: string): string {
  if (!URL.canParse(url)) return ''
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
