import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PipelineError } from '../errors.ts'
import type { ChangeEvent } from '../types.ts'
import { compileFilter, type Tri } from './filter.ts'
import { OPERATORS } from './operators.ts'

const NOW = Date.parse('2024-03-15T12:00:00Z')
const context = { collection: 'posts', event: 'update' as ChangeEvent, now: NOW }
const test = (filter: unknown, state: Record<string, unknown> = {}): Tri => compileFilter(filter).test(state, context)
/** What one operator says of one known value. */
const says = (operator: string, operand: unknown, value: unknown): Tri =>
  test({ field: { [operator]: operand } }, { field: value })

function problemsOf(filter: unknown, path?: string): { path: string; message: string }[] {
  try {
    compileFilter(filter, path)
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    expect(error.code).toBe('FILTER_INVALID')
    for (const { path: at, message } of error.problems) expect(error.message).toContain(`${at}: ${message}`)
    return [...error.problems]
  }
  return []
}
const messageOf = (filter: unknown): string =>
  problemsOf(filter)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('; ')

describe('an operator', () => {
  const date = new Date('2024-01-02T00:00:00Z')
  it.each<[operator: string, operand: unknown, holds: unknown[], fails: unknown[]]>([
    ['_eq', 'a', ['a'], ['A', 'b', '', null, 1, true, ['b'], {}]],
    ['_eq', 1, [1, '1', '1.0', true], [2, '2', '', ' ', 'one', null, false]],
    ['_eq', '1', [1, '1'], [2, '01', null]],
    ['_eq', 0, [0, -0, '0', false], ['', null, true]],
    ['_eq', true, [true, 'true', 1], [false, 'false', 0, null, 'yes']],
    ['_eq', false, [false, 'false', 0], [true, 'true', 1, null, '']],
    ['_eq', null, [null], ['', 0, false, 'null', []]],
    ['_eq', '', [''], [null, ' ', 0, false]],
    ['_eq', 'a', [['a'], ['b', 'a']], [[], ['b']]],
    [
      '_eq',
      '2024-01-02',
      [date, '2024-01-02', '2024-01-02T00:00:00.000Z', '2024-01-02 00:00:00', '2024-01-02T01:00:00+01:00'],
      ['2024-01-03', new Date(Number.NaN), 'x', null],
    ],
    ['_neq', 'a', ['b', '', null, 1], ['a']],
    ['_neq', null, ['', 0, 'a'], [null]],
    ['_lt', 10, [9, '9', -1, '-1e3', false], [10, 11, '10', null, 'nine', '']],
    ['_lte', 10, [10, '10', 9], [11, null]],
    ['_gt', 10, [11, '11', 10.5], [10, '10', 9, null, 'x']],
    ['_gte', 10, [10, 11], [9, null]],
    ['_gt', '9', [10, 'a'], ['10', 9, null]],
    ['_lt', 'b', ['a', 'B', ''], ['b', 'c', null]],
    [
      '_gt',
      '2024-01-01',
      [date, '2024-01-02', '2024-01-01T00:00:00.001Z'],
      ['2024-01-01', '2023-12-31T23:59:59Z', new Date(0), null],
    ],
    ['_lte', '2024-01-01T02:00:00+02:00', ['2024-01-01', new Date(0)], [date, '2024-01-01T00:00:01']],
    ['_lt', date.getTime(), [new Date(0), 5, '2024-01-01'], [date, '2024-01-03', null]],
    ['_in', ['a', 1, null], ['a', 1, '1', null, true], ['b', 2, '']],
    ['_in', [], [], ['a', null, 0]],
    ['_nin', ['a', 1], ['b', 2, null], ['a', 1, '1']],
    ['_nin', [], ['a', null], []],
    ['_null', true, [null], ['', 0, [], 'a']],
    ['_null', false, ['', 0, [], 'a'], [null]],
    ['_nnull', true, ['', 0, 'a', [null]], [null]],
    ['_nnull', false, [null], ['a']],
    ['_empty', true, [null, '', []], ['a', 0, false, ['a'], {}]],
    ['_empty', false, ['a', 0], [null, '', []]],
    ['_nempty', true, ['a', 0, ['a']], [null, '', []]],
    ['_nempty', false, [null, ''], ['a']],
    ['_contains', 'b', ['abc', 'b', ['x', 'abc']], ['ABC', '', null, ['x'], [], {}]],
    ['_contains', '5', [152, '5'], [12, null, true]],
    ['_contains', '', ['', 'a'], [null]],
    ['_contains', 5, [152], [12]],
    ['_ncontains', 'b', ['a', '', null, [], ['x', 'y']], ['abc', ['x', 'abc']]],
    ['_icontains', 'B', ['abc', 'ABC'], ['ac', null]],
    ['_starts_with', 'a', ['abc', ['x', 'ab']], ['ba', 'Abc', null]],
    ['_nstarts_with', 'a', ['ba', null, []], ['abc', ['x', 'ab']]],
    ['_ends_with', 'c', ['abc'], ['cb', null]],
    ['_nends_with', 'c', ['cb', null], ['abc']],
    ['_between', [1, 3], [1, 2, 3, '2', true], [0, 4, null, 'x']],
    ['_between', ['a', 'c'], ['a', 'b', 'c'], ['d', '', null]],
    ['_between', ['2024-01-01', '2024-01-31'], [date, '2024-01-31'], ['2024-02-01', new Date(0), null]],
    ['_nbetween', [1, 3], [0, 4, '5'], [1, 2, 3, null]],
    ['_gt', '$NOW', [NOW + 1, new Date(NOW + 1), '2024-03-15T12:00:01'], [NOW, '2024-03-15', null, 'x', true]],
    ['_eq', '$NOW', [NOW, '2024-03-15 12:00:00'], [NOW + 1]],
    ['_between', ['$NOW(-1 day)', '$NOW'], [NOW, NOW - 86_400_000], [NOW + 1, NOW - 86_400_001]],
    ['_in', ['$NOW', 'a'], [NOW, 'a'], [NOW - 1]],
    ['_eq', '$5', ['$5'], ['5', 5]],
    ['_eq', '$', ['$'], []],
  ])('%s %j', (operator, operand, holds, fails) => {
    for (const value of holds) expect([value, says(operator, operand, value)]).toEqual([value, true])
    for (const value of fails) expect([value, says(operator, operand, value)]).toEqual([value, false])
    expect(test({ field: { [operator]: operand } }, {})).toBeUndefined()
    expect(test({ field: { [operator]: operand } }, { field: undefined })).toBeUndefined()
  })

  it('is one of these', () => {
    const names =
      '_eq _neq _lt _lte _gt _gte _in _nin _null _nnull _empty _nempty _contains _ncontains _icontains _starts_with _nstarts_with _ends_with _nends_with _between _nbetween'
    expect(Object.keys(OPERATORS).sort()).toEqual(names.split(' ').sort())
  })

  it.each([
    ['$NOW(-1 day)', '2024-03-14T12:00:00Z'],
    ['$NOW(+2 hours)', '2024-03-15T14:00:00Z'],
    ['$NOW(2 hours)', '2024-03-15T14:00:00Z'],
    ['$NOW( - 30 minutes )', '2024-03-15T11:30:00Z'],
    ['$NOW(-1 month)', '2024-02-15T12:00:00Z'],
    ['$NOW(-15days)', '2024-02-29T12:00:00Z'],
    ['$NOW(+1 year)', '2025-03-15T12:00:00Z'],
    ['$NOW(-1 week)', '2024-03-08T12:00:00Z'],
    ['$NOW(-90 seconds)', '2024-03-15T11:58:30Z'],
    ['$NOW(-1d)', '2024-03-14T12:00:00Z'],
    ['$NOW(-3)', '2024-03-12T12:00:00Z'],
    ['$NOW(+6mo)', '2024-09-15T12:00:00Z'],
    ['$NOW(-1 HOUR)', '2024-03-15T11:00:00Z'],
    ['$NOW(-999999999 years)', null],
  ])('%s is counted from the change', (variable, instant) => {
    if (instant !== null) expect(says('_eq', variable, instant)).toBe(true)
    expect(says('_gt', variable, '9999-01-01')).toBe(true)
  })
})

describe('fields', () => {
  it('several fields and operators all have to hold', () => {
    const filter = { status: { _eq: 'a', _neq: 'b' }, n: { _gt: 1 } }
    expect(test(filter, { status: 'a', n: 2 })).toBe(true)
    expect(test(filter, { status: 'a', n: 1 })).toBe(false)
    expect(test(filter, { status: 'b' })).toBe(false)
    expect(test(filter, { status: 'a' })).toBeUndefined()
  })

  it.each([
    ['nested', { author: { team: { name: { _eq: 'x' } } } }],
    ['dotted', { 'author.team.name': { _eq: 'x' } }],
    ['both', { author: { 'team.name': { _eq: 'x' } } }],
    ['with a list of conditions inside', { author: { _and: [{ team: { _or: [{ name: { _eq: 'x' } }] } }] } }],
    ['with a list of operators', { author: { team: { name: { _or: [{ _eq: 'x' }, { _eq: 'y' }] } } } }],
  ])('a relation, %s', (_name, filter) => {
    expect(compileFilter(filter).fields).toEqual(['author.team.name'])
    expect(test(filter, { author: { team: { name: 'x' } } })).toBe(true)
    expect(test(filter, { author: { team: { name: 'z' } } })).toBe(false)
    expect(test(filter, { author: null })).toBe(false)
    expect(test(filter, { author: { team: {} } })).toBeUndefined()
    expect(test(filter, { author: 7 })).toBeUndefined()
  })

  it('of a relation to many any member will do, and one that is unknown might', () => {
    const filter = { authors: { name: { _eq: 'x' } } }
    expect(test(filter, { authors: [{ name: 'y' }, { name: 'x' }] })).toBe(true)
    expect(test(filter, { authors: [{}, { name: 'x' }] })).toBe(true)
    expect(test(filter, { authors: [{ name: 'y' }, {}] })).toBeUndefined()
    expect(test(filter, { authors: [1, 2] })).toBeUndefined()
    expect(test(filter, { authors: [{ name: 'y' }] })).toBe(false)
    expect(test(filter, { authors: [] })).toBe(false)
    expect(test({ authors: { name: { _null: true } } }, { authors: [{ name: 'x' }, { name: null }] })).toBe(true)
    expect(test({ authors: { name: { _empty: true } } }, { authors: [{ name: 'x' }, { name: '' }] })).toBe(true)
    expect(test({ authors: { name: { _ncontains: 'x' } } }, { authors: [{ name: 'y' }, {}] })).toBeUndefined()
    expect(test({ authors: { name: { _ncontains: 'x' } } }, { authors: [{ name: 'x' }, {}] })).toBe(false)
  })

  it('names each that it reads once, and no word', () => {
    const filter = {
      _and: [{ a: { _eq: 1 } }, { 'b.c': { _null: true } }, { a: { _gt: 0 } }],
      $event: { _eq: 'create' },
      $collection: { _eq: 'x' },
    }
    expect(compileFilter(filter).fields).toEqual(['a', 'b.c'])
    expect(compileFilter({}).fields).toEqual([])
  })

  it('$event and $collection are always known', () => {
    expect(test({ $event: { _eq: 'update' } })).toBe(true)
    expect(test({ $event: { _in: ['create', 'delete'] } })).toBe(false)
    expect(test({ $collection: { _starts_with: 'po' } })).toBe(true)
    expect(test({ $collection: { _ncontains: 'po' } })).toBe(false)
    expect(test({ $collection: { _ncontains: 'x' } })).toBe(true)
    // A field of that name is not asked.
    expect(test({ $event: { _eq: 'update' } }, { $event: 'create' })).toBe(true)
    expect(test({ _or: [{ $event: { _eq: 'create' } }, { $collection: { _eq: 'posts' } }] })).toBe(true)
  })

  it('are own properties only', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', 'a.constructor', 'constructor.name', 'a.toString.name']) {
      expect(test({ [name]: { _nnull: true } }, { a: {} })).toBeUndefined()
    }
  })
})

describe('three values', () => {
  // One field for each value: known true, known false, not known.
  const node = { true: { t: { _eq: 1 } }, false: { f: { _eq: 1 } }, undefined: { u: { _eq: 1 } } }
  const state = { t: 1, f: 0 }
  const values: Tri[] = [true, false, undefined]
  const of = (value: Tri) => node[String(value) as keyof typeof node]
  const and = (...all: Tri[]) => test({ _and: all.map(of) }, state)
  const or = (...all: Tri[]) => test({ _or: all.map(of) }, state)

  it.each([
    [true, true, true, true],
    [true, false, false, true],
    [true, undefined, undefined, true],
    [false, false, false, false],
    [false, undefined, false, undefined],
    [undefined, undefined, undefined, undefined],
  ] as [Tri, Tri, Tri, Tri][])('%s and/or %s are %s and %s', (a, b, both, either) => {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(and(one, other)).toBe(both)
      expect(or(one, other)).toBe(either)
      expect(test({ ...of(one), ...of(other) }, state)).toBe(both)
    }
  })

  it('commute, associate, absorb and distribute', () => {
    for (const a of values) {
      for (const b of values) {
        expect(test({ _and: [of(a), { _or: [of(a), of(b)] }] }, state)).toBe(a)
        expect(test({ _or: [of(a), { _and: [of(a), of(b)] }] }, state)).toBe(a)
        for (const c of values) {
          expect(and(a, b, c)).toBe(test({ _and: [of(a), { _and: [of(b), of(c)] }] }, state))
          expect(or(a, b, c)).toBe(test({ _or: [{ _or: [of(a), of(b)] }, of(c)] }, state))
          expect(test({ _and: [of(a), { _or: [of(b), of(c)] }] }, state)).toBe(
            test({ _or: [{ _and: [of(a), of(b)] }, { _and: [of(a), of(c)] }] }, state),
          )
        }
      }
    }
  })

  it('what asks for nothing holds', () => {
    for (const nothing of [{}, { _and: [] }, { _or: [] }, { _and: [{}] }, { status: {} }]) expect(test(nothing)).toBe(true)
  })

  const name = fc.constantFrom('a', 'b', 'c')
  const path = fc.oneof(
    name,
    fc.tuple(name, name).map((steps) => steps.join('.')),
  )
  const scalar = fc.constantFrom<unknown>(null, true, false, 0, 1, 2, '', '1', 'a', 'b', '2024-01-01', '$NOW')
  const condition = fc.oneof(
    fc.tuple(fc.constantFrom('_eq', '_neq', '_lt', '_lte', '_gt', '_gte'), scalar),
    fc.tuple(fc.constantFrom('_in', '_nin'), fc.array(scalar, { maxLength: 3 })),
    fc.tuple(fc.constantFrom('_between', '_nbetween'), fc.tuple(scalar, scalar)),
    fc.tuple(fc.constantFrom('_null', '_nnull', '_empty', '_nempty'), fc.boolean()),
    fc.tuple(
      fc.constantFrom('_contains', '_ncontains', '_icontains', '_starts_with', '_nstarts_with', '_ends_with', '_nends_with'),
      fc.constantFrom('a', '', '1'),
    ),
  )
  const filter = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.tuple(path, condition).map(([at, [operator, operand]]) => ({ [at]: { [operator]: operand } })),
      fc.array(tie('node'), { maxLength: 3 }).map((_and) => ({ _and })),
      fc.array(tie('node'), { maxLength: 3 }).map((_or) => ({ _or })),
    ),
  })).node
  const value = fc.constantFrom<unknown>(null, true, 0, 1, '', 'a', '1', '2024-01-01', new Date(NOW), ['a'], [])
  const flat = fc.dictionary(name, value)
  const nested = fc.dictionary(name, fc.oneof(value, flat, fc.array(flat, { maxLength: 3 })))
  const whole = fc.record({ a: value, b: value, c: value })
  const known = fc.record({
    a: fc.oneof(whole, fc.array(whole, { maxLength: 3 })),
    b: fc.oneof(whole, fc.constant(null)),
    c: whole,
  })

  it('a state that is wholly known never gives unknown', () => {
    fc.assert(
      fc.property(filter, known, (asked, given) => {
        expect(test(asked, given)).not.toBeUndefined()
      }),
      { numRuns: 3000 },
    )
  })

  it('to know less never turns yes into no, nor no into yes', () => {
    const forget = (given: unknown, coin: () => boolean): unknown => {
      if (Array.isArray(given)) return given.map((member) => forget(member, coin))
      if (typeof given !== 'object' || given === null || given instanceof Date) return given
      return Object.fromEntries(Object.entries(given).flatMap(([key, member]) => (coin() ? [] : [[key, forget(member, coin)]])))
    }
    fc.assert(
      fc.property(filter, nested, fc.infiniteStream(fc.boolean()), (asked, given, coins) => {
        const less = forget(given, () => coins.next().value as boolean) as Record<string, unknown>
        const after = test(asked, less)
        if (after !== undefined) expect(after).toBe(test(asked, given))
      }),
      { numRuns: 5000 },
    )
  })

  it('a filter and its opposite never both hold of one value', () => {
    const opposites = [
      ['_eq', '_neq'],
      ['_null', '_nnull'],
      ['_empty', '_nempty'],
      ['_contains', '_ncontains'],
      ['_starts_with', '_nstarts_with'],
      ['_ends_with', '_nends_with'],
    ] as const
    const single = fc.constantFrom<unknown>(null, true, 0, 1, '', 'a', '1', '2024-01-01')
    fc.assert(
      fc.property(fc.constantFrom(...opposites), single, fc.constantFrom('a', '1', '2024-01-01'), ([one, other], given, text) => {
        const operand = one === '_null' || one === '_empty' ? true : text
        expect(says(one, operand, given)).toBe(!says(other, operand, given))
      }),
    )
  })
})

describe('a filter that is wrong', () => {
  it.each<[string, unknown, string]>([
    ['a string', 'published', 'filter: has to be an object such as { status: { _eq: … } }, not a string'],
    ['an array', [], 'filter: has to be an object such as { status: { _eq: … } }, not an array'],
    ['null', null, 'filter: has to be an object such as { status: { _eq: … } }, not null'],
    ['a number', 1, 'filter: has to be an object such as { status: { _eq: … } }, not a number'],
    ['nothing', undefined, 'filter: has to be an object such as { status: { _eq: … } }, not nothing'],
    ['a date', new Date(), 'filter: has to be an object such as { status: { _eq: … } }, not an object'],
    ['a value for operators', { status: 'published' }, 'filter.status: has to be an object such as { _eq: … }, not a string'],
    ['null for operators', { status: null }, 'filter.status: has to be an object such as { _eq: … }, not null'],
    [
      'an array for operators',
      { author: { name: ['a'] } },
      'filter.author.name: has to be an object such as { _eq: … }, not an array',
    ],
    ['a date for operators', { at: new Date() }, 'filter.at: has to be an object such as { _eq: … }, not an object'],
    ['an object for a list', { _and: {} }, 'filter._and: has to be an array of filters, not an object'],
    ['a string for a list', { _or: 'a' }, 'filter._or: has to be an array of filters, not a string'],
    ['a string in a list', { _or: [{}, 'a'] }, 'filter._or[1]: has to be an object such as { status: { _eq: … } }, not a string'],
    [
      'null deep inside',
      { _or: [{ _and: [null] }] },
      'filter._or[0]._and[0]: has to be an object such as { status: { _eq: … } }, not null',
    ],
    ['an unknown operator', { status: { _eqq: 1 } }, 'filter.status._eqq: is no operator; did you mean _eq?'],
    ['another', { status: { _contain: 'a' } }, 'filter.status._contain: is no operator; did you mean _contains?'],
    ['a list misspelt', { _adn: [] }, 'filter._adn: is no operator; did you mean _and?'],
    ['one that is like nothing', { status: { _regex: 'a' } }, 'filter.status._regex: is no operator'],
    [
      'a relation in words',
      { authors: { _some: {} } },
      'filter.authors._some: is not supported: of a relation to many, any member matches by default',
    ],
    ['an operator without a field', { _eq: 1 }, 'filter._eq: stands without a field: write { field: { operator: value } }'],
    ['…in a list', { _and: [{ _eq: 1 }] }, 'filter._and[0]._eq: stands without a field: write { field: { operator: value } }'],
    [
      'a function',
      { 'year(at)': { _eq: 2024 } },
      'filter.year(at): is a function, which is not supported: compare the field itself',
    ],
    [
      'an unknown word',
      { $user: { _eq: 1 } },
      'filter.$user: is not a field: only $event and $collection may begin with a dollar sign',
    ],
    [
      'a word inside a field',
      { a: { $event: { _eq: 1 } } },
      'filter.a.$event: is not a field: only $event and $collection may begin with a dollar sign',
    ],
    [
      'a field inside a word',
      { $event: { name: { _eq: 1 } } },
      'filter.$event.name: is no operator: $event is a word and has no fields',
    ],
    [
      'a dot too many',
      { 'a..b': { _eq: 1 } },
      'filter.a..b: is not the path of a field: a name is missing before or after a dot',
    ],
    [
      'an empty name',
      { a: { '': { _eq: 1 } } },
      'filter.a.: is not the path of a field: a name is missing before or after a dot',
    ],
    ['an object for a value', { a: { _eq: {} } }, 'filter.a._eq: has to be a text, a number, true, false or null, not an object'],
    [
      'nothing for a value',
      { a: { _eq: undefined } },
      'filter.a._eq: has to be a text, a number, true, false or null, not nothing',
    ],
    ['not a number', { a: { _gt: Number.NaN } }, 'filter.a._gt: has to be a finite number, not NaN'],
    ['a value for a list of values', { a: { _in: 'a,b' } }, 'filter.a._in: has to be an array of values, not a string'],
    [
      'a list in a list of values',
      { a: { _nin: [['a']] } },
      'filter.a._nin: has to be a text, a number, true, false or null, not an array',
    ],
    ['one of two', { a: { _between: [1] } }, 'filter.a._between: has to be an array of two values, from and to, not of 1'],
    [
      'a text for two',
      { a: { _nbetween: '1,2' } },
      'filter.a._nbetween: has to be an array of two values, from and to, not a string',
    ],
    ['a text for yes', { a: { _null: 'true' } }, 'filter.a._null: has to be true or false, not a string'],
    ['null for a text', { a: { _contains: null } }, 'filter.a._contains: has to be a text, not null'],
    ['a pattern', { a: { _ncontains: /a/ } }, 'filter.a._ncontains: has to be a text, not an object'],
    ['a variable', { a: { _eq: '$CURRENT_USER' } }, 'filter.a._eq: holds a variable that is not known here: only $NOW is'],
    [
      '…with a field',
      { a: { _in: ['$CURRENT_ROLE.name'] } },
      'filter.a._in: holds a variable that is not known here: only $NOW is',
    ],
    [
      'an offset',
      { a: { _lt: '$NOW(yesterday)' } },
      'filter.a._lt: holds an offset that is not understood: write $NOW(-1 day), $NOW(+2 hours) or $NOW',
    ],
    [
      'an empty offset',
      { a: { _lt: '$NOW()' } },
      'filter.a._lt: holds an offset that is not understood: write $NOW(-1 day), $NOW(+2 hours) or $NOW',
    ],
    [
      'an offset without brackets',
      { a: { _lt: '$NOW - 1 day' } },
      'filter.a._lt: holds an offset that is not understood: write $NOW(-1 day), $NOW(+2 hours) or $NOW',
    ],
    [
      'an endless offset',
      { a: { _lt: `$NOW(-${'9'.repeat(400)} years)` } },
      'filter.a._lt: holds an offset that is not understood: write $NOW(-1 day), $NOW(+2 hours) or $NOW',
    ],
  ])('%s', (_name, filter, message) => expect(messageOf(filter)).toBe(message))

  it('is told all that is wrong, each with its path, under the name that it was given', () => {
    const filter = { _and: [{ a: { _eqq: 1 } }, { b: 5, c: { _in: 1 } }], _or: 7, d: { _eq: 1 } }
    expect(problemsOf(filter, 'targets[0].rules[1].filter').map(({ path }) => path)).toEqual([
      'targets[0].rules[1].filter._and[0].a._eqq',
      'targets[0].rules[1].filter._and[1].b',
      'targets[0].rules[1].filter._and[1].c._in',
      'targets[0].rules[1].filter._or',
    ])
  })

  it('never tells a value', () => {
    const operand = fc.constantFrom<unknown>(
      'sEcReT',
      ['sEcReT', ['sEcReT']],
      { x: 'sEcReT' },
      '$NOW(sEcReT)',
      '$SECRET_sEcReT.a',
    )
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(OPERATORS), '_eqq'), operand, (operator, written) => {
        expect(messageOf({ a: { [operator]: written } })).not.toContain('sEcReT')
        expect(messageOf({ a: written })).not.toContain('sEcReT')
      }),
    )
  })

  it('is an error of its own, whatever it is', () => {
    const key = fc.oneof(fc.constantFrom('_and', '_or', 'a', '$event', '__proto__', ...Object.keys(OPERATORS)), fc.string())
    const junk = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        fc.anything({ withBigInt: true, withDate: true, withMap: true }),
        fc.dictionary(key, tie('node')),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node
    fc.assert(
      fc.property(junk, (filter) => {
        if (problemsOf(filter).length > 0) return
        expect([true, false, undefined]).toContain(test(filter, { a: 1 }))
        expect([true, false, undefined]).toContain(test(filter))
      }),
      { numRuns: 1000 },
    )
  })

  it('may be 32 levels deep, not more, and may be a circle', () => {
    const nest = (levels: number): unknown => (levels === 0 ? { a: { _eq: 1 } } : { _and: [nest(levels - 1)] })
    expect(test(nest(31), { a: 1 })).toBe(true)
    expect(messageOf(nest(32))).toMatch(/is nested more than 32 levels deep$/)
    let deep: unknown = {}
    for (let index = 0; index < 100_000; index++) deep = { a: deep }
    expect(messageOf(deep)).toMatch(/^filter(\.a){33}: is nested more than 32 levels deep$/)
    const circle: Record<string, unknown> = {}
    circle['_or'] = [circle, circle]
    circle['a'] = circle
    expect(messageOf(circle)).toBe(['_or[0]', '_or[1]', 'a'].map((at) => `filter.${at}: is cyclic: it holds itself`).join('; '))
  })

  it('leaves prototypes alone', () => {
    const hostile: unknown = JSON.parse(
      '{"__proto__":{"polluted":{"_eq":1}},"a":{"__proto__":{"_eq":1}},"constructor":{"prototype":{"polluted":{"_eq":1}}}}',
    )
    expect(problemsOf(hostile).map(({ path }) => path)).toEqual(['filter.__proto__', 'filter.a.__proto__'])
    expect(test({ constructor: { prototype: { polluted: { _eq: 1 } } } })).toBeUndefined()
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    for (const name of ['constructor', 'toString', '__proto__', '_constructor'])
      expect(messageOf({ a: JSON.parse(`{"${name}":1}`) as unknown })).not.toBe('')
  })
})

describe('cost', () => {
  it('10,000 operators compile and run at once', () => {
    const wide = { _or: Array.from({ length: 10_000 }, (_, index) => ({ [`f${index}`]: { _eq: index } })) }
    const wrong = { _or: Array.from({ length: 10_000 }, () => ({ status: { _eqq: 1 } })) }
    const from = performance.now()
    const filter = compileFilter(wide)
    expect(filter.fields).toHaveLength(10_000)
    expect(filter.test({ f9999: 9999 }, context)).toBe(true)
    expect(filter.test({}, context)).toBeUndefined()
    expect(problemsOf({ _or: wrong._or.slice(0, 1000) })).toHaveLength(1000)
    expect(performance.now() - from).toBeLessThan(1000)
  })

  it('a compiled filter does not follow later edits of what it was made from', () => {
    const written = { status: { _in: ['a'] } }
    const filter = compileFilter(written)
    written.status._in.push('b')
    expect(filter.test({ status: 'b' }, context)).toBe(false)
  })
})
