import { describe, expect, it } from 'vitest'
import { quantile } from '../src/measure.ts'
import { receiptsOf } from '../src/paced.ts'

describe('a receipt', () => {
  const publishedAt = new Map([
    [1, 1000],
    [2, 1030],
    [3, 1299],
  ])

  it.each([
    ['is late from 50 ms after the last change of its request', [1, 2], 1090, [10, 10]],
    ['is late from 300 ms after the first, whenever the last was', [1, 2, 3], 1310, [10, 10, 10]],
    ['is not late before', [3], 1340, [-9]],
  ])('%s', (_, keys, at, late) => {
    expect(receiptsOf([{ keys, at }], publishedAt).map((receipt) => receipt.late)).toEqual(late)
  })

  it('took as long as its change was under way', () => {
    expect(receiptsOf([{ keys: [1, 2], at: 1090 }], publishedAt).map(({ took }) => took)).toEqual([90, 60])
  })
})

describe('a quantile', () => {
  it('is the least value that so many do not exceed', () => {
    const values = Array.from({ length: 200 }, (_, n) => 200 - n)
    expect(quantile(values, 0.99)).toBe(198)
    expect(quantile(values, 0.5)).toBe(100)
    expect(quantile([7], 0.99)).toBe(7)
    expect(quantile([], 0.99)).toBeNaN()
  })
})
