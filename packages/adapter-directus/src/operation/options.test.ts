import { describe, expect, test } from 'vitest'
import { readOptions } from './options.ts'
import { overview } from './overview.ts'

test.each([
  undefined,
  null,
  '',
  '  ',
  'undefined',
  ['undefined'],
  [],
  [null, ''],
  '[]',
  { key: null, collection: 'cache_flush_targets' },
])('no target: %o', (target) => {
  expect(readOptions({ target })).toEqual({})
})

test.each([
  [{ key: 'a', collection: 'cache_flush_targets' }, ['a']],
  [{ id: 7, name: 'Shop' }, ['7']],
  ['a', ['a']],
  [' a ', ['a']],
  [7, ['7']],
  ['a, b,a', ['a', 'b']],
  [
    [{ id: 'a' }, 'b', 3],
    ['a', 'b', '3'],
  ],
  ['{"key":"a","collection":"cache_flush_targets"}', ['a']],
  ['["a","b"]', ['a', 'b']],
])('targets: %o', (target, targets) => {
  expect(readOptions({ target })).toEqual({ targets })
})

test.each([
  [
    [1, 'a'],
    [1, 'a'],
  ],
  [[[1, 2]], [1, 2]],
  [
    ['1', '2'],
    ['1', '2'],
  ],
  [42, [42]],
  [0, [0]],
  ['007', ['007']],
  ['1, 2,,', ['1', '2']],
  ['[1,"a"]', [1, 'a']],
  [
    ['[1,2]', '3'],
    [1, 2, '3'],
  ],
  ['[not json', ['[not json']],
  [9007199254740993n, ['9007199254740993']],
])('keys: %o', (keys, read) => {
  expect(readOptions({ collection: 'posts', keys })).toEqual({ collection: 'posts', keys: read })
})

test('without keys, the whole collection; without a collection, everything', () => {
  expect(readOptions({ collection: ' posts ', keys: null })).toEqual({ collection: 'posts' })
  expect(readOptions({})).toEqual({})
})

describe('an error names the option, the kind and the fix', () => {
  test.each([
    [
      { target: true },
      'The option "Target" holds the value true: give the id of a target, or nothing for all published targets.',
    ],
    [{ target: {} }, 'The option "Target" holds an object: give'],
    [{ target: { id: { id: 1 } } }, 'The option "Target" holds an object: give'],
    [
      { collection: ['posts'] },
      'The option "Collection" is a list: give the name of one collection, such as {{ $trigger.collection }}.',
    ],
    [
      { collection: 'posts', keys: [{ id: 1 }] },
      'The option "Items" holds an object: give primary keys, such as {{ $trigger.keys }}',
    ],
    [{ collection: 'posts', keys: Number.NaN }, 'The option "Items" holds a number: give primary keys'],
    [{ keys: [1] }, 'The option "Items" needs a collection'],
  ])('%o', (options, message) => {
    expect(() => readOptions(options)).toThrow(message)
  })
})

test('the overview says what is done', () => {
  const texts = (options: Record<string, unknown>) => overview(options).map(({ text }) => text)
  expect(texts({})).toEqual(['all published', 'all', 'everything'])
  expect(texts({ target: { key: 'a' }, collection: 'posts', keys: ['{{ $trigger.keys }}'] })).toEqual([
    'a',
    'posts',
    '{{ $trigger.keys }}',
  ])
  expect(overview({ keys: [1] })).toEqual([{ label: 'Mend', text: expect.stringContaining('needs a collection') }])
})
