import { expect, test } from 'vitest'
import { mainAction, offered, outcomeOf } from './actions.ts'
import { aReport } from './reports.fixture.ts'

const idsOf = (parts: Parameters<typeof aReport>[0]) => offered(aReport(parts)).map(({ id }) => id)

test.each([
  [{ health: { state: 'fresh' } }, ['flush', 'test']],
  [{ health: { state: 'fresh' }, pending: 2, inFlight: 2 }, ['flush', 'test']],
  [{ health: { state: 'catching-up' }, pending: 2 }, ['flush', 'test', 'retry']],
  [{ health: { state: 'failing' } }, ['flush', 'test', 'retry']],
  [{ health: { state: 'failing' }, dead: 1 }, ['flush', 'test', 'retry', 'redrive']],
  [{ health: { state: 'suspended' }, pending: 2 }, ['flush', 'test', 'resume']],
  [{ health: { state: 'draft' }, pending: 2 }, ['test']],
  [{ health: { state: 'archived' } }, ['test']],
  [{ health: { state: 'left-out' } }, []],
  [{ health: { state: 'failing' }, dead: 1, mayAct: false }, []],
] as const)('what is offered: %o', (parts, ids) => {
  expect(idsOf(parts)).toEqual(ids)
})

test('what stands out is what helps', () => {
  expect(mainAction(aReport())).toBe('flush')
  expect(mainAction(aReport({ health: { state: 'suspended' } }))).toBe('resume')
})

test('flush says how many were announced', () => {
  expect(outcomeOf('flush', { announced: 1 }).text).toBe('Announced 1 item (a whole collection counts as one).')
  expect(outcomeOf('flush', { announced: 1200 })).toMatchObject({ tone: 'success', text: expect.stringContaining('1,200 items') })
  expect(outcomeOf('flush', { announced: 0 }).tone).toBe('warning')
  expect(outcomeOf('flush', undefined).text).toBe('Announced.')
})

test('a test says status and time, and shows the body', () => {
  expect(outcomeOf('test', { status: 204, tookMs: 45, body: '' })).toEqual({
    tone: 'success',
    text: 'The receiver answered 204 in 45 ms.',
  })
  expect(outcomeOf('test', { status: 500, tookMs: 1234, body: 'oops' })).toEqual({
    tone: 'danger',
    text: 'The receiver answered 500 in 1,234 ms.',
    body: 'oops',
  })
  expect(outcomeOf('test', { message: 'connect ECONNREFUSED', tookMs: 3 })).toEqual({
    tone: 'danger',
    text: 'No answer after 3 ms: connect ECONNREFUSED',
  })
})

test('redrive says how many are sent again', () => {
  expect(outcomeOf('redrive', { count: 3 }).text).toBe('Back in the queue: 3 items.')
  expect(outcomeOf('redrive', undefined).text).toBe('The refused items are back in the queue.')
})
