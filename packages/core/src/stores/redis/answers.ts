/** What the scripts answer, as the port has it. */
import type { AppendResult } from '../../ports.ts'
import type { Batch, DeadLetter, SuspendReason, TargetStats } from '../../types.ts'
import { NOTHING } from '../append-queue.ts'
import { fromSafe, toBatchEntry } from './entry-text.ts'

const orNull = (text: string | undefined): number | null => (text === undefined || text === '' ? null : Number(text))

export function toBatch(target: string, answer: readonly unknown[]): Batch {
  const [id, seq, epoch, attempt, openedAt, reclaimed, refusals, revision, asOf, token, ...rest] = answer as string[]
  const [failures, failingSince, failing, limit, deliveredSeq, suspended] = rest
  return {
    id: String(id),
    target,
    seq: Number(seq),
    epoch: Number(epoch),
    entries: (answer.at(-1) as string[]).map(toBatchEntry),
    attempt: Number(attempt),
    openedAt: Number(openedAt),
    reclaimed: reclaimed === '1',
    refusals: Number(refusals),
    binding: { revision: String(revision), asOf: Number(asOf) },
    state: {
      failures: Number(failures),
      failingSince: orNull(failingSince),
      failing: failing === '1',
      limit: orNull(limit),
      deliveredSeq: Number(deliveredSeq),
      suspended: toReason(suspended),
    },
    token: String(token),
  }
}

function toReason(text: string | undefined): SuspendReason | null {
  return text === undefined || text === '' ? null : (text as SuspendReason)
}

/** Target, count or 0, and the collections, each followed by a `;`. */
export function toAppendResult(flat: readonly string[]): AppendResult {
  if (flat.length === 0) return NOTHING
  const overflowed: { target: string; count: number }[] = []
  const collapsible: { target: string; collections: readonly string[] }[] = []
  for (let n = 0; n < flat.length; n += 3) {
    const [target = '', count = '0', words = ''] = flat.slice(n, n + 3)
    if (count !== '0') overflowed.push({ target: fromSafe(target), count: Number(count) })
    else {
      const collections = words
        .split(';')
        .slice(0, -1)
        .map((word) => JSON.parse(`"${word}"`) as string)
      collapsible.push({ target: fromSafe(target), collections: collections.sort() })
    }
  }
  return { overflowed, collapsible }
}

export function toStats(target: string, answer: readonly string[]): TargetStats {
  const [pending, oldestAt, inFlight, dead, dueAt, failures, failingSince, failing, suspended, limit, seq] = answer
  return {
    target,
    pending: Number(pending ?? 0),
    oldestAt: orNull(oldestAt),
    inFlight: Number(inFlight ?? 0),
    dead: Number(dead ?? 0),
    dueAt: orNull(dueAt),
    failures: Number(failures ?? 0),
    failingSince: orNull(failingSince),
    failing: failing === '1',
    suspended: toReason(suspended),
    limit: orNull(limit),
    seq: Number(seq ?? 0),
  }
}

export function toLetter([id = '', target = '', reason, diedAt, entry = '']: readonly string[]): DeadLetter {
  return {
    id,
    target: fromSafe(target),
    reason: reason === 'overflow' ? 'overflow' : 'refused',
    diedAt: Number(diedAt),
    entry: toBatchEntry(entry),
  }
}
