import type { TargetReport } from '../routes/answers.ts'

export const EVERY_MS = 3000
/** A request without an answer would hold up the next look. */
export const TIMEOUT_MS = 10_000

export function targetRoute(target: string | number, action?: string): string {
  const route = `/unstale/targets/${encodeURIComponent(target)}`
  return action === undefined ? route : `${route}/${action}`
}

/** What went wrong with a request, as Directus says it in `{ errors: [{ message }] }`. */
export function errorMessage(error: unknown): string {
  const data = answered(error)?.data
  if (isObject(data) && Array.isArray(data['errors'])) {
    const messages = data['errors'].flatMap((each: unknown) =>
      isObject(each) && typeof each['message'] === 'string' && each['message'] !== '' ? [sentence(each['message'])] : [],
    )
    if (messages.length > 0) return messages.join(' ')
  }
  const status = answered(error)?.status
  if (status !== undefined) return `Directus answered ${status}.`
  return 'Directus did not answer. Look whether it runs and whether this browser is online.'
}

export interface Trouble {
  text: string
  /** Whether what was shown before may still be true, and stays in sight. */
  keep: boolean
}

/** Why there is no report, in words that say what to do. */
export function whyNoReport(error: unknown): Trouble {
  switch (answered(error)?.status) {
    case 404:
      return {
        keep: false,
        text: 'Nothing is known of this target: the extension is still starting, or the target is gone. This page keeps looking.',
      }
    case 401:
      return { keep: false, text: 'You are signed out. Sign in again to see how this target is doing.' }
    case 403:
      return {
        keep: false,
        text: 'This target is gone, or you may not see it. An administrator can let your role read this collection.',
      }
    case 503:
      return { keep: true, text: `${errorMessage(error)} This page keeps looking.` }
    default:
      return { keep: true, text: errorMessage(error) }
  }
}

/** A proxy's error page, or the endpoint of some other extension, is no report. */
export function isReport(data: unknown): data is TargetReport {
  return (
    isObject(data) &&
    isObject(data['health']) &&
    typeof data['health']['state'] === 'string' &&
    isObject(data['signing']) &&
    Array.isArray(data['deliveries']) &&
    Array.isArray(data['problems'])
  )
}

/** The parts of an axios error that count here. */
function answered(error: unknown): { status?: number; data: unknown } | undefined {
  if (!isObject(error) || !isObject(error['response'])) return undefined
  const { status, data } = error['response']
  return { data, ...(typeof status === 'number' ? { status } : {}) }
}

function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.?!]$/.test(start) ? start : `${start}.`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
