import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChangeEvent } from '../types.ts'
import { identityOf, itemOf, netEvent } from './dedupe.ts'

const EVENTS: readonly ChangeEvent[] = ['create', 'update', 'delete']
const all = new Set(EVENTS)

describe('net effect', () => {
  it.each([
    ['create', 'create', 'create'],
    ['create', 'update', 'create'],
    ['create', 'delete', 'delete'],
    ['update', 'update', 'update'],
    ['update', 'delete', 'delete'],
    ['delete', 'create', 'update'],
    ['delete', 'update', 'update'],
    ['delete', 'delete', 'delete'],
  ] as const)('%s then %s is a %s', (first, last, net) => {
    expect(netEvent(first, last, all)).toBe(net)
  })

  it("is the last change's own event where the rules do not ask for the net one", () => {
    expect(netEvent('delete', 'create', new Set(['create', 'delete']))).toBe('create')
    expect(netEvent('create', 'update', new Set(['update']))).toBe('update')
  })

  it('is always an event that the rules ask for, if the last change was', () => {
    fc.assert(
      fc.property(fc.constantFrom(...EVENTS), fc.constantFrom(...EVENTS), fc.subarray([...EVENTS]), (first, last, others) => {
        const asked = new Set([...others, last])
        expect(asked.has(netEvent(first, last, asked))).toBe(true)
      }),
    )
  })
})

describe('identity', () => {
  it('names 1 and "1" as one item, "A" and "a" as two', () => {
    expect(itemOf('posts', 1)).toBe(itemOf('posts', '1'))
    expect(itemOf('posts', 'A')).not.toBe(itemOf('posts', 'a'))
  })

  it('is the item itself while no old value is announced', () => {
    expect(identityOf(itemOf('posts', 1), undefined)).toBe(itemOf('posts', 1))
  })

  it('differs whenever collection, key or old values differ, whatever the key holds', () => {
    const part = fc.tuple(
      fc.string({ minLength: 1 }).filter((name) => !/\p{Cc}/u.test(name)),
      fc.string({ unit: fc.constantFrom('\u0000', 'a', '{', '}', '"', ':') }),
      fc.option(fc.constantFrom('{"slug":"a"}', '{"slug":"b"}'), { nil: undefined }),
    )
    fc.assert(
      fc.property(part, part, ([c1, k1, p1], [c2, k2, p2]) => {
        const same = c1 === c2 && k1 === k2 && p1 === p2
        expect(identityOf(itemOf(c1, k1), p1) === identityOf(itemOf(c2, k2), p2)).toBe(same)
      }),
    )
  })
})
