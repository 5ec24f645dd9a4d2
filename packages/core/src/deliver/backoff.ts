import type { AttemptResult, Batch, RetryPolicy, Target, Verdict } from '../types.ts'

/** People are told after this many failed attempts in a row, … */
const FAILING_ATTEMPTS = 3
/** … or after this many milliseconds of failing. */
const FAILING_MS = 30_000
/** A batch is split when a receiver has refused it (400, 422) this often. */
const REFUSALS = 5

export type Judged = Pick<Batch, 'refusals' | 'state'> & { entries: readonly Pick<Batch['entries'][number], 'refusedIn'>[] }

/**
 * What an attempt means. Failure is the target's state, not the batch's: delays grow with its failed attempts in a row,
 * and one success ends them.
 */
export function decide(
  result: AttemptResult,
  batch: Judged,
  { retry, window }: Pick<Target, 'retry' | 'window'>,
  now: number,
  random: () => number,
): Verdict {
  if (result.kind === 'aborted') return { kind: 'aborted' }
  const { state } = batch
  const status = result.kind === 'response' ? result.status : 0
  if (status >= 200 && status < 300) {
    const doubled = state.limit === null ? Number.POSITIVE_INFINITY : state.limit * 2
    return { kind: 'delivered', limit: doubled >= window.size ? null : doubled }
  }
  const failures = state.failures + 1
  const since = state.failingSince ?? now
  const failing = failures >= FAILING_ATTEMPTS || now - since >= FAILING_MS || status === 401 || status === 403
  const at = now + delay(result, retry, failures, now - since, random)

  const refused = status === 400 || status === 422
  if (status === 413 || (refused && (state.limit !== null || batch.refusals + 1 >= REFUSALS))) {
    const count = batch.entries.length
    // Halving ends after a few requests, so that it need neither wait nor alarm anybody; an entry that is refused alone does.
    if (count > 1) return { kind: 'split', at: now, limit: Math.floor(count / 2), failing: now - since >= FAILING_MS }
    const refusedIn = batch.entries[0]?.refusedIn
    if (refusedIn !== undefined && state.deliveredSeq > refusedIn) return { kind: 'dead', reason: 'refused' }
    return { kind: 'split', at, limit: 1, failing }
  }
  if (status === 410) return { kind: 'retry', at, failing: true, suspend: 'gone' }
  if (retry.horizon !== null && now - since >= retry.horizon) return { kind: 'retry', at, failing: true, suspend: 'horizon' }
  return { kind: 'retry', at, failing, ...(refused ? { refused: true as const } : undefined) }
}

/** Milliseconds until the next attempt, after `failures` in a row over `elapsed` milliseconds. */
export function delay(
  result: AttemptResult,
  retry: RetryPolicy,
  failures: number,
  elapsed: number,
  random: () => number,
): number {
  const asked = result.kind === 'response' ? result.retryAfter : undefined
  const [first = 1000] = retry.delays
  // A receiver that names a time knows best, within bounds; never earlier than it says.
  if (asked !== undefined)
    return Math.round(Math.min(Math.max(asked, first) * (1 + retry.jitter * random()), retry.maxRetryAfter))
  const step = retry.then.find(({ within }) => elapsed < within) ?? retry.then.at(-1)
  const base = retry.delays[failures - 1] ?? step?.every ?? first
  return Math.round(base * (1 + retry.jitter * (2 * random() - 1)))
}
