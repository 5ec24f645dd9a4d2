import { describe, expect, it } from 'vitest'
import { interleave } from '../src/measure.ts'

describe('interleaved rounds', () => {
  it('measure every subject as often, beginning with another one each time', async () => {
    const order: string[] = []
    const subject = (name: string) => () => order.push(name)
    const figures = await interleave({ a: subject('a'), b: subject('b') }, { rounds: 2 })
    expect(order.join('')).toBe('abbaab')
    expect(figures).toEqual({ a: [4, 5], b: [3, 6] })
  })

  it('are at least one, and no more than there is time for', async () => {
    const figures = await interleave({ a: () => 1 }, { rounds: 9, within: 0 })
    expect(figures).toEqual({ a: [1] })
  })
})
