/** Instants without the runtime's own calendar, so that pure files need none. */

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d)(?::?(\d\d))?)?)?$/i

/** Epoch milliseconds of an ISO 8601 date or date-time; without a zone it is UTC. Undefined for anything else. */
export function parseInstant(text: string): number | undefined {
  // Dates begin with a digit and have a dash in fifth place: most texts are turned away by that.
  if (text.length < 10 || text.charCodeAt(4) !== 45) return undefined
  const match = ISO.exec(text)
  if (match === null) return undefined
  const part = (index: number): number => Number(match[index] ?? 0)
  const year = part(1)
  const month = part(2)
  const day = part(3)
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  const hours = part(4)
  const minutes = part(5)
  const seconds = part(6)
  if (hours > 23 || minutes > 59 || seconds > 59 || part(9) > 23 || part(10) > 59) return undefined
  const millis = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const offset = (match[8] === '-' ? -1 : 1) * (part(9) * 60 + part(10))
  return daysFrom(year, month, day) * 86_400_000 + ((hours * 60 + minutes - offset) * 60 + seconds) * 1000 + millis
}

export type Unit = 'year' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second'

const MILLIS = { week: 604_800_000, day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000 } as const

/** An instant moved by a number of units. Months and years keep the day, or take the month's last. */
export function moveInstant(at: number, count: number, unit: Unit): number {
  if (unit !== 'year' && unit !== 'month') return at + count * MILLIS[unit]
  const days = Math.floor(at / 86_400_000)
  const rest = at - days * 86_400_000
  const [year, month, day] = civil(days)
  const months = year * 12 + (month - 1) + count * (unit === 'year' ? 12 : 1)
  const newYear = Math.floor(months / 12)
  const newMonth = months - newYear * 12 + 1
  return daysFrom(newYear, newMonth, Math.min(day, daysIn(newYear, newMonth))) * 86_400_000 + rest
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days from 1970-01-01; years are counted from March, so that a leap day ends one. */
function daysFrom(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}

/** The inverse of `daysFrom`. */
function civil(days: number): [year: number, month: number, day: number] {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1]
}
