import { describe, expect, test } from 'vitest'
import { figures, healthLine, problemsTitle } from './health.ts'
import { aReport } from './reports.fixture.ts'

const now = Date.UTC(2026, 10, 21, 14, 13)
const since = Date.UTC(2026, 10, 21, 14, 3)
const lineOf = (parts: Parameters<typeof aReport>[0]) => healthLine(aReport(parts), now, 'UTC')

describe('the line of health', () => {
  test.each([
    ['fresh', {}, 'Fresh', 'The receiver has been told of every change.'],
    ['fresh', { pending: 2 }, 'Fresh', '2 items gathered, to go out together in a moment.'],
    ['fresh', { pending: 1, inFlight: 1 }, 'Fresh', '1 item on the way.'],
    [
      'catching-up',
      { pending: 15, inFlight: 3, oldestAt: now - 12_000 },
      'Catching up (12 items wait, the oldest for 12 s)',
      'Changes are being sent, the oldest first.',
    ],
    [
      'catching-up',
      { pending: 1, oldestAt: now - 12_000 },
      'Catching up (1 item waits, for 12 s)',
      'Changes are being sent, the oldest first.',
    ],
    [
      'catching-up',
      { pending: 5, inFlight: 5, oldestAt: now - 12_000 },
      'Catching up (5 items on the way, the oldest for 12 s)',
      'Changes are being sent, the oldest first.',
    ],
    ['draft', {}, 'Draft', 'Nothing is sent before its status is Published.'],
    ['archived', { pending: 3 }, 'Archived', 'Nothing is sent while its status is Archived.'],
    ['left-out', {}, 'Left out', 'Nothing is sent to this target until what is listed here is mended.'],
  ] as const)('%s %o', (state, parts, headline, detail) => {
    expect(lineOf({ health: { state }, ...parts })).toMatchObject({ headline, detail })
  })

  test('failing: since when, and how often', () => {
    const health = { state: 'failing', since, failures: 7 } as const
    expect(lineOf({ health, pending: 1234, oldestAt: since })).toEqual({
      tone: 'danger',
      headline: 'Failing since 14:03 (7 attempts)',
      detail: 'Attempts are repeated until the receiver accepts; 1,234 items wait, the oldest for 10 min.',
      announcement: 'Failing since 14:03',
    })
    expect(lineOf({ health: { ...health, failures: 1 } }).headline).toBe('Failing since 14:03 (1 attempt)')
    expect(lineOf({ health: { state: 'failing' } }).headline).toBe('Failing')
  })

  test.each([
    ['gone', 'Suspended (the receiver answered 410 Gone)', 'danger'],
    ['horizon', 'Suspended (every attempt failed for longer than is allowed)', 'danger'],
    ['manual', 'Suspended (by hand)', 'warning'],
  ] as const)('suspended: %s', (reason, headline, tone) => {
    expect(lineOf({ health: { state: 'suspended', reason } })).toMatchObject({ headline, tone })
  })

  test('a state that is not known yet breaks nothing', () => {
    expect(lineOf({ health: { state: 'paused' as 'fresh' } })).toMatchObject({ tone: 'neutral', headline: 'paused' })
  })

  test('what is read aloud changes only with the health', () => {
    const aloud = (pending: number) => lineOf({ health: { state: 'catching-up' }, pending, oldestAt: now - pending }).announcement
    expect(aloud(1)).toBe(aloud(1000))
  })
})

test('the title of the problems', () => {
  expect(problemsTitle(aReport({ health: { state: 'left-out' } }))).toBe('What is wrong with it:')
  expect(problemsTitle(aReport())).toBe('Parts of this target are left out:')
})

test('the figures', () => {
  const report = aReport({ pending: 1500, inFlight: 500, dead: 2, dueAt: now + 12_000 })
  expect(figures(report, now)).toEqual([
    { label: 'Waiting', value: '1,000' },
    { label: 'On its way', value: '500' },
    { label: 'Refused', value: '2', alarming: true },
    { label: 'Next attempt', value: 'in 12 s' },
  ])
  expect(figures(aReport(), now).at(-1)?.value).toBe('none due')
})
