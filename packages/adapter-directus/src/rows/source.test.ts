import { checkTargets } from '@unstale/core'
import { describe, expect, it } from 'vitest'
import { schemaOf } from '../../test/directus.ts'
import { type KeyColumns, withAction } from './keys.ts'
import { toRowTarget } from './source.ts'

const schema = schemaOf({ posts: { id: 'integer', title: 'string' } })
const settings = { format: 'single', window: { quiet: 10 }, horizon: 60_000, timeout: 500 } as const
const row = {
  id: 'r',
  status: 'published',
  url: 'https://site.test/',
  auth_header: 'bearer',
  api_key: 'k',
  schema: '[{"collection":"posts","payload":["title"]}]',
}

function read(more: object = {}) {
  const wrong: string[] = []
  const { targets, problems } = checkTargets([toRowTarget({ ...row, ...more }, schema, settings, wrong)])
  return { target: targets[0], problems, wrong }
}

describe('a row as a target', () => {
  it('takes what it does not say from the environment', () => {
    expect(read()).toMatchObject({
      wrong: [],
      problems: [],
      target: {
        uid: 'r',
        format: 'single',
        window: { quiet: 10, max: 300 },
        retry: { horizon: 60_000 },
        timeout: 500,
        rules: [{ payload: ['title'] }],
      },
    })
    expect(read({ format: 'batch' }).target).toMatchObject({ format: 'batch' })
  })

  it.each([
    ['a schema that is no JSON', { schema: '[{' }, /schema: is not valid JSON/],
    ['no key', { api_key: null }, /api_key: has to be a text/],
    ['an url that is none', { url: null }, /url: has to be a url/],
  ])('with %s takes nothing and keeps what waits for it', (_name, more, problem) => {
    const { target, wrong } = read(more)
    expect(wrong).toEqual([expect.stringMatching(problem)])
    expect(target).toMatchObject({ uid: 'r', status: 'draft', rules: [] })
  })
})

describe('signing keys', () => {
  const now = 1_000
  const at = (columns: object = {}): Record<string, unknown> & Partial<KeyColumns> => ({ ...row, ...columns })

  it('sign alone at first, and beside the old one for a while after a rotation', () => {
    const first = withAction(at(), 'rotate', { now, overlap: 500 })
    expect(first.report).toMatchObject({ keys: 1, overlapUntil: null, key: expect.stringMatching(/^whsec_.{44}$/) })
    const second = withAction(at(first.columns), 'rotate', { now, overlap: 500 })
    expect(second.report).toMatchObject({ keys: 2, overlapUntil: 1500 })
    expect(JSON.parse(second.columns.signing_keys ?? '')).toEqual([second.report.key, first.report.key])
    const finished = withAction(at(second.columns), 'finish', { now, overlap: 500 })
    expect(finished).toMatchObject({ columns: { signing_keys: JSON.stringify([second.report.key]) }, report: { keys: 1 } })
  })

  it('are two at most: a rotation during an overlap drops the oldest', () => {
    const columns = { signing_keys: '["whsec_b","whsec_a"]', signing_overlap_until: now + 100 }
    const { columns: rotated, report } = withAction(at(columns), 'rotate', { now, overlap: 500 })
    expect(JSON.parse(rotated.signing_keys ?? '')).toEqual([report.key, 'whsec_b'])
  })

  it('are gone when they are removed', () => {
    const columns = { signing_keys: '["whsec_b"]', signing_overlap_until: null }
    expect(withAction(at(columns), 'remove', { now, overlap: 500 })).toEqual({
      columns: { signing_keys: null, signing_overlap_until: null },
      report: { keys: 0, overlapUntil: null },
    })
  })
})
