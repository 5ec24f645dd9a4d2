/** Subscriptions in the store's own table of targets. */
import type { TargetRow, TargetTable } from '@unstale/core'
import { Problem } from '../problem.ts'
import type { Condition } from './etag.ts'
import { toInput } from './input.ts'

/** Of so many who change one subscription at once, each gets its turn. */
const TURNS = 50

export async function rowsOf({ table }: TargetTable): Promise<readonly TargetRow[]> {
  return (await table.rows.read()).rows
}

export async function findRow(targets: TargetTable, key: string): Promise<TargetRow | null> {
  return (await rowsOf(targets)).find((row) => row.key === key) ?? null
}

/**
 * Creates or replaces it, and answers what is there then. What is kept of the one before is that of the very one that is
 * replaced: with whoever comes in between it begins again.
 */
export async function saveRow(
  targets: TargetTable,
  key: string,
  body: Readonly<Record<string, unknown>>,
  condition: Condition,
): Promise<TargetRow> {
  for (let turn = 0; turn < TURNS; turn++) {
    const was = await findRow(targets, key)
    await condition.check(was)
    const input = toInput(body, key, was)
    if (!(await targets.put(input, canCompare(targets) || condition.given ? { was } : {}))) continue
    const { uid, ...target } = input
    return { key, uid, target }
  }
  throw tooBusy()
}

/** False: there is none. */
export async function removeRow(targets: TargetTable, key: string, condition: Condition): Promise<boolean> {
  if (!condition.given) return targets.delete(key)
  for (let turn = 0; turn < TURNS; turn++) {
    const was = await findRow(targets, key)
    if (was === null) return false
    await condition.check(was)
    if (await targets.delete(key, { was })) return true
  }
  throw tooBusy()
}

/** A store of somebody else's may have a table without it. */
function canCompare({ table }: TargetTable): boolean {
  return table.rows.swap !== undefined
}

function tooBusy(): Problem {
  return new Problem(503, 'Too many change it at once: try again.', { headers: { 'retry-after': '1' } })
}
