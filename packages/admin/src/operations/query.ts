/** The parameters of a request. What is wrong with one is a 400 that names it. */
import type { Context as Call } from 'hono'
import { Problem } from '../problem.ts'

export interface Query {
  text(name: string): string | undefined
  /** A whole number within bounds. */
  count(name: string, bounds: { least: number; most: number; otherwise: number }): number
  /** Epoch milliseconds, or ISO 8601. */
  instant(name: string): number | undefined
  /** Some of these words: separated by commas, or given several times. */
  words<const T extends string>(name: string, of: readonly T[]): readonly T[] | undefined
}

/** The longest text of a parameter. */
const LONGEST = 1_000
/** The last instant that the calendar of JavaScript has. */
const LATEST = 8_640_000_000_000_000
const ISO = /^\d{4}-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?)?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: databases refuse some of them.
const CONTROL = /[\u0000-\u001f\u007f]/

/** Refuses parameters that are not in `names`: a misspelt one would be ignored. */
export function queryOf(c: Call, names: readonly string[]): Query {
  const given = new URL(c.req.url).searchParams
  for (const name of given.keys()) {
    if (names.includes(name)) continue
    const known = names.length === 0 ? 'there are none here' : `there are ${names.join(', ')}`
    throw wrong(name.slice(0, 100), `is not a parameter; ${known}`)
  }

  function one(name: string): string | undefined {
    const values = given.getAll(name)
    if (values.length > 1) throw wrong(name, 'may be given once')
    const [value] = values
    if (value === '') throw wrong(name, 'has to be left out or to hold something')
    return value
  }

  return {
    text(name) {
      const value = one(name)
      if (value !== undefined && (value.length > LONGEST || CONTROL.test(value)))
        throw wrong(name, `has to be a text of at most ${LONGEST} characters, without control characters`)
      return value
    },
    count(name, { least, most, otherwise }) {
      const value = one(name)
      if (value === undefined) return otherwise
      const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
      if (!(number >= least && number <= most)) throw wrong(name, `has to be a whole number from ${least} to ${most}`)
      return number
    },
    instant(name) {
      const value = one(name)
      if (value === undefined) return undefined
      // A plus that was not encoded arrives as a space.
      const text = value.replace(' ', '+')
      const at = /^\d{1,16}$/.test(text) ? Number(text) : ISO.test(text) ? Date.parse(withZone(text)) : Number.NaN
      if (!(at >= 0 && at <= LATEST))
        throw wrong(name, 'has to be an instant: epoch milliseconds, or ISO 8601 such as 2026-01-31T12:00:00Z')
      return at
    },
    words(name, of) {
      const values = given.getAll(name).flatMap((value) => value.split(','))
      if (values.length === 0) return undefined
      const known = values.map((value) => of.find((word) => word === value))
      if (known.includes(undefined)) throw wrong(name, `has to be some of ${of.join(', ')}`)
      return [...new Set(known)].filter((word) => word !== undefined)
    },
  }
}

/** Without a zone it is UTC, and not that of the machine. */
function withZone(text: string): string {
  return text.includes('T') && !/(Z|[+-]\d\d:?\d\d)$/.test(text) ? `${text}Z` : text
}

function wrong(name: string, message: string): Problem {
  return new Problem(400, `The parameter ${JSON.stringify(name)} ${message}.`, { errors: [{ path: name, message }] })
}
