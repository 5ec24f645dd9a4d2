const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `12 s`, `3 min`, `2 h`, `4 days`: as much of a duration as one sees at a glance. */
export function span(ms: number): string {
  if (ms < SECOND) return 'less than 1 s'
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`
  return `${Math.floor(ms / DAY)} days`
}

/** `12 s ago`. What lies ahead by the difference of two clocks was just now. */
export function ago(at: number, now: number): string {
  return now - at < SECOND ? 'just now' : `${span(now - at)} ago`
}

/** `in 12 s`, or `now` when the instant has come. */
export function until(at: number, now: number): string {
  return at - now < SECOND ? 'now' : `in ${span(at - now)}`
}

/** `14:03` today, else with the day, and with the year where it is another. The texts are English, so the dates are as well. */
export function clock(at: number, now: number, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone }
  const part = (instant: number, options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-GB', { ...options, ...zone }).format(instant)
  const time = part(at, { hour: '2-digit', minute: '2-digit' })
  const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' }
  const whole: Intl.DateTimeFormatOptions = { ...day, year: 'numeric' }
  if (part(at, whole) === part(now, whole)) return time
  const sameYear = part(at, { year: 'numeric' }) === part(now, { year: 'numeric' })
  return `${part(at, sameYear ? day : whole)}, ${time}`
}

/** To the second, with the time zone: for the title attribute. */
export function exact(at: number, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone }
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'long', ...zone }).format(at)
}

/** `1,234 ms` */
export function milliseconds(ms: number): string {
  return `${thousands(Math.round(ms))} ms`
}

/** `12,345` */
export function thousands(count: number): string {
  return new Intl.NumberFormat('en-GB').format(count)
}

/**
 * Milliseconds by which the server's clock is ahead of the browser's, by the `date` header of an answer. That header is cut to
 * seconds and has travelled, so a small difference means nothing.
 */
export function clockOffset(date: unknown, now: number): number {
  const server = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return Number.isNaN(server) || Math.abs(server - now) < 3 * SECOND ? 0 : server - now
}
