import { describe, expect, it } from 'vitest'
import { type GroupOptions, groupOf } from './group.ts'

/** Doubles numbers, and tells which it was asked for together. */
function doubling(options: Partial<GroupOptions<number, number>> = {}) {
  const asked: (readonly number[])[] = []
  const group = groupOf<number, number>({
    run: async (numbers) => {
      asked.push(numbers)
      return numbers.map((n) => n * 2)
    },
    sizeOf: () => 1,
    most: 10,
    concernsAll: () => false,
    ...options,
  })
  return { asked, ...group }
}

describe('requests that share a transaction', () => {
  it('are those that are made in one go, and those that come while it runs', async () => {
    const { add, asked } = doubling()
    const first = [1, 2, 3].map(add)
    await Promise.resolve()
    const second = [4, 5].map(add)
    expect(await Promise.all([...first, ...second])).toEqual([2, 4, 6, 8, 10])
    expect(asked).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
  })

  it('are no more than there may be, and no two of one key', async () => {
    const { add, asked } = doubling({ most: 2, keyOf: (n) => String(n % 10) })
    expect(await Promise.all([1, 2, 3, 13, 4].map(add))).toEqual([2, 4, 6, 26, 8])
    expect(asked).toEqual([[1, 2], [3], [13, 4]])
  })

  it('do not fail for each other: after a failure each is made alone', async () => {
    const run = async (numbers: readonly number[]) => {
      if (numbers.includes(2)) throw new Error('no 2')
      return numbers.map((n) => n * 2)
    }
    const results = await Promise.allSettled([1, 2, 3].map(doubling({ run }).add))
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message))).toEqual([
      2,
      'no 2',
      6,
    ])
  })

  it('fail together, with all who wait, where every other would fail, too', async () => {
    let runs = 0
    const { add, waiting } = doubling({
      most: 2,
      run: async () => {
        runs++
        throw new Error('gone')
      },
      concernsAll: () => true,
    })
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map(add))
    expect(results.map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
    expect([runs, waiting()]).toEqual([1, 0])
  })

  it('let everything else have a turn before all of many are answered', async () => {
    const { add } = doubling({ most: 1_000 })
    let answered = 0
    const all = Array.from({ length: 500 }, (_, n) => add(n).then(() => answered++))
    const seen: number[] = []
    const look = () => {
      seen.push(answered)
      if (answered < 500) setImmediate(look)
    }
    setImmediate(look)
    await Promise.all(all)
    expect(seen.filter((count) => count > 0 && count < 500).length).toBeGreaterThan(3)
  })
})
