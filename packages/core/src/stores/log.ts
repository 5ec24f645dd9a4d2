/** What every delivery log has in common, and the one in memory. */
import { PipelineError } from '../errors.ts'
import type { DeliveryLog, DeliveryQuery, LogBounds } from '../ports.ts'
import type { DeliveryRecord, ItemRef, Outcome } from '../types.ts'
import { instantKey } from './lane.ts'

const ITEMS_PER_RECORD = 10
/** Items of one record; `count` tells of more. */
const LISTED = 500
const WEEK = 7 * 86_400_000

/** Throws CONFIG_INVALID. */
export function boundsOf(
  { records, maxAge = WEEK }: LogBounds,
  most: number,
): { records: number; items: number; maxAge: number } {
  const kept = records ?? most
  if (!(Number.isInteger(kept) && kept > 0)) throw new PipelineError('CONFIG_INVALID', 'records: must be a whole number above 0')
  if (!(maxAge > 0)) throw new PipelineError('CONFIG_INVALID', 'maxAge: must be above 0 (milliseconds)')
  return { records: kept, items: kept * ITEMS_PER_RECORD, maxAge }
}

/** An attempt has one id, whoever names it. `batch` stands for the batch's own. */
export function toRecord(outcome: Outcome, batch: string): DeliveryRecord {
  const { items, attempt } = outcome.batch
  return {
    id: `${instantKey(outcome.at)}${attempt.toString(36).padStart(3, '0')}${batch}`,
    ...outcome,
    batch: { ...outcome.batch, items: items.slice(0, LISTED) },
    count: items.length,
  }
}

/** Ids that a query may answer: from the first on, and before the second. */
export function rangeOf({ since, until, before }: DeliveryQuery): { from: string; to: string } {
  // An id begins with small letters and digits.
  const end = until === undefined ? '~' : instantKey(until)
  return { from: since === undefined ? '' : instantKey(since), to: before !== undefined && before < end ? before : end }
}

/** The last attempts, in this process and gone with it. */
export function memoryLog(options: LogBounds = {}): DeliveryLog {
  const bounds = boundsOf(options, 1_000)
  /** Oldest first. */
  const records: DeliveryRecord[] = []
  let items = 0

  function insert(record: DeliveryRecord): void {
    let place = records.length
    while (place > 0 && (records[place - 1]?.id ?? '') > record.id) place--
    if (records[place - 1]?.id === record.id) return
    records.splice(place, 0, record)
    items += record.batch.items.length
  }

  function removeWhile(tooMuch: (oldest: DeliveryRecord) => boolean): void {
    for (let [oldest] = records; oldest !== undefined && tooMuch(oldest); [oldest] = records) {
      items -= oldest.batch.items.length
      records.shift()
    }
  }

  return {
    async add(outcomes) {
      for (const outcome of outcomes) insert(toRecord(outcome, outcome.batch.id))
      removeWhile(() => records.length > bounds.records || items > bounds.items)
    },
    async list(query) {
      const { from, to } = rangeOf(query)
      const found: DeliveryRecord[] = []
      for (const record of records.toReversed()) {
        if (found.length >= query.limit) break
        if (record.id >= from && record.id < to && matches(record, query)) found.push(structuredClone(record))
      }
      return found
    },
    async prune(now) {
      removeWhile(({ at }) => at < now - bounds.maxAge)
      return false
    },
  }
}

function matches({ target, batch, verdict }: DeliveryRecord, query: DeliveryQuery): boolean {
  const { item, verdicts } = query
  return (
    (query.target === undefined || query.target === target.uid) &&
    (query.batch === undefined || query.batch === batch.id) &&
    (verdicts === undefined || verdicts.includes(verdict.kind)) &&
    (item === undefined || batch.items.some((one) => isOf(one, item)))
  )
}

/** `1` and `'1'` are one item. */
function isOf(one: ItemRef, { collection, key }: NonNullable<DeliveryQuery['item']>): boolean {
  return one.collection === collection && (key === undefined || String(one.key) === String(key))
}
