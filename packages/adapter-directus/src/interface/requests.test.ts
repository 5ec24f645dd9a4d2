import { describe, expect, test } from 'vitest'
import { aReport } from './reports.fixture.ts'
import { errorMessage, isReport, targetRoute, whyNoReport } from './requests.ts'

const failed = (status: number, data: unknown = {}) => Object.assign(new Error('Request failed'), { response: { status, data } })

test('the route holds any key', () => {
  expect(targetRoute(7)).toBe('/unstale/targets/7')
  expect(targetRoute('a/b ?', 'flush')).toBe('/unstale/targets/a%2Fb%20%3F/flush')
})

describe('the message of an error', () => {
  test('is what Directus says', () => {
    expect(errorMessage(failed(400, { errors: [{ message: 'One.' }, { message: '' }, { message: 'Two.' }] }))).toBe('One. Two.')
  })

  test('is made a sentence', () => {
    expect(errorMessage(failed(403, { errors: [{ message: 'only who may update it may do this' }] }))).toBe(
      'Only who may update it may do this.',
    )
  })

  test.each([
    [failed(502, '<html>'), 'Directus answered 502.'],
    [failed(500, { errors: 'no list' }), 'Directus answered 500.'],
    [failed(500, { errors: [null, { message: 7 }] }), 'Directus answered 500.'],
    [new Error('Network Error'), 'Directus did not answer. Look whether it runs and whether this browser is online.'],
    [undefined, 'Directus did not answer. Look whether it runs and whether this browser is online.'],
  ])('else says what is known: %o', (error, message) => {
    expect(errorMessage(error)).toBe(message)
  })
})

test('an older report stays in sight only where it may still be true', () => {
  expect([404, 403, 401, 500, 502, 503].map((status) => whyNoReport(failed(status)).keep)).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
  ])
  expect(whyNoReport(failed(404)).text).toContain('still starting')
  expect(whyNoReport(new Error('Network Error')).keep).toBe(true)
})

test('what is no report is told apart', () => {
  expect(isReport(aReport())).toBe(true)
  expect([undefined, null, '<html>', {}, { health: {} }, { ...aReport(), deliveries: null }].some(isReport)).toBe(false)
})
