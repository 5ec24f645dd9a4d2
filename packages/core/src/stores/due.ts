/** What `due` and `peek` answer, given the lanes that are not idle. */
import type { DueQuery } from '../ports.ts'
import { countsAsFailing, type Lane, readyAt } from './lane.ts'

/** Longest due first, at most a share of failing ones, and only known targets. */
export function selectDue(lanes: Iterable<Lane>, { now, targets, limit, failingLimit }: DueQuery): readonly string[] {
  const ready: { at: number; lane: Lane }[] = []
  for (const lane of lanes) {
    const at = readyAt(lane, now)
    if (at !== null && at <= now) ready.push({ at, lane })
  }
  if (ready.length === 0) return []
  ready.sort((a, b) => a.at - b.at || (a.lane.target < b.lane.target ? -1 : 1))
  const known = membership(targets)
  const due: string[] = []
  let failing = 0
  for (const { lane } of ready) {
    if (due.length >= limit) break
    if (!known(lane.target)) continue
    if (countsAsFailing(lane) && ++failing > failingLimit) continue
    due.push(lane.target)
  }
  return due
}

/** Law 10. */
export function nextDueAt(lanes: Iterable<Lane>, { now, targets }: Pick<DueQuery, 'now' | 'targets'>): number | null {
  const known = membership(targets)
  let next: number | null = null
  for (const lane of lanes) {
    const at = readyAt(lane, now)
    if (at !== null && (next === null || at < next) && known(lane.target)) next = at
  }
  return next
}

/** Whether an uid is among the targets; a set is made only where it pays. */
function membership(targets: readonly string[]): (target: string) => boolean {
  let asked = 0
  let set: Set<string> | undefined
  return (target) => {
    if (set === undefined && ++asked > 8) set = new Set(targets)
    return set === undefined ? targets.includes(target) : set.has(target)
  }
}
