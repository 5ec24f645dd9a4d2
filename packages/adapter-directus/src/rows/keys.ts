/** Signing keys of targets (Standard Webhooks): made, and rotated with an overlap. */
import { randomBytes } from 'node:crypto'
import type { KeysReport, Signing } from '../routes/answers.ts'

/** The columns that hold them: a JSON list, the newest first; and until when the others sign, too (epoch milliseconds). */
export interface KeyColumns {
  signing_keys: string | null
  signing_overlap_until: number | null
}

/** Those that sign now. */
export function keysOf(row: Partial<KeyColumns>, now: number): string[] {
  const all = parse(row.signing_keys)
  const until = Number(row.signing_overlap_until ?? 0)
  return now < until ? all : all.slice(0, 1)
}

export function signingOf(row: Partial<KeyColumns>, now: number): Signing {
  const keys = keysOf(row, now).length
  return { keys, overlapUntil: keys > 1 ? Number(row.signing_overlap_until) : null }
}

export type KeyAction = 'rotate' | 'finish' | 'remove'

/** What the columns hold after an action, and what to tell of it. */
export function withAction(
  row: Partial<KeyColumns>,
  action: KeyAction,
  { now, overlap }: { now: number; overlap: number },
): { columns: Pick<KeyColumns, 'signing_keys' | 'signing_overlap_until'>; report: KeysReport } {
  const [current] = keysOf(row, now)
  if (action === 'rotate') {
    const key = `whsec_${randomBytes(32).toString('base64')}`
    const keys = current === undefined ? [key] : [key, current]
    const until = current === undefined ? null : now + overlap
    return columnsOf(keys, until, { key })
  }
  return columnsOf(action === 'remove' || current === undefined ? [] : [current], null)
}

function columnsOf(keys: readonly string[], until: number | null, told: { key?: string } = {}) {
  return {
    columns: { signing_keys: keys.length === 0 ? null : JSON.stringify(keys), signing_overlap_until: until },
    report: { keys: keys.length, overlapUntil: until, ...told },
  }
}

function parse(text: unknown): string[] {
  if (typeof text !== 'string' || !text.startsWith('[')) return []
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list.filter((key): key is string => typeof key === 'string') : []
  } catch {
    return []
  }
}
