import { describe, expect, test } from 'vitest'
import { answerOf, detailsOf, firstItems, itemWord, verdictWord } from './deliveries.ts'
import { aDelivery } from './reports.fixture.ts'

const updated = (key: string | number) => ({ collection: 'posts', key, event: 'update' }) as const
const many = (count: number) => Array.from({ length: count }, (_, index) => updated(index + 1))

test('items in words', () => {
  expect(itemWord(updated(42))).toBe('posts 42 updated')
  expect(itemWord({ collection: 'authors', key: 'a-b', event: 'delete' })).toBe('authors a-b deleted')
  expect(itemWord(updated('*'))).toBe('all posts updated')
  expect(itemWord({ ...updated('*'), collection: '*' })).toBe('everything updated')
})

describe('the first three items, and how many more', () => {
  test.each([
    [aDelivery({ count: 2, items: many(2) }), 'posts 1, 2 updated'],
    [aDelivery({ count: 1200, items: many(10) }), 'posts 1, 2, 3 updated and 1,197 more'],
    [aDelivery({ count: 12, items: [] }), '12 items'],
    [
      aDelivery({ count: 3, items: [updated(1), { collection: 'authors', key: 7, event: 'create' }, updated(2)] }),
      'posts 1 updated; authors 7 created; posts 2 updated',
    ],
    [aDelivery({ items: [updated('0c4b1a52-3a8e-4c52-9d9b-0f6f0b9e8a00')] }), 'posts 0c4b1a52… updated'],
    [aDelivery({ items: [updated('*')] }), 'all posts updated'],
  ])('%#', (delivery, words) => {
    expect(firstItems(delivery)).toBe(words)
  })
})

test('the answer is the status, else why there is none', () => {
  expect(answerOf(aDelivery({ status: 503 }))).toBe('503')
  const { status: _, ...silent } = aDelivery({ message: 'connect ECONNREFUSED' })
  expect(answerOf(silent)).toBe('connect ECONNREFUSED')
})

test('a verdict that is not known yet is shown as it is', () => {
  expect(verdictWord('delivered')).toMatchObject({ word: 'Delivered', tone: 'success' })
  expect(verdictWord('postponed')).toMatchObject({ word: 'postponed', tone: 'neutral' })
  expect(verdictWord('toString')).toMatchObject({ word: 'toString' })
})

describe('details', () => {
  test('are there where the row does not say all', () => {
    expect(detailsOf(aDelivery({ count: 3, items: many(3) }))).toBeUndefined()
    expect(detailsOf(aDelivery({ items: [updated('a-rather-long-key')] }))?.items).toEqual(['posts a-rather-long-key updated'])
    expect(detailsOf(aDelivery({ count: 6, items: many(4) }))).toEqual({
      items: ['posts 1 updated', 'posts 2 updated', 'posts 3 updated', 'posts 4 updated'],
      unlisted: 2,
    })
    expect(detailsOf(aDelivery({ body: '' }))).toEqual({ items: [], unlisted: 1, body: '' })
  })

  test('hold a message that the row cuts off or leaves out', () => {
    const { status: _, ...silent } = aDelivery()
    expect(detailsOf({ ...silent, message: 'timeout' })).toBeUndefined()
    const long = 'getaddrinfo ENOTFOUND shop.example'
    expect(detailsOf({ ...silent, message: long })?.message).toBe(long)
    expect(detailsOf(aDelivery({ message: 'the body was cut off' }))?.message).toBe('the body was cut off')
  })
})
