/** Statements of cron, and when they are due. The only file that names croner. */
import { Cron } from 'croner'

export interface Due {
  /** The first instant after `after` at which it is due; null: never again. Epoch milliseconds, in the machine's time zone. */
  next(after: number): number | null
}

const FIELDS = [
  ['second', '0 to 59'],
  ['minute', '0 to 59'],
  ['hour', '0 to 23'],
  ['day of month', '1 to 31, or L for the last'],
  ['month', '1 to 12, or JAN to DEC'],
  ['day of week', '0 to 7 with Sunday as 0 and 7, or SUN to SAT'],
] as const

const EXAMPLE = 'such as "cron(*/15 * * * *)" for every 15 minutes'

/** Five fields, or six with seconds; or one of croner's words, such as `@daily`. The problem says which field is wrong. */
export function readStatement(statement: string, now: number): Due | { problem: string } {
  const trimmed = statement.trim()
  const values = trimmed === '' ? [] : trimmed.split(/\s+/)
  const word = trimmed.startsWith('@') && values.length === 1
  if (!word && values.length !== 5 && values.length !== 6) {
    const order = 'minute, hour, day of month, month, day of week'
    return { problem: `has ${values.length} fields and not 5 (${order}) or 6 (with the second before them), ${EXAMPLE}` }
  }
  const cron = parse(trimmed)
  if (cron === null)
    return {
      problem: word
        ? `is a word that is not known: use @hourly, @daily, @weekly, @monthly or @yearly, or fields, ${EXAMPLE}`
        : wrongField(values),
    }
  const due: Due = { next: (after) => cron.nextRun(new Date(after))?.getTime() ?? null }
  if (due.next(now) !== null) return due
  return { problem: `names a day that never comes: look at day of month and month, ${EXAMPLE}` }
}

function parse(statement: string): Cron | null {
  try {
    // Without a function it has no timer: it only tells the time.
    return new Cron(statement, { paused: true, ...(!statement.startsWith('@') && { mode: '5-or-6-parts' }) })
  } catch {
    return null
  }
}

/** Each field is tried alone, since what croner says of a field may count it otherwise than it is written. */
function wrongField(values: readonly string[]): string {
  const fields = FIELDS.slice(FIELDS.length - values.length)
  const index = values.findIndex((value, at) => parse(values.map((_, other) => (other === at ? value : '*')).join(' ')) === null)
  const [name, range] = fields[index] ?? ['statement', '']
  if (index < 0) return `cannot be read, ${EXAMPLE}`
  const forms = 'lists (1,2), ranges (1-5), steps (*/5) and *'
  return `has the ${name} "${values[index]}": it takes ${range}, and ${forms}, ${EXAMPLE}`
}
