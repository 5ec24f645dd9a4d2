import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KEY, pickPaths, someAt, UNKNOWN, valueAt } from './paths.ts'

const parsed = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>

describe('valueAt', () => {
  const state = {
    title: 't',
    none: null,
    nothing: undefined,
    'a.b': 'literal',
    a: { b: 'nested', c: { d: 1 }, none: null },
    'x.y': undefined,
    x: { y: 1 },
    tags: ['a', 'b'],
    authors: [{ name: 'n', roles: ['r', 's'] }, { name: null, roles: [] }, { roles: ['t'] }],
    keys: [1, 2],
    empty: [],
    deep: [{ list: [{ v: 1 }, { v: 2 }] }, { list: [{ v: 3 }] }],
    at: new Date(0),
  }
  it.each([
    ['a field', 'title', 't'],
    ['null', 'none', null],
    ['undefined is unknown', 'nothing', UNKNOWN],
    ['an absent field', 'missing', UNKNOWN],
    ['a path', 'a.c.d', 1],
    ['the name that is the whole path', 'a.b', 'literal'],
    ['…even where it is undefined', 'x.y', UNKNOWN],
    ['null on the way', 'none.name.first', null],
    ['null at the end', 'a.none', null],
    ['absent on the way', 'missing.name', UNKNOWN],
    ['absent at the end', 'a.missing', UNKNOWN],
    ['through a text', 'title.length', UNKNOWN],
    ['an array', 'tags', ['a', 'b']],
    ['an array has no length', 'tags.length', UNKNOWN],
    ['nor numbered members', 'tags.0', UNKNOWN],
    ['through an array', 'authors.name', ['n', null]],
    ['through an array, to arrays', 'authors.roles', ['r', 's', 't']],
    ['through arrays in arrays', 'deep.list.v', [1, 2, 3]],
    ['through an array of keys', 'keys.name', UNKNOWN],
    ['through an array of none', 'empty.name', []],
    ['into a date', 'at.getTime', UNKNOWN],
    ['an empty path', '', UNKNOWN],
    ['a dot', '.', UNKNOWN],
    ['a dot too many', 'a..b', UNKNOWN],
  ])('%s: %s', (_name, path, expected) => expect(valueAt(state, path)).toEqual(expected))

  it('knows own properties only', () => {
    for (const name of Object.getOwnPropertyNames(Object.prototype)) {
      expect(valueAt({}, name)).toBe(UNKNOWN)
      expect(valueAt({ a: {} }, `a.${name}`)).toBe(UNKNOWN)
      expect(valueAt({ a: {} }, `${name}.a`)).toBe(UNKNOWN)
      expect(valueAt({ a: [{}] }, `a.${name}.b`)).toBe(UNKNOWN)
    }
    const inherited = Object.create({ secret: 1 }) as Record<string, unknown>
    expect(valueAt(inherited, 'secret')).toBe(UNKNOWN)
    expect(valueAt(parsed('{"__proto__":{"x":1}}'), '__proto__.x')).toBe(1)
  })

  it('reads no more of a state than a flat path names', () => {
    const read: string[] = []
    const watched = new Proxy<Record<string, unknown>>(
      { a: 1, b: { c: 1 } },
      {
        get: (object, name) => {
          read.push(String(name))
          return object[String(name)]
        },
        ownKeys: () => {
          throw new Error('listed the fields')
        },
      },
    )
    expect(valueAt(watched, 'a')).toBe(1)
    expect(someAt(watched, 'a', (value) => value === 1, 0)).toBe(true)
    expect(valueAt(watched, 'missing')).toBe(UNKNOWN)
    expect(pickPaths(watched, ['a', 'missing'])).toEqual({ a: 1 })
    expect(new Set(read)).toEqual(new Set(['a']))
  })
})

describe('someAt', () => {
  const isOne = (value: unknown) => value === 1
  it.each([
    ['known', { a: 1 }, true],
    ['known otherwise', { a: 2 }, false],
    ['null', { a: null }, false],
    ['absent', {}, undefined],
    ['undefined', { a: undefined }, undefined],
    ['one value that is an array', { a: [1] }, false],
  ])('of a field that is %s', (_name, state, expected) => expect(someAt(state, 'a', isOne, 0)).toBe(expected))

  it.each([
    ['any member will do', [{ b: 2 }, { b: 1 }], true],
    ['also where others are unknown', [{}, { b: 1 }], true],
    ['one that is unknown might', [{ b: 2 }, {}], undefined],
    ['keys alone are unknown', [7, 8], undefined],
    ['none does', [{ b: 2 }, { b: null }, null], false],
    ['there is none', [], false],
    ['null instead of a relation', null, false],
    ['nested lists', [[{ b: 2 }], [{ b: 1 }]], true],
  ])('through a list: %s', (_name, a, expected) => expect(someAt({ a }, 'a.b', isOne, 0)).toBe(expected))

  it('agrees with valueAt', () => {
    const leaf = fc.constantFrom<unknown>(1, 2, null, undefined)
    const node = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.dictionary(fc.constantFrom('a', 'b'), tie('node')),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node
    const path = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 3 }).map((steps) => steps.join('.'))
    const test = (value: unknown) => [value].flat(9).includes(1)
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b'), node), path, (state, at) => {
        const value = valueAt(state, at)
        const result = someAt(state, at, test, 0)
        if (result === true) expect(test(value)).toBe(true)
        if (result === false) expect(value !== UNKNOWN && !test(value)).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('pickPaths', () => {
  const state = {
    id: 1,
    title: null,
    gone: undefined,
    slug: 's',
    author: { name: 'n', email: 'e', team: { name: 'tn', lead: 'l' } },
    tags: ['a', 'b'],
    links: [{ url: 'u', text: 't', by: { name: 'x' } }, { url: 'v', by: null }, 7, null],
    'meta.title': 'literal',
    meta: { title: 'nested' },
  }
  it.each<[string, string[], unknown]>([
    ['their order is kept', ['slug', 'id'], { slug: 's', id: 1 }],
    ['null is a value, absence is not', ['title', 'gone', 'missing', 'missing.too'], { title: null }],
    ['a path comes out nested', ['author.team.name'], { author: { team: { name: 'tn' } } }],
    [
      'paths join',
      ['author.team.name', 'slug', 'author.email', 'author.team.lead'],
      { author: { team: { name: 'tn', lead: 'l' }, email: 'e' }, slug: 's' },
    ],
    ['the whole wins, before', ['author', 'author.name'], { author: state.author }],
    ['…and after', ['author.name', 'author'], { author: state.author }],
    ['the name that is the whole path', ['meta.title'], { 'meta.title': 'literal' }],
    ['of members of arrays', ['links.url'], { links: [{ url: 'u' }, { url: 'v' }, 7, null] }],
    ['…several fields', ['links.by.name', 'links.text'], { links: [{ by: { name: 'x' }, text: 't' }, { by: null }, 7, null] }],
    ['arrays of values whole', ['tags'], { tags: ['a', 'b'] }],
    ['all of a relation', ['author.team.*', 'author.name'], { author: { team: state.author.team, name: 'n' } }],
    ['all of the members', ['links.*'], { links: state.links }],
    ['all', ['*'], (({ gone: _gone, ...all }) => all)(state)],
    ['all, and one first', ['slug', '*'], (({ gone: _gone, ...all }) => all)(state)],
    ['all of what is not there', ['missing.*'], {}],
    ['nothing', [], {}],
  ])('%s', (_name, paths, expected) => expect(pickPaths(state, paths)).toEqual(expected))

  it('keeps the order of the paths, then of the state', () => {
    expect(Object.keys(pickPaths(state, ['slug', 'author.name', 'id']))).toEqual(['slug', 'author', 'id'])
    expect(Object.keys(pickPaths({ b: 1, a: 2 }, ['*']))).toEqual(['b', 'a'])
  })

  it('never changes the state, and shares nothing with it that it writes to', () => {
    const before = JSON.stringify(state)
    const picked = pickPaths(state, ['author', 'author.team.name', 'links.url', '*', 'author.team.*'])
    expect(JSON.stringify(state)).toBe(before)
    expect(picked).not.toBe(state)
  })

  it('leaves prototypes alone', () => {
    const hostile = parsed(
      '{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1}},"constructor":{"prototype":{"polluted":1}}}',
    )
    for (const paths of [
      ['*'],
      ['__proto__'],
      ['__proto__.polluted'],
      ['a.__proto__'],
      ['a.*'],
      ['a.__proto__.polluted'],
      ['constructor.prototype.polluted'],
    ]) {
      const picked = pickPaths(hostile, paths)
      expect(Object.getPrototypeOf(picked)).toBe(Object.prototype)
      expect((picked as { polluted?: unknown }).polluted).toBeUndefined()
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    }
    expect(JSON.stringify(pickPaths(hostile, ['*']))).toBe(JSON.stringify(hostile))
    expect(JSON.stringify(pickPaths(hostile, ['__proto__.polluted']))).toBe('{"__proto__":{"polluted":1}}')
    expect(pickPaths({}, ['__proto__', '__proto__.x', 'constructor', 'constructor.name', 'toString'])).toEqual({})
  })

  it('takes no functions: an own toJSON would speak for the whole', () => {
    const entity = { id: 1, secret: 's', toJSON: () => 'everything' }
    expect(JSON.stringify(pickPaths(entity, ['*']))).toBe('{"id":1,"secret":"s"}')
    expect(pickPaths(entity, ['toJSON'])).toEqual({})
  })

  it('shows nothing that no path names', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const node = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(1, null),
        fc.dictionary(name, tie('node')),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node
    const leaves = (value: unknown, at = ''): string[] =>
      typeof value !== 'object' || value === null
        ? [at]
        : Object.entries(value).flatMap(([key, member]) =>
            leaves(member, Array.isArray(value) ? at : at === '' ? key : `${at}.${key}`),
          )
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((steps) => steps.join('.'))
    fc.assert(
      fc.property(fc.dictionary(name, node), fc.array(path, { maxLength: 4 }), (given, paths) => {
        const shown = leaves(pickPaths(given, paths))
        // A leaf lies at or below a path, or is one that ends above it (a key instead of a relation).
        for (const leaf of shown)
          expect(paths.some((one) => `${leaf}.`.startsWith(`${one}.`) || `${one}.`.startsWith(`${leaf}.`))).toBe(true)
        const all = leaves(given)
        for (const leaf of all) if (paths.includes(leaf)) expect(shown).toContain(leaf)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a related item whose key is known beside its fields', () => {
  const state = {
    author: { [KEY]: 7, name: 'Ada' },
    tags: [
      { [KEY]: 1, label: 'a' },
      { [KEY]: 2, label: 'b' },
    ],
  }

  it.each([
    ['author', 7],
    ['author.name', 'Ada'],
    ['tags', [1, 2]],
    ['tags.label', ['a', 'b']],
  ])('%s is %j', (path, value) => expect(valueAt(state, path)).toEqual(value))

  it('is compared by its key', () => {
    expect(someAt(state, 'author', (value) => value === 7, 0)).toBe(true)
    expect(someAt(state, 'author.name', (value) => value === 'Ada', 0)).toBe(true)
  })

  it.each([
    [['author'], { author: 7 }],
    [['author.name'], { author: { name: 'Ada' } }],
    // Of a field and what is in it, a body has room for one.
    [['author', 'author.name'], { author: { name: 'Ada' } }],
    [['author.name', 'author'], { author: { name: 'Ada' } }],
    [['tags'], { tags: [1, 2] }],
    [['tags.label', 'tags'], { tags: [{ label: 'a' }, { label: 'b' }] }],
    [['*'], { author: 7, tags: [1, 2] }],
    [['author.*'], { author: { name: 'Ada' } }],
  ])('is picked by %j', (paths, picked) => expect(pickPaths(state, paths)).toEqual(picked))

  it.each([
    [['author', 'author.name', 'tags', 'tags.label']],
    [['author.name', 'author', 'tags.label', 'tags']],
    [['*', 'author.name', 'tags.label']],
  ])('is kept whole where somebody reads it again: %j', (paths) =>
    expect(pickPaths(state, paths, {}, { whole: true })).toEqual(state),
  )
})
