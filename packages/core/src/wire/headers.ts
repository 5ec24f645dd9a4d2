import { withoutUserinfo } from './formats.ts'

/** The headers that every message carries. */
export const HEADERS = {
  /** The batch's id, the same on every attempt. */
  id: 'webhook-id',
  /** Unix seconds of this attempt. */
  timestamp: 'webhook-timestamp',
  /** Present if the target has secrets. */
  signature: 'webhook-signature',
  /** The batch's number among those of its target. */
  seq: 'unstale-seq',
  /** Names the count: a new one means that it began anew. */
  epoch: 'unstale-epoch',
} as const

/** The headers by which a target knows us. */
export function authHeaders(
  auth: { type: 'none' } | { type: 'bearer'; token: string } | { type: 'header'; name: string; value: string },
): Record<string, string> {
  if (auth.type === 'bearer') return { Authorization: `Bearer ${auth.token}` }
  return auth.type === 'header' ? { [auth.name]: auth.value } : {}
}

/** Headers that the connection, the body or the message itself depend on. */
const OURS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
])

/** Why a target may not have a header of this name; null: it may. Ends a sentence that begins with what it is. */
export function headerNameProblem(name: string): string | null {
  if (name === '') return 'is empty'
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return "is not a header's name: only letters, digits and !#$%&'*+-.^_`|~ may be in one"
  const lower = name.toLowerCase()
  if (OURS.has(lower) || /^(?:proxy|webhook|unstale)-/.test(lower)) return `is "${lower}", a header that cannot be set`
  return null
}

/** Why a header may not have this value; null: it may. Never holds the value. */
export function headerValueProblem(value: string): string | null {
  if (value === '') return 'is empty'
  if (/[\r\n\0]/.test(value)) return 'holds a line break or a null character'
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) return 'holds a character that no header can carry'
  return null
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'

/** Milliseconds from `now` that a `Retry-After` asks for, as seconds or as an HTTP date; undefined if it is neither, or past. */
export function parseRetryAfter(text: string, now: number): number | undefined {
  const value = text.trim()
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER)
  const match = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(value)
  if (match === null) return undefined
  const [day, , year, hours, minutes, seconds] = match.slice(1).map(Number) as [number, number, number, number, number, number]
  const month = MONTHS.indexOf(match[2] as string) / 3
  if (!Number.isInteger(month) || month < 0 || day < 1 || day > daysIn(month, year)) return undefined
  // 60: a leap second.
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  const at = ((daysBefore(month, year) + day - 1) * 86_400 + hours * 3600 + minutes * 60 + seconds) * 1000
  return at < now ? undefined : at - now
}

function leaps(year: number): number {
  return Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400)
}

function daysIn(month: number, year: number): number {
  return month === 1 ? 28 + leaps(year) - leaps(year - 1) : month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31
}

/** Days from 1 January 1970 to the first of the month (0 is January). */
function daysBefore(month: number, year: number): number {
  let days = (year - 1970) * 365 + leaps(year - 1) - leaps(1969)
  for (let before = 0; before < month; before++) days += daysIn(before, year)
  return days
}

/** The url for people and logs: without userinfo, query and fragment. Takes any text. */
export function redactUrl(url: string): string {
  return withoutUserinfo(url).replace(/[?#].*$/s, '')
}
