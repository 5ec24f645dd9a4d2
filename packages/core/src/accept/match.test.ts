import { describe, expect, it } from 'vitest'
import { DEFAULT_RETRY, DEFAULT_WINDOW } from '../config.ts'
import type { Change, Rule, Target } from '../types.ts'
import { toEntries } from './intake.ts'
import { createMatcher } from './match.ts'

const none = () => {}

function target(uid: string, rules: (Partial<Rule> & { collection: string })[], input: Partial<Target> = {}): Target {
  return {
    uid,
    key: uid,
    name: uid,
    url: `https://${uid}.test/`,
    status: 'published',
    auth: { type: 'none' },
    secrets: [],
    rules: rules.map((rule) => ({ events: ['create', 'update', 'delete'], payload: [], ...rule })),
    format: 'batch',
    window: DEFAULT_WINDOW,
    retry: DEFAULT_RETRY,
    timeout: 1000,
    wholeCollection: false,
    maxPending: 100,
    ...input,
  }
}

const change = (input: Partial<Change> = {}): Change => ({
  collection: 'posts',
  event: 'update',
  key: 1,
  fields: {},
  timestamp: 5,
  ...input,
})
const entriesOf = (targets: Target[], input: Partial<Change> = {}) => toEntries([change(input)], createMatcher(targets, none), 5)
const sent = (targets: Target[], input: Partial<Change> = {}) =>
  entriesOf(targets, input).map((entry) => ({
    fields: JSON.parse(entry.change.fields) as unknown,
    ...(entry.change.previous === undefined ? undefined : { previous: JSON.parse(entry.change.previous) as unknown }),
  }))

describe('who is told', () => {
  it.each([
    ['a rule that names the collection', [{ collection: 'posts' }], true],
    ['a rule for every collection', [{ collection: '*' }], true],
    ['a rule of another collection', [{ collection: 'pages' }], false],
    ['a rule of another event', [{ collection: 'posts', events: ['create', 'delete'] as const }], false],
    ['no rules', [], false],
  ])('%s', (_name, rules, told) => {
    expect(entriesOf([target('t', rules)])).toHaveLength(told ? 1 : 0)
  })

  it('once, though a rule names the collection and another every one; payloads are united', () => {
    const both = target('t', [
      { collection: '*', payload: ['title'] },
      { collection: 'posts', payload: ['slug'] },
    ])
    expect(sent([both], { fields: { slug: 's', title: 't', other: 1 } })).toEqual([{ fields: { id: 1, title: 't', slug: 's' } }])
  })

  it.each(['draft', 'archived'] as const)('not one that is %s', (status) => {
    expect(entriesOf([target('t', [{ collection: 'posts' }], { status })])).toEqual([])
  })

  it('of a whole collection only who opted in', () => {
    const told = entriesOf(
      [target('no', [{ collection: 'posts' }]), target('yes', [{ collection: 'posts' }], { wholeCollection: true })],
      { key: '*' },
    )
    expect(told.map((entry) => entry.target)).toEqual(['yes'])
  })
})

describe('what they are told', () => {
  it('the key first, whatever it is called, then the payload in its order; null is a value, absence is not', () => {
    const [entry] = entriesOf([target('t', [{ collection: 'posts', payload: ['slug', 'id', 'title', 'missing'] }])], {
      key: 'k"1',
      fields: { title: null, id: 'other', slug: 's' },
    })
    expect(entry?.change.fields).toBe('{"id":"k\\"1","slug":"s","title":null}')
  })

  it('relations by dotted paths, and everything by *', () => {
    const fields = { title: 't', author: { name: 'n', email: 'e' } }
    expect(sent([target('t', [{ collection: 'posts', payload: ['author.name'] }])], { fields })).toEqual([
      { fields: { id: 1, author: { name: 'n' } } },
    ])
    expect(sent([target('t', [{ collection: 'posts', payload: ['*'] }])], { fields })).toEqual([{ fields: { id: 1, ...fields } }])
  })

  it('a delete carries the last known values', () => {
    expect(sent([target('t', [{ collection: 'posts', payload: ['slug'] }])], { event: 'delete', fields: { slug: 's' } })).toEqual(
      [{ fields: { id: 1, slug: 's' } }],
    )
  })

  it('old values where the change replaced or deleted one of them, and all that are named then', () => {
    const rules = [{ collection: 'posts', payload: ['slug'], previous: ['slug', 'category'] }]
    const old = { slug: 'a', category: 'x' }
    expect(sent([target('t', rules)], { fields: { slug: 'b', category: 'x' }, previous: old })).toEqual([
      { fields: { id: 1, slug: 'b' }, previous: old },
    ])
    expect(sent([target('t', rules)], { fields: old, previous: old })).toEqual([{ fields: { id: 1, slug: 'a' } }])
    expect(sent([target('t', rules)], { event: 'delete', fields: old })).toEqual([
      { fields: { id: 1, slug: 'a' }, previous: old },
    ])
    expect(sent([target('t', rules)], { event: 'create', fields: old })).toEqual([{ fields: { id: 1, slug: 'a' } }])
  })

  it('an old combination that comes round again is announced each time', () => {
    const rules = [{ collection: 'posts', previous: ['category', 'slug'] }]
    const steps = [
      ['x', 'a'],
      ['x', 'b'],
      ['y', 'b'],
      ['y', 'a'],
      ['z', 'a'],
    ].map(([category, slug]) => ({ category, slug }))
    const identities = steps
      .slice(1)
      .flatMap((fields, index) => entriesOf([target('t', rules)], { fields, previous: steps[index] as Record<string, unknown> }))
    expect(new Set(identities.map(({ identity }) => identity)).size).toBe(4)
  })
})

describe('a filter', () => {
  const rules = [{ collection: 'posts', payload: ['title'], previous: ['slug'], filter: { status: { _eq: 'published' } } }]
  const state = (status: string | undefined, title: string) => ({
    title,
    slug: `slug of ${title}`,
    ...(status === undefined ? undefined : { status }),
  })

  it.each([
    [
      'published stays published',
      'published',
      'published',
      { fields: { id: 1, title: 'new' }, previous: { slug: 'slug of old' } },
    ],
    ['a draft is published: its old slug was never public', 'draft', 'published', { fields: { id: 1, title: 'new' } }],
    [
      'it is unpublished: the last public values',
      'published',
      'draft',
      { fields: { id: 1, title: 'old' }, previous: { slug: 'slug of old' } },
    ],
    ['a draft stays a draft', 'draft', 'draft', null],
    ['before unknown, now a draft: the key alone', undefined, 'draft', { fields: { id: 1 } }],
    [
      'before public, now unknown: the last public values',
      'published',
      undefined,
      { fields: { id: 1, title: 'old' }, previous: { slug: 'slug of old' } },
    ],
    ['nothing known: the key alone', undefined, undefined, { fields: { id: 1 } }],
  ])('%s', (_name, before, after, expected) => {
    const told = sent([target('t', rules)], { previous: state(before, 'old'), fields: state(after, 'new') })
    expect(told).toEqual(expected === null ? [] : [expected])
  })

  it('that is broken at run time matches everything with the key alone, and is told', () => {
    const warned: string[] = []
    const broken = {
      get status(): string {
        throw new Error('broken')
      },
    }
    const matcher = createMatcher([target('t', rules)], ({ uid }) => void warned.push(uid))
    const [entry] = toEntries([change({ event: 'create', fields: broken })], matcher, 5)
    expect(entry?.change.fields).toBe('{"id":1}')
    expect(warned).toEqual(['t'])
  })

  it('keeps what it read beside the payload, for a test under later rules', () => {
    const [entry] = entriesOf([target('t', rules)], { previous: state('published', 'old'), fields: state('published', 'new') })
    expect(JSON.parse(entry?.change.hidden ?? '{}')).toEqual({ before: { status: 'published' }, after: { status: 'published' } })
  })
})

describe('cost', () => {
  it('does not grow with targets that do not match', () => {
    const many = Array.from({ length: 5000 }, (_, index) => target(`t${index}`, [{ collection: `c${index}` }]))
    const matcher = createMatcher([...many, target('one', [{ collection: 'posts' }]), target('all', [{ collection: '*' }])], none)
    let asked = 0
    const counting = change()
    matcher.match(counting, () => asked++)
    expect(asked).toBe(2)
  })

  it('is shared by targets with the same rules', () => {
    const [one, other] = entriesOf(
      [target('a', [{ collection: 'posts', payload: ['t'] }]), target('b', [{ collection: 'posts', payload: ['t'] }])],
      {
        fields: { t: 1 },
      },
    )
    expect(one?.change).toBe(other?.change)
  })
})
