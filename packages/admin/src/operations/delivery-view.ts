import type { DeliveryRecord, ItemRef, TargetRef, Verdict } from '@unstale/core'

/** One attempt. Instants are epoch milliseconds. */
export interface AttemptView {
  id: string
  at: number
  tookMs: number
  verdict: Verdict['kind']
  /** Whether there was an answer, and if not, what came instead. */
  answer: 'response' | 'timeout' | 'network' | 'refused' | 'aborted'
  /** Of the answer; null: there was none. */
  status: number | null
  /** Why it failed; null: it did not. */
  reason: string | null
  /** When the next attempt was to be. */
  retryAt: number | null
  /** 1 for the first of its batch. */
  attempt: number
  /** The first kilobyte of what the receiver said; only for those who may manage. */
  body?: string
}

/** What a batch carried, the same at every attempt. */
export interface BatchView {
  batch: string
  target: TargetRef
  seq: number
  epoch: number
  openedAt: number
  /** Of the body that was sent. */
  bytes: number
  /** Of all items; `items` lists the first 500. */
  count: number
  items: readonly ItemRef[]
}

export interface DeliveryView extends BatchView, AttemptView {}

export interface Showing {
  manage: boolean
  /** Hides the secrets of its target. */
  hide(text: string): string
}

export function toDelivery(record: DeliveryRecord, showing: Showing): DeliveryView {
  return { ...toAttempt(record, showing), ...toBatch(record) }
}

export function toBatch({ batch, target, count }: DeliveryRecord): BatchView {
  const { id, seq, epoch, openedAt, bytes, items } = batch
  return { batch: id, target, seq, epoch, openedAt, bytes, count, items }
}

export function toAttempt({ id, at, result, verdict, batch }: DeliveryRecord, { manage, hide }: Showing): AttemptView {
  const answered = result.kind === 'response'
  return {
    id,
    at,
    tookMs: result.tookMs,
    verdict: verdict.kind,
    answer: result.kind,
    status: answered ? result.status : null,
    reason: !answered ? hide(result.message) : verdict.kind === 'delivered' ? null : `it answered ${result.status}`,
    retryAt: verdict.kind === 'retry' || verdict.kind === 'split' ? verdict.at : null,
    attempt: batch.attempt,
    ...(manage && answered && result.body !== undefined && { body: hide(result.body) }),
  }
}
