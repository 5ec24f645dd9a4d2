import { describe, expect, it } from 'vitest'
import type { AttemptResult, RetryPolicy, TargetState } from '../types.ts'
import { decide, delay, type Judged } from './backoff.ts'

const HOUR = 3_600_000
const retry: RetryPolicy = {
  delays: [1000, 2000, 5000, 10_000, 30_000],
  then: [
    { every: 60_000, within: HOUR },
    { every: 300_000, within: 24 * HOUR },
    { every: 1_800_000, within: Number.POSITIVE_INFINITY },
  ],
  jitter: 0.2,
  maxRetryAfter: 900_000,
  horizon: null,
}
const policy = { retry, window: { quiet: 50, max: 300, size: 500 } }
const NOW = 1_000_000_000
const middle = () => 0.5

const answer = (status: number, retryAfter?: number): AttemptResult => ({
  kind: 'response',
  status,
  tookMs: 5,
  ...(retryAfter === undefined ? undefined : { retryAfter }),
})
const timeout: AttemptResult = { kind: 'timeout', message: 'no answer within 10000 ms', tookMs: 10_000 }

function batch(entries = 10, state: Partial<TargetState> = {}, refusals = 0, refusedIn?: number): Judged {
  return {
    refusals,
    entries: Array.from({ length: entries }, () => (refusedIn === undefined ? {} : { refusedIn })),
    state: { failures: 0, failingSince: null, failing: false, limit: null, deliveredSeq: 0, suspended: null, ...state },
  }
}

describe('an attempt that got', () => {
  it.each([200, 201, 202, 204, 299])('%i has arrived', (status) => {
    expect(decide(answer(status), batch(), policy, NOW, middle)).toEqual({ kind: 'delivered', limit: null })
  })

  it.each([301, 302, 304, 307, 404, 408, 425, 429, 500, 503, 100])('%i is tried again', (status) => {
    expect(decide(answer(status), batch(), policy, NOW, middle)).toEqual({ kind: 'retry', at: NOW + 1000, failing: false })
  })

  it.each([401, 403])('%i is told to people at once: it needs their hands', (status) => {
    expect(decide(answer(status), batch(), policy, NOW, middle)).toMatchObject({ kind: 'retry', failing: true })
  })

  it('410 suspends the target', () => {
    expect(decide(answer(410), batch(), policy, NOW, middle)).toMatchObject({ kind: 'retry', failing: true, suspend: 'gone' })
  })

  it('no answer is tried again', () => {
    expect(decide(timeout, batch(), policy, NOW, middle)).toMatchObject({ kind: 'retry', at: NOW + 1000 })
  })

  it('cut short by us counts as nothing', () => {
    expect(decide({ kind: 'aborted', message: 'stopped', tookMs: 1 }, batch(), policy, NOW, middle)).toEqual({ kind: 'aborted' })
  })
})

describe('delays', () => {
  it.each([
    [1, 0, 1000],
    [2, 1000, 2000],
    [3, 3000, 5000],
    [4, 8000, 10_000],
    [5, 18_000, 30_000],
    [6, 48_000, 60_000],
    [60, HOUR - 1, 60_000],
    [61, HOUR, 300_000],
    [400, 24 * HOUR, 1_800_000],
  ])('after %i failures over %i ms: %i ms', (failures, elapsed, expected) => {
    expect(delay(timeout, retry, failures, elapsed, middle)).toBe(expected)
  })

  it('vary by a fifth either way', () => {
    expect(delay(timeout, retry, 1, 0, () => 0)).toBe(800)
    expect(delay(timeout, retry, 1, 0, () => 1)).toBe(1200)
  })

  it.each([
    ['5 s, also late in an outage', 5000, 5000],
    ['0 s: not sooner than a first retry', 0, 1000],
    ['a year: at most a quarter of an hour', 365 * 24 * HOUR, 900_000],
  ])('follow a Retry-After of %s', (_name, asked, expected) => {
    expect(delay(answer(429, asked), retry, 9, HOUR, () => 0)).toBe(expected)
  })
})

describe('people are told', () => {
  it('with the third failed attempt', () => {
    expect(decide(timeout, batch(1, { failures: 1, failingSince: NOW - 2000 }), policy, NOW, middle)).toMatchObject({
      failing: false,
    })
    expect(decide(timeout, batch(1, { failures: 2, failingSince: NOW - 4000 }), policy, NOW, middle)).toMatchObject({
      failing: true,
    })
  })

  it('after 30 s of failing, however few attempts that were', () => {
    expect(decide(timeout, batch(1, { failures: 1, failingSince: NOW - 30_000 }), policy, NOW, middle)).toMatchObject({
      failing: true,
    })
  })
})

it('a horizon suspends a target that has failed for so long', () => {
  const limited = { ...policy, retry: { ...retry, horizon: HOUR } }
  const failing = { failures: 50, failingSince: NOW - HOUR }
  expect(decide(timeout, batch(1, failing), limited, NOW, middle)).toMatchObject({ kind: 'retry', suspend: 'horizon' })
  expect(decide(timeout, batch(1, failing), policy, NOW, middle)).not.toHaveProperty('suspend')
})

describe('a batch that is refused', () => {
  it('as too large is halved at once', () => {
    expect(decide(answer(413), batch(9), policy, NOW, middle)).toEqual({ kind: 'split', at: NOW, limit: 4, failing: false })
  })

  it.each([400, 422])('with %i is tried four times more, then halved', (status) => {
    for (let refusals = 0; refusals < 4; refusals++) {
      expect(decide(answer(status), batch(8, {}, refusals), policy, NOW, middle)).toMatchObject({ kind: 'retry', refused: true })
    }
    expect(decide(answer(status), batch(8, {}, 4), policy, NOW, middle)).toMatchObject({ kind: 'split', limit: 4 })
  })

  it('is halved at once while batches are halved anyway', () => {
    expect(decide(answer(400), batch(4, { limit: 4 }), policy, NOW, middle)).toMatchObject({ kind: 'split', limit: 2 })
  })

  it('alone waits behind the others', () => {
    expect(decide(answer(400), batch(1, { limit: 1 }), policy, NOW, middle)).toEqual({
      kind: 'split',
      at: NOW + 1000,
      limit: 1,
      failing: false,
    })
  })

  it('alone again is dead once another got through, and not before', () => {
    expect(decide(answer(400), batch(1, { limit: 1, deliveredSeq: 6 }, 0, 7), policy, NOW, middle)).toMatchObject({
      kind: 'split',
    })
    expect(decide(answer(400), batch(1, { limit: 1, deliveredSeq: 8 }, 0, 7), policy, NOW, middle)).toEqual({
      kind: 'dead',
      reason: 'refused',
    })
  })

  it('grows again by doubling, up to the size of the window', () => {
    expect(decide(answer(200), batch(1, { limit: 4 }), policy, NOW, middle)).toEqual({ kind: 'delivered', limit: 8 })
    expect(decide(answer(200), batch(1, { limit: 250 }), policy, NOW, middle)).toEqual({ kind: 'delivered', limit: null })
  })
})
