/**
 * What each operator asks of a known value. Two values compare as instants where one is `$NOW`, a date, or both are ISO
 * dates; as numbers where both are numbers or one is and the other is a numeric text or a date; booleans as themselves, `'true'`,
 * `'false'`, 1 and 0; all else as text, by code unit. Null equals null alone, and is neither less nor greater.
 */
import { kindOf } from '../errors.ts'
import { moveInstant, parseInstant, type Unit } from './dates.ts'

export interface Tester {
  /** `now`: what `$NOW` stands for. */
  test(value: unknown, now: number): boolean
  /** Takes an array that is the field's value as a whole, not member by member. */
  whole?: true
  /** Holds where no value passes `test`: of several members none may. */
  none?: true
}

/** From what a user wrote to a test; a string says what is wrong with it. */
export type Operand = (written: unknown) => Tester | string

type Value = string | number | boolean | null | ((now: number) => number)

export const OPERATORS: Readonly<Record<string, Operand>> = {
  _eq: single((value, wanted, now) => compare(value, wanted, now) === 0),
  _neq: single((value, wanted, now) => compare(value, wanted, now) !== 0),
  _lt: single((value, wanted, now) => compare(value, wanted, now) < 0),
  _lte: single((value, wanted, now) => compare(value, wanted, now) <= 0),
  _gt: single((value, wanted, now) => compare(value, wanted, now) > 0),
  _gte: single((value, wanted, now) => compare(value, wanted, now) >= 0),
  _in: list(0, (value, wanted, now) => wanted.some((one) => compare(value, one, now) === 0)),
  _nin: list(0, (value, wanted, now) => !wanted.some((one) => compare(value, one, now) === 0)),
  _between: list(2, (value, [from, to], now) => compare(value, from as Value, now) >= 0 && compare(value, to as Value, now) <= 0),
  _nbetween: list(2, (value, [from, to], now) => compare(value, from as Value, now) < 0 || compare(value, to as Value, now) > 0),
  _null: flag((value) => value === null),
  _nnull: flag((value) => value !== null),
  _empty: flag(isEmpty),
  _nempty: flag((value) => !isEmpty(value)),
  _contains: text((value, part) => value.includes(part)),
  _ncontains: not(text((value, part) => value.includes(part))),
  _icontains: text((value, part) => value.toLowerCase().includes(part.toLowerCase())),
  _starts_with: text((value, part) => value.startsWith(part)),
  _nstarts_with: not(text((value, part) => value.startsWith(part))),
  _ends_with: text((value, part) => value.endsWith(part)),
  _nends_with: not(text((value, part) => value.endsWith(part))),
}

function single(holds: (value: unknown, wanted: Value, now: number) => boolean): Operand {
  return (written) => {
    const wanted = toValue(written)
    return isWrong(wanted) ? wanted.wrong : { test: (value, now) => holds(value, wanted, now) }
  }
}

function list(length: number, holds: (value: unknown, wanted: readonly Value[], now: number) => boolean): Operand {
  return (written) => {
    const what = length === 0 ? 'an array of values' : 'an array of two values, from and to'
    if (!Array.isArray(written)) return `has to be ${what}, not ${kindOf(written)}`
    if (length > 0 && written.length !== length) return `has to be ${what}, not of ${written.length}`
    const wanted = written.map(toValue)
    const wrong = wanted.find(isWrong)
    return wrong === undefined ? { test: (value, now) => holds(value, wanted as Value[], now) } : wrong.wrong
  }
}

function flag(holds: (value: unknown) => boolean): Operand {
  return (written) => {
    if (written !== true && written !== false) return `has to be true or false, not ${kindOf(written)}`
    return { test: (value) => holds(value) === written, whole: true }
  }
}

function text(holds: (value: string, part: string) => boolean): Operand {
  return (written) => {
    if (typeof written !== 'string' && typeof written !== 'number') return `has to be a text, not ${kindOf(written)}`
    const part = String(written)
    return { test: (value) => (typeof value === 'string' || typeof value === 'number') && holds(String(value), part) }
  }
}

function not(operand: Operand): Operand {
  return (written) => {
    const made = operand(written)
    return typeof made === 'string' ? made : { ...made, none: true }
  }
}

interface Wrong {
  wrong: string
}

function isWrong(value: Value | Wrong): value is Wrong {
  return typeof value === 'object' && value !== null
}

/** Units as Directus spells them; without one, days. */
const UNITS: readonly (readonly [RegExp, Unit])[] = [
  [/^(?:years?|yrs?|y)$/i, 'year'],
  [/^(?:months?|mth|mo)$/i, 'month'],
  [/^(?:weeks?|w)$/i, 'week'],
  [/^(?:days?|d)?$/i, 'day'],
  [/^(?:hours?|hrs?|h)$/i, 'hour'],
  [/^(?:minutes?|mins?|m)$/i, 'minute'],
  [/^(?:seconds?|secs?|s)$/i, 'second'],
]

const NOW = /^\$NOW(?:\(\s*([+-]?)\s*(\d{1,9})\s*([a-z]*)\s*\))?$/i

function toValue(written: unknown): Value | Wrong {
  if (typeof written === 'number' && !Number.isFinite(written)) return { wrong: `has to be a finite number, not ${written}` }
  if (written === null || typeof written === 'boolean' || typeof written === 'number') return written
  if (typeof written !== 'string') return { wrong: `has to be a text, a number, true, false or null, not ${kindOf(written)}` }
  if (!written.startsWith('$')) return written
  if (written.startsWith('$NOW')) return toNow(written)
  // A price begins with a dollar sign, too: only what looks like one of Directus's variables is taken for one.
  if (!/^\$[A-Z_]{2,}(?:$|[.(])/.test(written)) return written
  return { wrong: 'holds a variable that is not known here: only $NOW is' }
}

function toNow(written: string): Value | Wrong {
  const match = NOW.exec(written)
  if (written === '$NOW') return (now) => now
  const [, unit] = UNITS.find(([spelling]) => match !== null && spelling.test(match[3] ?? '')) ?? []
  if (match === null || unit === undefined) {
    return { wrong: 'holds an offset that is not understood: write $NOW(-1 day), $NOW(+2 hours) or $NOW' }
  }
  const count = Number(match[2]) * (match[1] === '-' ? -1 : 1)
  return (now) => moveInstant(now, count, unit)
}

/** Below, at or above 0; NaN where the two cannot be compared. */
function compare(value: unknown, wanted: Value, now: number): number {
  if (typeof wanted === 'function') {
    const at = toInstant(value)
    return at === undefined ? Number.NaN : at - wanted(now)
  }
  if (value === null || wanted === null) return value === wanted ? 0 : Number.NaN
  const left = isDate(value) ? Number(value) : value
  if (typeof left === 'number' || typeof wanted === 'number') {
    const a = toNumber(left)
    const b = isDate(value) && typeof wanted === 'string' ? parseInstant(wanted) : toNumber(wanted)
    return a === undefined || b === undefined ? Number.NaN : a - b
  }
  if (typeof left !== 'string' && typeof left !== 'boolean') return Number.NaN
  if (typeof left === 'boolean' || typeof wanted === 'boolean') return String(left) === String(wanted) ? 0 : Number.NaN
  const from = parseInstant(left)
  const to = from === undefined ? undefined : parseInstant(wanted)
  if (from !== undefined && to !== undefined) return from - to
  return left < wanted ? -1 : left > wanted ? 1 : 0
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  // Some databases keep instants as numbers, and people write them as dates.
  return Number.isNaN(number) ? parseInstant(value) : number
}

function toInstant(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return parseInstant(value)
  return isDate(value) ? Number(value) : undefined
}

/** Databases hand out dates as objects of the runtime's own kind. */
function isDate(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { toISOString?: unknown }).toISOString === 'function'
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0)
}
