import { expect, it } from 'vitest'
import { createBooks } from './books.ts'
import type { Arrival } from './sink.ts'

const arrival = (sender: string, more: Partial<Arrival> = {}): Arrival => {
  return { id: 'batch', sender, at: Date.now(), accepted: true, answer: 'sent', ...more }
}

it.each([
  ['its answer was lost', { answer: 'reset' }, () => {}],
  ['its sender was killed', {}, (books) => books.killed('worker1', Date.now())],
  ['its sender was killed', { answer: 'none' }, (books) => books.killed('worker1', Date.now())],
  ['its lease ran out', {}, (books) => books.heard('worker1', { settled: 'batch', verdict: 'delivered', ok: false })],
  ['its lease ran out', {}, (books) => books.heard('worker1', { settled: 'batch', verdict: 'aborted', ok: true })],
  ['unexplained', {}, () => {}],
  ['unexplained', {}, (books) => books.heard('worker1', { settled: 'batch', verdict: 'delivered', ok: true })],
  [
    'unexplained',
    {},
    (books) => {
      books.heard('worker1', { settled: 'batch', verdict: 'delivered', ok: true })
      books.killed('worker1', Date.now())
    },
  ],
] as [string, Partial<Arrival>, (books: ReturnType<typeof createBooks>) => void][])(
  'a batch that arrives twice: %s',
  (reason, first, then) => {
    const books = createBooks()
    const before = arrival('worker1', first)
    then(books)
    expect(books.duplicates([before, arrival('worker2')])).toMatchObject([{ reason }])
  },
)

it('a batch arrives once, refused or not waited for before: no duplicate', () => {
  expect(createBooks().duplicates([arrival('worker1', { accepted: false }), arrival('worker2')])).toEqual([])
})

it('a takeover counts from the kill of the last holder to the arrival from another', () => {
  const books = createBooks()
  for (const worker of ['worker1', 'worker2']) books.heard(worker, 'ready')
  books.heard('worker1', { claiming: 'site' })
  books.heard('worker1', { claimed: 'batch', target: 'site', reclaimed: false })
  books.killed('worker1', Date.now())
  books.arrived(arrival('worker1'))
  expect(books.takeovers).toHaveLength(0)
  books.arrived(arrival('worker2'))
  expect(books.takeovers).toHaveLength(1)
})
