import type { WindowPolicy } from '../types.ts'

/** The most characters of JSON that one body carries, and the most that one change may bring before it is truncated. */
export const MAX_BODY = 262_144

/** When a pending set is due that gets an entry at `at`: after a quiet time, and not later than `closeBy` if it was empty before. */
export function windowOf(policy: WindowPolicy, at: number): { quietUntil: number; closeBy: number } {
  return { quietUntil: at + policy.quiet, closeBy: at + policy.max }
}
