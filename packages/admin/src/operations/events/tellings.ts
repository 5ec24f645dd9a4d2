/** What listeners of `/events` are told of what a pipeline tells: no item, no field, no secret. */
import type { Outcome, Pipeline, PipelineError, PipelineEvents, TargetRef } from '@unstale/core'
import { withoutQueries } from '../veil.ts'

/** Several events of one kind and target as one: `count` and `entries` add up, all else is of the newest. */
export interface Telling {
  target: TargetRef | null
  count: number
  at: number
  /** Entries or items that they are about. */
  entries?: number
  [detail: string]: unknown
}

export type Kind = keyof PipelineEvents

type Tell = (kind: Kind, key: string, telling: Telling) => void

/** Returns how to stop. `failed` is given what nobody logs while somebody listens. */
export function listenTo(
  pipeline: Pick<Pipeline, 'on'>,
  { tell, now, failed }: { tell: Tell; now(): number; failed(error: unknown): void },
): () => void {
  const of = (kind: Kind, target: TargetRef, details: { at: number; entries?: number; [detail: string]: unknown }) =>
    tell(kind, target.uid, { target, count: 1, ...details })
  const stops = [
    pipeline.on('accepted', ({ targets, at }) => {
      for (const { entries, ...target } of targets) of('accepted', target, { at, entries })
    }),
    pipeline.on('delivered', (outcome) => of('delivered', outcome.target, attemptOf(outcome))),
    pipeline.on('retrying', (outcome) => of('retrying', outcome.target, attemptOf(outcome))),
    pipeline.on('failing', ({ target, at, since, failures, reason }) =>
      of('failing', target, { at, since, failures, reason: withoutQueries(reason) }),
    ),
    pipeline.on('recovered', ({ target, at, since }) => of('recovered', target, { at, since })),
    pipeline.on('suspended', ({ target, at, reason }) => of('suspended', target, { at, reason })),
    pipeline.on('refused', ({ target, at, reason }) => of('refused', target, { at, reason: withoutQueries(reason) })),
    pipeline.on('dead', ({ target, at, reason, count }) => of('dead', target, { at, reason, entries: count })),
    pipeline.on('error', ({ scope, error, target = null }) => {
      // The pipeline logs an error where nobody listens: now somebody does.
      failed(error)
      tell('error', `${scope} ${target?.uid}`, { target, count: 1, at: now(), scope, message: messageOf(error) })
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** As one, the newer having come second. */
export function merged(older: Telling | undefined, newer: Telling): Telling {
  if (older === undefined) return newer
  const count = older.count + newer.count
  return newer.entries === undefined ? { ...newer, count } : { ...newer, count, entries: newer.entries + (older.entries ?? 0) }
}

function attemptOf({ batch, result, verdict, at }: Outcome): { at: number; entries: number; [detail: string]: unknown } {
  const { id, attempt, items } = batch
  return {
    at,
    entries: items.length,
    batch: id,
    attempt,
    tookMs: result.tookMs,
    status: result.kind === 'response' ? result.status : null,
    ...(result.kind !== 'response' && { reason: withoutQueries(result.message) }),
    ...((verdict.kind === 'retry' || verdict.kind === 'split') && { retryAt: verdict.at }),
  }
}

/** What others throw may hold anything: only our own messages are known to hold no secret. */
function messageOf(error: unknown): string {
  const { name, message } = (error ?? {}) as Partial<PipelineError>
  if (name === 'PipelineError') return withoutQueries(String(message))
  return 'Something failed that is not ours: the log of the process says more.'
}
