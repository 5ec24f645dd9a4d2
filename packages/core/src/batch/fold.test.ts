import { describe, expect, it } from 'vitest'
import { toEntries } from '../accept/intake.ts'
import { createMatcher } from '../accept/match.ts'
import { parseTargets, type TargetInput } from '../config.ts'
import type { Change } from '../types.ts'
import { fold } from './fold.ts'

const matcherOf = (...targets: Partial<TargetInput>[]) =>
  createMatcher(
    parseTargets(
      targets.map((target, index) => ({
        uid: `t${index}`,
        key: `t${index}`,
        url: 'https://t.test',
        rules: [{ collection: 'posts', payload: ['title'] }],
        ...target,
      })),
    ),
    () => {},
  )
const change: Change = { collection: 'posts', event: 'update', key: 1, fields: { title: 'a' }, timestamp: 5 }
const told = (entries: ReturnType<typeof fold>) => entries.map(({ target, change: { fields } }) => [target, fields])

describe('a committed change', () => {
  it('is matched anew with what was read meanwhile', () => {
    const matcher = matcherOf({})
    const entries = toEntries([{ ...change, fields: {} }], matcher, 5)
    expect(told(fold([{ at: 5, change, entries }], matcher))).toEqual([['t0', '{"id":1,"title":"a"}']])
  })

  it('reaches targets that its publisher did not know', () => {
    expect(told(fold([{ at: 5, change, entries: [] }], matcherOf({})))).toEqual([['t0', '{"id":1,"title":"a"}']])
  })

  it('reaches targets that only its publisher knew, or knew better, as it saw them', () => {
    const newer = matcherOf({ rules: [{ collection: 'posts', payload: ['title', 'slug'] }] }, { uid: 'new', key: 'new' })
    const entries = toEntries([{ ...change, fields: { title: 'a', slug: 's' } }], newer, 5)
    expect(told(fold([{ at: 5, change, entries }], matcherOf({})))).toEqual([
      ['t0', '{"id":1,"title":"a","slug":"s"}'],
      ['new', '{"id":1,"title":"a"}'],
    ])
  })

  it('that matches no more is told by its key alone', () => {
    const filtered = matcherOf({ rules: [{ collection: 'posts', payload: ['title'], filter: { status: { _eq: 'published' } } }] })
    const entries = toEntries([{ ...change, fields: { title: 'a', status: 'published' } }], filtered, 5)
    const now = { ...change, fields: { title: 'b', status: 'draft' }, previous: { status: 'draft' } }
    expect(told(fold([{ at: 5, change: now, entries }], filtered))).toEqual([['t0', '{"id":1}']])
  })

  it('that was unknown, and turns out never to have matched, is nothing to anybody', () => {
    const filtered = matcherOf({ rules: [{ collection: 'posts', payload: ['title'], filter: { status: { _eq: 'published' } } }] })
    const entries = toEntries([{ ...change, fields: {} }], filtered, 5)
    expect(told(entries)).toEqual([['t0', '{"id":1}']])
    const now = { ...change, fields: { title: 'b', status: 'draft' }, previous: { status: 'draft' } }
    expect(told(fold([{ at: 5, change: now, entries }], filtered))).toEqual([])
  })

  it('waits for a draft, and is dropped for an archived target', () => {
    const entries = toEntries([change], matcherOf({}, {}), 5)
    expect(told(fold([{ at: 5, change, entries }], matcherOf({ status: 'draft' }, { status: 'archived' })))).toEqual([
      ['t0', '{"id":1,"title":"a"}'],
    ])
  })
})
