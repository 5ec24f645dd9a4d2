import { describe, expect, test } from 'vitest'
import { ago, clock, clockOffset, exact, milliseconds, span, until } from './times.ts'

const now = Date.UTC(2026, 10, 21, 14, 3, 12)
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe('span', () => {
  test.each([
    [-5, 'less than 1 s'],
    [999, 'less than 1 s'],
    [1000, '1 s'],
    [59_999, '59 s'],
    [minute, '1 min'],
    [hour - 1, '59 min'],
    [hour, '1 h'],
    [2 * day - 1, '47 h'],
    [2 * day, '2 days'],
    [400 * day, '400 days'],
  ])('%i ms', (ms, words) => {
    expect(span(ms)).toBe(words)
  })
})

test('ago and until', () => {
  expect(ago(now - 12_000, now)).toBe('12 s ago')
  expect(ago(now - 999, now)).toBe('just now')
  expect(ago(now + 5000, now)).toBe('just now')
  expect(until(now + 12_000, now)).toBe('in 12 s')
  expect(until(now + 999, now)).toBe('now')
  expect(until(now - 5000, now)).toBe('now')
})

describe('clock', () => {
  test('names the day only where it is another, the year only where it is another', () => {
    expect(clock(now, now, 'UTC')).toBe('14:03')
    expect(clock(now - day, now, 'UTC')).toBe('20 Nov, 14:03')
    expect(clock(now - 365 * day, now, 'UTC')).toBe('21 Nov 2025, 14:03')
    expect(clock(now + day, now, 'UTC')).toBe('22 Nov, 14:03')
  })

  test('goes by the days of the time zone', () => {
    expect(clock(now - 3 * hour, now, 'Asia/Tokyo')).toBe('20:03')
    expect(clock(now + 3 * hour, now, 'Asia/Tokyo')).toBe('22 Nov, 02:03')
  })
})

test('exact tells seconds and zone', () => {
  expect(exact(now, 'UTC')).toBe('21 November 2026 at 14:03:12 UTC')
})

test('milliseconds', () => {
  expect(milliseconds(45.4)).toBe('45 ms')
  expect(milliseconds(1234)).toBe('1,234 ms')
})

test('clockOffset takes a small difference for none', () => {
  expect(clockOffset('Sat, 21 Nov 2026 14:03:12 GMT', now + 2900)).toBe(0)
  expect(clockOffset('Sat, 21 Nov 2026 14:03:12 GMT', now + 60_000)).toBe(-60_000)
  expect(clockOffset('Sat, 21 Nov 2026 14:03:12 GMT', now - hour)).toBe(hour)
  expect(clockOffset(undefined, now)).toBe(0)
  expect(clockOffset('soon', now)).toBe(0)
})
