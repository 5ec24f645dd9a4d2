import { describe, expect, it } from 'vitest'
import { toEntries } from '../accept/intake.ts'
import { createMatcher } from '../accept/match.ts'
import { parseTargets, type TargetInput } from '../config.ts'
import type { Batch, Change, Entry } from '../types.ts'
import { shape } from './shape.ts'

const bind = (input: Partial<TargetInput>) => {
  const matcher = createMatcher(parseTargets([{ uid: 't', key: 't', url: 'https://t.test', ...input }]), () => {})
  return { matcher, bound: matcher.targets.get('t') as never }
}
const change = (input: Partial<Change>): Change => ({
  collection: 'posts',
  event: 'update',
  key: 1,
  fields: {},
  timestamp: 5,
  ...input,
})

/** One entry of a batch out of the changes that were merged into it. */
function merged(entries: readonly Entry[]): Batch['entries'][number] {
  const [first, last] = [entries[0] as Entry, entries.at(-1) as Entry]
  return {
    item: first.item,
    identity: first.identity,
    first: first.change,
    last: last.change,
    revision: last.revision,
    appendedAt: first.at,
    lastAt: last.at,
  }
}

const batch = (entries: Batch['entries'], asOf = 100): Batch => ({ entries, binding: { revision: 'any', asOf } }) as Batch
const bodyOf = (shaped: ReturnType<typeof shape>) => (shaped === null ? null : (JSON.parse(shaped.body) as unknown))

describe('the body', () => {
  const rules = [{ collection: 'posts', payload: ['slug'], previous: ['slug'] }]
  const { matcher, bound } = bind({ rules })
  const accept = (...changes: Change[]) => toEntries(changes, matcher, 5)

  it('tells the net effect with the newest values and the oldest old ones', () => {
    const entries = accept(change({ event: 'create', fields: { slug: 'a' } }), change({ fields: { slug: 'a' }, timestamp: 9 }))
    expect(bodyOf(shape(batch([merged(entries)]), bound, () => {}))).toEqual([
      { collection: 'posts', event: 'create', fields: { id: 1, slug: 'a' }, timestamp: 9 },
    ])
  })

  it('tells a delete once, though a text edit came before it', () => {
    const text = accept(change({ fields: { slug: 'a' }, previous: { slug: 'a' } }))
    const gone = accept(change({ event: 'delete', fields: { slug: 'a' }, timestamp: 9 }))
    const shaped = shape(batch([merged([...text, ...gone]), merged(gone)]), bound, () => {})
    expect(bodyOf(shaped)).toEqual([
      { collection: 'posts', event: 'delete', fields: { id: 1, slug: 'a' }, timestamp: 9, previous: { slug: 'a' } },
    ])
  })
})

describe('late binding: when rules were edited', () => {
  const before = bind({ rules: [{ collection: 'posts', payload: ['title', 'status', 'slug'] }] })
  const accept = (...changes: Change[]) => toEntries(changes, before.matcher, 5)
  const published = change({ fields: { title: 't', status: 'published', slug: 's' } })

  it('entries from before the list was loaded are trimmed anew', () => {
    const { bound } = bind({ rules: [{ collection: 'posts', payload: ['title'] }] })
    expect(bodyOf(shape(batch([merged(accept(published))]), bound, () => {}))).toMatchObject([{ fields: { id: 1, title: 't' } }])
  })

  it('later ones go out as they were trimmed, so that an older process drops nothing', () => {
    const { bound } = bind({ rules: [{ collection: 'pages' }] })
    expect(bodyOf(shape(batch([merged(accept(published))], 4), bound, () => {}))).toMatchObject([
      { fields: { id: 1, title: 't', slug: 's' } },
    ])
  })

  it('what no rule asks for any more, or a filter excludes, is skipped', () => {
    const deleted = accept(change({ event: 'delete', fields: { title: 't', status: 'draft' } }))
    for (const rules of [
      [],
      [{ collection: 'posts', events: ['create'] as const }],
      [{ collection: 'posts', filter: { status: { _eq: 'published' } } }],
    ]) {
      const { bound } = bind({ rules })
      expect(shape(batch([merged(deleted)]), bound, () => {})).toBeNull()
    }
  })

  it('a whole collection stands for every event, also for those that the rules do not name', () => {
    const target = { wholeCollection: true }
    const everything = bind({ ...target, rules: [{ collection: 'posts' }] })
    const whole = toEntries([change({ key: '*' })], everything.matcher, 5)
    const { bound } = bind({ ...target, rules: [{ collection: 'posts', events: ['delete'] }] })
    expect(bodyOf(shape(batch([merged(whole)]), bound, () => {}))).toMatchObject([{ collection: 'posts', fields: { id: '*' } }])
  })

  it('nested values that only a filter read are still known', () => {
    const filter = { author: { role: { _eq: 'editor' } } }
    const rules = [{ collection: 'posts', payload: ['author.name'], filter }]
    const written = bind({ rules })
    const entries = toEntries(
      [change({ event: 'create', fields: { author: { name: 'n', role: 'editor' } } })],
      written.matcher,
      5,
    )
    const { bound } = bind({ rules: [{ ...rules[0], collection: 'posts', previous: ['slug'] }] })
    expect(bodyOf(shape(batch([merged(entries)]), bound, () => {}))).toMatchObject([{ fields: { id: 1, author: { name: 'n' } } }])
  })

  it('an item of which neither end matches is still announced, by its key: what lay between is not known', () => {
    const ends = accept(
      change({ event: 'create', fields: { title: 'x', status: 'draft' } }),
      change({ event: 'delete', fields: { title: 'y', status: 'draft' }, timestamp: 9 }),
    )
    const { bound } = bind({ rules: [{ collection: 'posts', payload: ['title'], filter: { status: { _eq: 'published' } } }] })
    expect(bodyOf(shape(batch([merged(ends)]), bound, () => {}))).toEqual([
      { collection: 'posts', event: 'delete', fields: { id: 1 }, timestamp: 9 },
    ])
  })
})
