import type { SuspendReason, TargetStats } from '@unstale/core'
import type { Context } from '../options.ts'
import type { KnownTarget } from './directory.ts'

/**
 * How a target is doing, in one word. `fresh`: nothing waits · `catching-up`: something waits or flies · `failing`: since
 * `failingSince`, and it is tried again at `dueAt` · `suspended`: nothing is sent until it is resumed · `draft`, `archived`:
 * its status · `left-out`: it is broken, see `problems`.
 */
export type StateWord = 'fresh' | 'catching-up' | 'failing' | 'suspended' | 'draft' | 'archived' | 'left-out'

/** A target and how it is doing. Holds no secret. Instants are epoch milliseconds. */
export interface TargetView {
  uid: string
  key: string
  name: string
  /** Without query and userinfo. */
  url: string
  /** Null: it is left out. */
  status: 'published' | 'draft' | 'archived' | null
  format: 'batch' | 'single' | 'ids' | null
  wholeCollection: boolean
  /** That its rules name. */
  collections: readonly string[]
  state: StateWord
  /** Entries that wait, without those of the request that is on its way. */
  pending: number
  inFlight: number
  /** Since when the oldest entry waits or flies. */
  oldestAt: number | null
  dead: number
  /** When the next attempt is. */
  dueAt: number | null
  /** Failed attempts in a row. */
  failures: number
  failingSince: number | null
  suspended: SuspendReason | null
  /** The most entries of a batch while it refuses larger ones. */
  limit: number | null
  /** Number of its last batch. */
  seq: number
  problems: readonly string[]
}

/** Of each its stats; the store answers for any uid. */
export async function statsOf(
  { store }: Pick<Context, 'store'>,
  targets: readonly KnownTarget[],
): Promise<ReadonlyMap<string, TargetStats>> {
  if (targets.length === 0) return new Map()
  const stats = await store.stats(targets.map(({ uid }) => uid))
  return new Map(stats.map((one) => [one.target, one]))
}

export function stateOf({ target }: KnownTarget, stats: TargetStats | undefined): StateWord {
  if (target === null) return 'left-out'
  if (target.status !== 'published') return target.status
  if (stats === undefined) return 'fresh'
  if (stats.suspended !== null) return 'suspended'
  if (stats.failingSince !== null) return 'failing'
  return stats.pending + stats.inFlight > 0 ? 'catching-up' : 'fresh'
}

export function toView(known: KnownTarget, stats: TargetStats | undefined): TargetView {
  const { uid, key, name, url, target, problems } = known
  return {
    uid,
    key,
    name,
    url,
    status: target?.status ?? null,
    format: target?.format ?? null,
    wholeCollection: target?.wholeCollection ?? false,
    collections: [...new Set(target?.rules.map(({ collection }) => collection))],
    state: stateOf(known, stats),
    pending: stats?.pending ?? 0,
    inFlight: stats?.inFlight ?? 0,
    oldestAt: stats?.oldestAt ?? null,
    dead: stats?.dead ?? 0,
    dueAt: stats?.dueAt ?? null,
    failures: stats?.failures ?? 0,
    failingSince: stats?.failingSince ?? null,
    suspended: stats?.suspended ?? null,
    limit: stats?.limit ?? null,
    seq: stats?.seq ?? 0,
    problems,
  }
}
