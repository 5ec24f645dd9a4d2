import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearest } from './nearest.ts'

const names = ['_eq', '_neq', '_contains', '_icontains', '_null', '_nnull', 'collection', 'payload', 'status', 'timeout']

describe('nearest', () => {
  it.each([
    ['_eqq', '_eq'],
    ['_EQ', '_eq'],
    ['_contain', '_contains'],
    ['_icontain', '_icontains'],
    ['_isnull', '_null'],
    ['_qe', '_eq'],
    ['sttaus', 'status'],
    ['colection', 'collection'],
    ['payloads', 'payload'],
    ['satus', 'status'],
    ['timeOut', 'timeout'],
  ])('%s was meant to be %s', (name, expected) => expect(nearest(name, names)).toBe(expected))

  it.each(['', '_', 'zzz', '_regex', 'something else entirely', 'x'.repeat(100)])('%j is near to nothing', (name) => {
    expect(nearest(name, names)).toBeUndefined()
  })

  it('answers a name with itself, and only with candidates', () => {
    fc.assert(fc.property(fc.constantFrom(...names), (name) => nearest(name, names) === name))
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (name, candidates) => {
        const found = nearest(name, candidates)
        return found === undefined || candidates.includes(found)
      }),
    )
  })

  it('takes no time over long names', () => {
    const from = performance.now()
    for (let index = 0; index < 100; index++) nearest('_'.repeat(1_000_000), names)
    expect(performance.now() - from).toBeLessThan(500)
  })
})
