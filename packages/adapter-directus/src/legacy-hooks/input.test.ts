import { describe, expect, test } from 'vitest'
import { changedItem, changedKeys, changedPayload, listOfOne, withContext } from './input.ts'

describe('a list of one item', () => {
  test('is an array', () => {
    const input = listOfOne({ title: 'a' })
    expect(Array.isArray(input)).toBe(true)
    expect(input).toHaveLength(1)
    expect(JSON.stringify(input)).toBe('[{"title":"a"}]')
    expect([...input]).toEqual([{ title: 'a' }])
    expect(input.map((item) => item)).toEqual([{ title: 'a' }])
    expect(Object.keys(input)).toEqual(['0'])
    input.push({ title: 'b' })
    expect(input).toHaveLength(2)
  })

  test('and has the fields of its item', async () => {
    const payload: Record<string, unknown> = { title: 'a', sort: 3, keys: 'k', length: 9 }
    const input = listOfOne(payload) as unknown as Record<string, unknown>
    expect([input['title'], input['sort'], input['keys'], input['missing']]).toEqual(['a', 3, 'k', undefined])
    expect(input['length']).toBe(1)
    expect('title' in input && !('missing' in input)).toBe(true)
    expect(Object.hasOwn(input, 'title')).toBe(true)
    input['values'] = [1]
    input['title'] = 'b'
    delete input['sort']
    expect(payload).toEqual({ title: 'b', keys: 'k', length: 9, values: [1] })
    // A field called `then` must not make a promise of it.
    const odd = listOfOne({ then: 1 })
    expect(await odd).toBe(odd)
  })

  test('follows the item when that is replaced', () => {
    const input = listOfOne({ title: 'a' })
    input[0] = { title: 'b' }
    expect((input as unknown as { title: string }).title).toBe('b')
  })
})

test('keys can be asked for their context without becoming something else', () => {
  const keys = withContext([1, 2], { event: 'e', accountability: null, schema: null, database: null, collection: 'c' })
  expect(keys).toEqual([1, 2])
  expect(Object.keys(keys)).toEqual(['0', '1'])
  expect(keys).toHaveProperty('collection', 'c')
})

test('what a handler gave back becomes the input, or is refused', () => {
  expect(changedItem([{ a: 1 }], undefined)).toEqual({ input: { a: 1 } })
  expect(changedItem([{ a: 1 }], [{ a: 2 }])).toEqual({ input: { a: 2 } })
  expect(changedItem([{ a: 1 }], { a: 3 })).toEqual({ input: { a: 3 } })
  expect(changedItem([{ a: 1 }], { 0: { a: 1 }, b: 2 })).toEqual({ input: { a: 1, b: 2 } })
  expect(changedItem([{ a: 1 }], [])).toBeUndefined()
  expect(changedItem([null], undefined)).toBeUndefined()
  expect(changedItem([{ a: 1 }, { a: 2 }], undefined)).toBeUndefined()
  expect(changedPayload({ a: 1 }, undefined)).toEqual({ input: { a: 1 } })
  expect(changedPayload({ a: 1 }, [{ a: 2 }])).toEqual({ input: { a: 2 } })
  expect(changedPayload({ a: 1 }, null)).toBeUndefined()
  expect(changedKeys(['1', 2], [1, 2], undefined)).toEqual({ input: [1, 2] })
  expect(changedKeys([1, 2], [1, 2], [])).toEqual({ input: [] })
  expect(changedKeys([1, 2], [1, 2], [3])).toBeUndefined()
  expect(changedKeys([1, 2], [1, 2], { ok: true })).toEqual({ input: [1, 2] })
})
