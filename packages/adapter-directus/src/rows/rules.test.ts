import { describe, expect, it } from 'vitest'
import { schemaOf } from '../../test/directus.ts'
import { checkRules, pathsOf } from './rules.ts'

const schema = schemaOf({
  posts: { id: 'integer', title: 'string', status: 'string', secret: 'string conceal' },
  directus_users: { id: 'uuid', first_name: 'string' },
  directus_activity: { id: 'integer' },
})

describe('rules of a row', () => {
  it('are kept as they are where they can be followed', () => {
    const rule = {
      collection: 'posts',
      events: ['update' as const],
      payload: ['title'],
      filter: { status: { _eq: 'published' } },
      previous: ['title'],
    }
    expect(checkRules(schema, [rule])).toEqual({ rules: [rule], problems: [] })
  })

  it('lose the fields that are not there or are secret, and say so', () => {
    const { rules, problems } = checkRules(schema, [{ collection: 'posts', payload: ['title', 'titel', 'secret'] }])
    expect(rules).toEqual([{ collection: 'posts', payload: ['title'] }])
    expect(problems).toEqual([
      'schema[0].payload[1]: "posts" has no field "titel"',
      expect.stringContaining('schema[0].payload[2]: "posts.secret" is concealed'),
    ])
  })

  it('are left out where their collection is not there, or their filter cannot be followed', () => {
    const { rules, problems } = checkRules(schema, [
      { collection: 'pages', payload: [] },
      { collection: 'posts', filter: { secret: { _eq: 'x' } } },
      { collection: 'directus_activity' },
      { collection: 'posts' },
    ])
    expect(rules).toEqual([{ collection: 'posts' }])
    expect(problems).toHaveLength(3)
    expect(problems[0]).toBe('schema[0].collection: there is no collection "pages"')
  })

  it('may name a scope, and whatever a form keeps besides', () => {
    const { rules } = checkRules(schema, [{ collection: 'users', payload: ['first_name'], filter: {}, id: 7 } as never])
    expect(rules).toEqual([{ collection: 'directus_users', payload: ['first_name'] }])
  })
})

it('finds the fields that a filter reads', () => {
  const filter = {
    _and: [{ status: { _eq: 'a' } }, { author: { name: { _in: [1] } } }, { tags: { _some: { name: { _eq: 'x' } } } }],
    $event: { _eq: 'create' },
  }
  expect(pathsOf(filter)).toEqual(['status', 'author.name', 'tags.name'])
})
