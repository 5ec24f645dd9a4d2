/** Subscriptions as they are shown. */

import type { TargetStatus, WindowPolicy } from '@unstale/core'
import { type Auth, checkTargets, type Format, type Problem, type RetryPolicy, type Rule, type TargetRow } from '@unstale/core'

/** A subscription with the values that count for it. Of what is secret it says that it is there. */
export interface Subscription {
  key: string
  /** As bodies of the format `ids` have it: one that is created anew under the same key has another. */
  id: string
  name: string
  url: string
  /** As it was written. */
  filter?: unknown
  status: TargetStatus
  format: Format
  /** Absent: every event of every collection, that `filter` selects. */
  rules?: readonly Rule[]
  auth: { type: Auth['type']; name?: string }
  /** How many signatures each request has: one for each secret. */
  signatures: number
  window: WindowPolicy
  /** JSON has no Infinity: the last `within` is null. */
  retry: RetryPolicy
  timeout: number
  wholeCollection: boolean
  maxPending: number
  /** What is wrong with it, and so left out: it was not written by this version of us. */
  problems?: readonly Problem[]
}

/** One of which nothing can be used. */
export type Unusable = Pick<Subscription, 'key' | 'id' | 'name'> & { problems: readonly Problem[] }

export function toSubscription(row: TargetRow): Subscription | Unusable {
  const { key, uid: id } = row
  const written = row.target as { rules?: unknown }
  const { targets, problems: all } = checkTargets([{ ...written, key, uid: id }])
  const problems = ownPaths(all)
  const [target] = targets
  if (target === undefined) return { key, id, name: nameOf(row), problems }
  const { name, url, filter, status, format, rules, auth, secrets, window, retry, timeout, wholeCollection, maxPending } = target
  return {
    key,
    id,
    name,
    url,
    ...(filter !== undefined && { filter }),
    status,
    format,
    ...(written.rules !== undefined && { rules }),
    auth: auth.type === 'header' ? { type: 'header', name: auth.name } : { type: auth.type },
    signatures: secrets.length,
    window,
    retry,
    timeout,
    wholeCollection,
    maxPending,
    ...(problems.length > 0 && { problems }),
  }
}

export function nameOf({ key, target }: TargetRow): string {
  const { name } = target as { name?: unknown }
  return typeof name === 'string' ? name : key
}

/** By name, then by key; as texts, so that the order is the same wherever it is made. */
export function byName(one: TargetRow, other: TargetRow): number {
  const [a, b] = [nameOf(one), nameOf(other)]
  if (a !== b) return a < b ? -1 : 1
  return one.key < other.key ? -1 : 1
}

/** Problems of a list that holds one target, as the one who wrote that target knows them. */
export function ownPaths(problems: readonly Problem[]): Problem[] {
  return problems.map(({ path, message }) => ({ path: path.replace(/^targets\[0\]\.?/, ''), message }))
}
