import type { FlushReport, TargetReport, TestReport } from '../routes/answers.ts'
import { items, type Tone, waiting } from './health.ts'
import { milliseconds } from './times.ts'

export type ActionId = 'flush' | 'test' | 'retry' | 'resume' | 'redrive'

export interface Action {
  /** Also the last part of the route. */
  id: ActionId
  label: string
  icon: string
  title: string
}

export interface Outcome {
  tone: Tone
  text: string
  /** What the receiver said. */
  body?: string
}

const ACTIONS: Record<ActionId, Action> = {
  flush: { id: 'flush', label: 'Flush now', icon: 'cached', title: 'Announce everything that this target listens to' },
  test: { id: 'test', label: 'Send test', icon: 'send', title: 'Send one request without changes, and show the answer' },
  retry: { id: 'retry', label: 'Retry now', icon: 'replay', title: 'Do not wait for the next attempt' },
  resume: { id: 'resume', label: 'Resume', icon: 'play_arrow', title: 'Send again, beginning with what waits' },
  redrive: { id: 'redrive', label: 'Try the refused again', icon: 'restore', title: 'Put the refused items back into the queue' },
}

/** The buttons that make sense now; none for those who may only look. */
export function offered(report: TargetReport): Action[] {
  if (!report.mayAct) return []
  const { state } = report.health
  const live = state === 'fresh' || state === 'catching-up' || state === 'failing'
  const ids: ActionId[] = []
  // What is suspended gathers a flush and sends it when it is resumed; a draft has nobody to tell.
  if (live || state === 'suspended') ids.push('flush')
  if (state !== 'left-out') ids.push('test')
  if (live && (state === 'failing' || waiting(report) > 0)) ids.push('retry')
  if (state === 'suspended') ids.push('resume')
  if (report.dead > 0) ids.push('redrive')
  return ids.map((id) => ACTIONS[id])
}

/** The one that stands out. */
export function mainAction({ health }: Pick<TargetReport, 'health'>): ActionId {
  return health.state === 'suspended' ? 'resume' : 'flush'
}

/** What an action did, by the `data` that the endpoint answered. */
export function outcomeOf(id: ActionId, data: unknown): Outcome {
  switch (id) {
    case 'flush':
      return flushed(data as Partial<FlushReport> | null | undefined)
    case 'test':
      return tested(data as TestReport | null | undefined)
    case 'retry':
      return { tone: 'success', text: 'The next attempt starts now.' }
    case 'resume':
      return { tone: 'success', text: 'Resumed. What waits is sent now.' }
    case 'redrive':
      return redriven(data as { count?: number } | null | undefined)
  }
}

function flushed(data: Partial<FlushReport> | null | undefined): Outcome {
  const announced = data?.announced
  if (announced === undefined) return { tone: 'success', text: 'Announced.' }
  if (announced === 0) return { tone: 'warning', text: 'Nothing was announced: the rules of this target find no items.' }
  return { tone: 'success', text: `Announced ${items(announced)} (a whole collection counts as one).` }
}

function redriven(data: { count?: number } | null | undefined): Outcome {
  const count = data?.count
  if (count === undefined) return { tone: 'success', text: 'The refused items are back in the queue.' }
  return { tone: 'success', text: `Back in the queue: ${items(count)}.` }
}

function tested(data: TestReport | null | undefined): Outcome {
  if (data === null || typeof data !== 'object') return { tone: 'neutral', text: 'Sent.' }
  const took = milliseconds(data.tookMs)
  if (!('status' in data)) return { tone: 'danger', text: `No answer after ${took}: ${data.message}` }
  const tone: Tone = data.status >= 200 && data.status < 300 ? 'success' : 'danger'
  const body = data.body === undefined || data.body === '' ? {} : { body: data.body }
  return { tone, text: `The receiver answered ${data.status} in ${took}.`, ...body }
}
