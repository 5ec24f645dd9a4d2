import type { Books, Reason } from './books.ts'
import type { Sink } from './sink.ts'

export interface Ended {
  sinks: readonly Sink[]
  books: Books
  /** Item → the newest value that was acknowledged or committed. */
  expected: ReadonlyMap<string, number>
  missing: readonly string[]
  /** Milliseconds. */
  lease: number
  seed: number
}

/** Milliseconds in which a killed worker's batch has to go out elsewhere, with a lease of up to 10 s. */
const TAKEOVER = 15_000

/** What should have arrived and has not: one line each. */
export function lost(sinks: readonly Sink[], expected: ReadonlyMap<string, number>): string[] {
  return sinks.flatMap(({ items }, index) =>
    [...expected].flatMap(([key, value]) => {
      const item = items.get(key)
      const missed: string[] = []
      if ((item?.newest ?? -1) < value) missed.push(`target-${index}: ${key} is ${value}, known as ${item?.newest ?? 'nothing'}`)
      for (let old = 0; old < value; old++)
        if (!item?.replaced.has(old)) missed.push(`target-${index}: ${key} was ${old}, never announced`)
      return missed
    }),
  )
}

/** Prints what happened; answers whether all is as it has to be. */
export function report({ sinks, books, expected, missing, lease, seed }: Ended): boolean {
  const total = (name: keyof Sink['counts']) => sinks.reduce((sum, { counts }) => sum + counts[name], 0)
  const changes = [...expected.values()].reduce((sum, value) => sum + value, 0)
  const requests = sinks.reduce((sum, { arrivals }) => sum + arrivals.length, 0)
  console.log(`${changes} changes of ${expected.size} items in ${requests} requests to ${sinks.length} targets`)

  const duplicates = sinks.flatMap(({ arrivals }) => books.duplicates(arrivals))
  const reasons = new Map<Reason, number>()
  for (const { reason } of duplicates) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  const counted = [...reasons].map(([reason, count]) => `${reason} (${count})`).sort()
  console.log(`${duplicates.length} batches arrived twice${counted.length > 0 ? `: ${counted.join(', ')}` : ''}`)
  const unexplained = duplicates.filter(({ reason }) => reason === 'unexplained')
  for (const one of unexplained) console.log(JSON.stringify(one))

  const slowest = Math.max(0, ...books.takeovers)
  const limit = TAKEOVER + Math.max(0, lease - 10_000)
  console.log(`${books.takeovers.length} batches of killed workers went out elsewhere, the slowest after ${slowest} ms`)
  console.log(
    `${total('changedBatches')} batches changed, ${total('overlaps')} requests overlapped, ${total('outOfOrder')} changes out of order`,
  )
  for (const line of missing.slice(0, 20)) console.log(line)

  const wrong = [
    ...(changes === 0 ? ['nothing was published: this proves nothing'] : []),
    ...(slowest > limit ? [`a batch of a killed worker waited longer than ${limit} ms`] : []),
    ...(unexplained.length > 0 ? [`${unexplained.length} batches arrived twice for no reason`] : []),
    ...(total('changedBatches') > 0 ? ['a batch changed its items'] : []),
    ...(total('overlaps') > 0 ? ['two requests to one target at a time'] : []),
    ...(total('outOfOrder') > 0 ? ['changes out of order'] : []),
  ]
  for (const problem of wrong) console.log(problem)
  const good = missing.length === 0 && wrong.length === 0
  console.log(`${missing.length} lost${good ? '' : ` (SEED=${seed})`}`)
  return good
}
