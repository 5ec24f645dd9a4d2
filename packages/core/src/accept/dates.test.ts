import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moveInstant, parseInstant } from './dates.ts'

const RUNS = { numRuns: 5000 }
/** Years 0001 to 9999: those that have four digits. */
const instant = fc.integer({ min: Date.UTC(1000, 0, 1), max: Date.UTC(9999, 11, 31) })
const pad = (value: number, length = 2) => String(value).padStart(length, '0')

describe('parseInstant', () => {
  it('reads what Date writes', () => {
    fc.assert(
      fc.property(instant, (at) => {
        expect(parseInstant(new Date(at).toISOString())).toBe(at)
      }),
      RUNS,
    )
  })

  it('reads a date and time in any zone as Date does', () => {
    const zone = fc.oneof(
      fc.constantFrom('Z', 'z'),
      fc
        .tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
        .map(([sign, hours, minutes]) => `${sign}${pad(hours)}:${pad(minutes)}`),
    )
    fc.assert(
      fc.property(instant, zone, (at, offset) => {
        const text = new Date(at).toISOString().slice(0, -1) + offset
        expect(parseInstant(text)).toBe(Date.parse(text.toUpperCase()))
        expect(parseInstant(text.replace('T', ' '))).toBe(Date.parse(text.toUpperCase()))
        // The same offset without its colon.
        expect(parseInstant(text.replace(/:(\d\d)$/, '$1'))).toBe(Date.parse(text.toUpperCase()))
      }),
      RUNS,
    )
  })

  it('agrees with Date on which days exist', () => {
    for (const year of [1600, 1700, 1900, 1970, 1999, 2000, 2023, 2024, 2100, 2400]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const at = Date.UTC(year, month - 1, day)
          const exists = new Date(at).getUTCMonth() === month - 1 && new Date(at).getUTCDate() === day
          expect(parseInstant(`${year}-${pad(month)}-${pad(day)}`)).toBe(exists ? at : undefined)
        }
      }
    }
  })

  it('cuts a fraction after the milliseconds, never rounds it', () => {
    for (let millis = 0; millis < 1000; millis++) {
      for (const rest of ['', '9', '999999']) {
        expect(parseInstant(`2024-02-29T12:00:00.${pad(millis, 3)}${rest}Z`)).toBe(Date.UTC(2024, 1, 29, 12, 0, 0, millis))
      }
    }
    expect(parseInstant('2024-02-29T12:00:00.5Z')).toBe(Date.UTC(2024, 1, 29, 12, 0, 0, 500))
    expect(parseInstant('2024-02-29T12:00:00.57')).toBe(Date.UTC(2024, 1, 29, 12, 0, 0, 570))
  })

  it.each([
    ['a date alone is midnight, UTC', '2024-02-29', Date.UTC(2024, 1, 29)],
    ['no zone is UTC', '2024-02-29T10:20', Date.UTC(2024, 1, 29, 10, 20)],
    ['as MySQL writes it', '2024-02-29 10:20:30', Date.UTC(2024, 1, 29, 10, 20, 30)],
    ['as PostgreSQL writes it', '2024-02-29 10:20:30.123456+00', Date.UTC(2024, 1, 29, 10, 20, 30, 123)],
    ['hours alone as the zone', '2024-02-29 10:20:30-05', Date.UTC(2024, 1, 29, 15, 20, 30)],
    ['lower case', '2024-02-29t10:20:30z', Date.UTC(2024, 1, 29, 10, 20, 30)],
    ['before 1970', '1969-12-31T23:59:59.999Z', -1],
    ['the first years', '0001-01-01', -62_135_596_800_000],
  ])('%s', (_name, text, at) => expect(parseInstant(text)).toBe(at))

  it.each([
    '',
    ' ',
    'now',
    '2024',
    '2024-02',
    '2024-2-9',
    '2024-02-30',
    '2023-02-29',
    '2100-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-01-00',
    '2024-01-01T',
    '2024-01-01T10',
    '2024-01-01T24:00',
    '2024-01-01T10:60',
    '2024-01-01T10:00:60',
    '2024-01-01T10:00:00.',
    '2024-01-01Z',
    '2024-01-01T10:00+24:00',
    '2024-01-01T10:00+10:60',
    '2024-01-01T10:00 Z',
    ' 2024-01-01',
    '2024-01-01 ',
    '2024-01-01\n',
    '+002024-01-01',
    '2024/01/01',
    '01-01-2024',
    '20240101',
    '2024-01-01T10:00:00.1234567890Z',
    '２０２４-01-01',
    '2024-01-01junk',
    '1704067200000',
  ])('has no instant for %j', (text) => expect(parseInstant(text)).toBeUndefined())

  it('has none for junk, and is never caught out by it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-[\d-]{0,8}[T ]?[\d:.Z+-]{0,12}$/)), (text) => {
        const at = parseInstant(text)
        if (at === undefined) return
        expect(Number.isInteger(at)).toBe(true)
        // Whatever is understood is what Date understands, but for spellings that Date leaves to each runtime.
        const plain = text
          .replace(' ', 'T')
          .replace(/(\.\d{3})\d+/, '$1')
          .replace(/([+-]\d\d)(\d\d)?$/, (all, hours, minutes) => (text.length > 10 ? `${hours}:${minutes ?? '00'}` : all))
        const zoned = plain.length > 10 && !/(?:Z|[+-]\d\d:\d\d)$/i.test(plain) ? `${plain}Z` : plain
        expect(at).toBe(Date.parse(zoned))
      }),
      { numRuns: 5000 },
    )
  })

  it('takes no time over long texts', () => {
    const long = `2024-01-01T10:00:00.${'1'.repeat(1_000_000)}`
    const from = performance.now()
    for (let index = 0; index < 100; index++) parseInstant(long)
    expect(performance.now() - from).toBeLessThan(500)
  })
})

describe('moveInstant', () => {
  it.each([
    ['second', 1000],
    ['minute', 60_000],
    ['hour', 3_600_000],
    ['day', 86_400_000],
    ['week', 604_800_000],
  ] as const)('moves by a %s of UTC, whatever clocks do', (unit, millis) => {
    fc.assert(
      fc.property(
        instant,
        fc.integer({ min: -10_000, max: 10_000 }),
        (at, count) => moveInstant(at, count, unit) === at + count * millis,
      ),
    )
  })

  it('moves by months and years as Date does, but never into the next month', () => {
    fc.assert(
      fc.property(
        instant,
        fc.integer({ min: -3000, max: 3000 }),
        fc.constantFrom('month' as const, 'year' as const),
        (at, count, unit) => {
          const date = new Date(at)
          const months = date.getUTCMonth() + count * (unit === 'year' ? 12 : 1)
          const last = new Date(Date.UTC(date.getUTCFullYear(), months + 1, 0)).getUTCDate()
          const expected = new Date(at)
          expected.setUTCMonth(months, Math.min(date.getUTCDate(), last))
          expect(moveInstant(at, count, unit)).toBe(expected.getTime())
        },
      ),
      RUNS,
    )
  })

  it.each([
    ['2024-02-29T12:00:00.001Z', 1, 'year', '2025-02-28T12:00:00.001Z'],
    ['2024-02-29T12:00:00Z', 4, 'year', '2028-02-29T12:00:00.000Z'],
    ['2024-03-31T23:59:59.999Z', -1, 'month', '2024-02-29T23:59:59.999Z'],
    ['2023-01-31', 1, 'month', '2023-02-28T00:00:00.000Z'],
    ['2023-12-31', 2, 'month', '2024-02-29T00:00:00.000Z'],
    ['2024-01-15', -1, 'month', '2023-12-15T00:00:00.000Z'],
    ['1970-01-01', -1, 'month', '1969-12-01T00:00:00.000Z'],
    ['2024-05-31', 0, 'month', '2024-05-31T00:00:00.000Z'],
  ] as const)('%s by %d %s is %s', (from, count, unit, to) => {
    expect(new Date(moveInstant(Date.parse(from), count, unit)).toISOString()).toBe(to)
  })
})
