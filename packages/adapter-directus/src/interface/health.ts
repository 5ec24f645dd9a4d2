import type { Health, TargetReport } from '../routes/answers.ts'
import { clock, span, thousands, until } from './times.ts'

export type Tone = 'success' | 'warning' | 'danger' | 'neutral'

export interface HealthLine {
  tone: Tone
  headline: string
  /** What it means, or what to do. */
  detail: string
  /** The headline without numbers, for screen readers: it changes only when the health does. */
  announcement: string
}

const REASONS: Record<NonNullable<Health['reason']>, string> = {
  gone: 'the receiver answered 410 Gone',
  horizon: 'every attempt failed for longer than is allowed',
  manual: 'by hand',
}

/** `1 item`, `12 items` */
export function items(count: number): string {
  return count === 1 ? '1 item' : `${thousands(count)} items`
}

/** Items that wait for a request, without those of the request that is on its way. */
export function waiting({ pending, inFlight }: Pick<TargetReport, 'pending' | 'inFlight'>): number {
  return Math.max(0, pending - inFlight)
}

export function healthLine(report: TargetReport, now: number, timeZone?: string): HealthLine {
  const { state, since, failures, reason } = report.health
  const line = (tone: Tone, name: string, more: string, detail: string): HealthLine => ({
    tone,
    headline: more === '' ? name : `${name} (${more})`,
    detail,
    announcement: name,
  })
  switch (state) {
    case 'fresh':
      return line('success', 'Fresh', '', gathered(report))
    case 'catching-up':
      return line('warning', 'Catching up', queue(report, now), 'Changes are being sent, the oldest first.')
    case 'failing': {
      const name = since === undefined ? 'Failing' : `Failing since ${clock(since, now, timeZone)}`
      const attempts = failures === undefined ? '' : failures === 1 ? '1 attempt' : `${thousands(failures)} attempts`
      return line('danger', name, attempts, sentence('Attempts are repeated until the receiver accepts', queue(report, now)))
    }
    case 'suspended': {
      const tone = reason === 'manual' ? 'warning' : 'danger'
      const kept = sentence('Nothing is sent until somebody resumes it. Changes are kept', queue(report, now))
      return line(tone, 'Suspended', reason === undefined ? '' : REASONS[reason], kept)
    }
    case 'draft':
      return line('neutral', 'Draft', '', 'Nothing is sent before its status is Published.')
    case 'archived':
      return line('neutral', 'Archived', '', 'Nothing is sent while its status is Archived.')
    case 'left-out':
      return line('danger', 'Left out', '', 'Nothing is sent to this target until what is listed here is mended.')
    default:
      // A state that the browser's copy of this page does not know yet.
      return line('neutral', String(state), '', 'Reload the page to see more.')
  }
}

/** What stands above the list of problems. */
export function problemsTitle({ health }: Pick<TargetReport, 'health'>): string {
  return health.state === 'left-out' ? 'What is wrong with it:' : 'Parts of this target are left out:'
}

export interface Figure {
  label: string
  value: string
  /** Worth a look. */
  alarming?: boolean
}

export function figures(report: TargetReport, now: number): Figure[] {
  return [
    { label: 'Waiting', value: thousands(waiting(report)) },
    { label: 'On its way', value: thousands(report.inFlight) },
    { label: 'Refused', value: thousands(report.dead), alarming: report.dead > 0 },
    { label: 'Next attempt', value: report.dueAt === null ? 'none due' : until(report.dueAt, now) },
  ]
}

/** `12 items wait, the oldest for 12 s`, or nothing. */
function queue(report: TargetReport, now: number): string {
  const wait = waiting(report)
  const count = wait > 0 ? wait : report.pending
  if (count === 0) return ''
  const what = wait === 0 ? 'on the way' : count === 1 ? 'waits' : 'wait'
  const oldest = report.oldestAt === null ? '' : `, ${count === 1 ? 'for' : 'the oldest for'} ${span(now - report.oldestAt)}`
  return `${items(count)} ${what}${oldest}`
}

function sentence(start: string, more: string): string {
  return more === '' ? `${start}.` : `${start}; ${more}.`
}

function gathered(report: TargetReport): string {
  if (waiting(report) > 0) return `${items(waiting(report))} gathered, to go out together in a moment.`
  if (report.inFlight > 0) return `${items(report.inFlight)} on the way.`
  return 'The receiver has been told of every change.'
}
