import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTargets } from './config.ts'
import { PipelineError } from './errors.ts'
import { toTarget } from './target-row.ts'
import type { Target } from './types.ts'

const schema = [{ collection: 'posts', events: ['create', 'update', 'delete'], payload: ['slug', 'title'] }]
const row = {
  id: '8a6e',
  status: 'published',
  url: 'https://site.test/api/flush',
  auth_header: 'bearer',
  api_key: 'sEcReT',
  schema,
}
/** The target that a row becomes, wholly read. */
const read = (columns: Record<string, unknown> = {}, options = {}): Target =>
  parseTargets([toTarget({ ...row, ...columns }, options)])[0] as Target

function failure(input: unknown): { path: string; message: string } {
  try {
    toTarget(input)
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    const [problem, ...others] = error.problems
    expect([error.code, others.length, error.message]).toEqual(['CONFIG_INVALID', 0, `${problem?.path}: ${problem?.message}`])
    return problem as { path: string; message: string }
  }
  throw new Error('it was accepted')
}

describe('a row of the original extension', () => {
  it('is a target as it stands', () => {
    expect(read()).toMatchObject({
      uid: '8a6e',
      key: '8a6e',
      name: 'site.test',
      url: 'https://site.test/api/flush',
      status: 'published',
      auth: { type: 'bearer', token: 'sEcReT' },
      rules: schema,
      format: 'batch',
      secrets: [],
    })
  })

  it.each([
    ['bearer', { type: 'bearer', token: 'sEcReT' }],
    [null, { type: 'bearer', token: 'sEcReT' }],
    [undefined, { type: 'bearer', token: 'sEcReT' }],
    ['', { type: 'bearer', token: 'sEcReT' }],
    ['api-key', { type: 'header', name: 'Api-Key', value: 'sEcReT' }],
    ['X-Flush-Token', { type: 'header', name: 'X-Flush-Token', value: 'sEcReT' }],
    ['no-auth', { type: 'none' }],
  ])('auth_header %j', (auth_header, auth) => expect(read({ auth_header }).auth).toEqual(auth))

  it.each([null, undefined, '', 'unused'])('needs no api_key for no-auth: %j', (api_key) => {
    expect(read({ auth_header: 'no-auth', api_key }).auth).toEqual({ type: 'none' })
  })

  it.each(['published', 'draft', 'archived'])('status %s', (status) => expect(read({ status }).status).toBe(status))
  it.each([null, undefined])('a status of %s is a draft', (status) => expect(read({ status }).status).toBe('draft'))

  it.each([
    ['an array', schema, schema],
    ['JSON text', JSON.stringify(schema), schema],
    ['null', null, []],
    ['JSON text of null', 'null', []],
    ['an empty text', '', []],
    ['nothing', undefined, []],
    ['no rule', [], []],
    [
      'no payload (format 1.0)',
      [{ collection: 'posts', events: ['update'] }],
      [{ collection: 'posts', events: ['update'], payload: [] }],
    ],
    [
      'a payload of null',
      [{ collection: 'posts', events: ['update'], payload: null }],
      [{ collection: 'posts', events: ['update'], payload: [] }],
    ],
    [
      'everything of everything',
      [{ collection: '*', events: ['delete'], payload: ['*'] }],
      [{ collection: '*', events: ['delete'], payload: ['*'] }],
    ],
    [
      'relations',
      [{ collection: 'posts', events: ['update'], payload: ['author.name'] }],
      [{ collection: 'posts', events: ['update'], payload: ['author.name'] }],
    ],
    ['two rules on one collection', [...schema, ...schema], [...schema, ...schema]],
    ['filter and previous of null', [{ ...schema[0], filter: null, previous: null }], schema],
    [
      'filter and previous',
      [{ ...schema[0], filter: { status: { _eq: 'x' } }, previous: ['slug'] }],
      [{ ...schema[0], filter: { status: { _eq: 'x' } }, previous: ['slug'] }],
    ],
  ])('schema: %s', (_name, written, rules) => expect(read({ schema: written }).rules).toEqual(rules))

  it.each([
    [7, '7'],
    ['7', '7'],
    [0, '0'],
    [7n, '7'],
    ['8a6e-x', '8a6e-x'],
  ])('an id of %s is the uid %j', (id, uid) => {
    expect(read({ id })).toMatchObject({ uid, key: uid })
  })

  it('keeps its other columns to itself', () => {
    const others = {
      users_notification: [1],
      user_created: 'u',
      date_created: '2024-01-01',
      user_updated: null,
      date_updated: null,
      sort: 1,
      secret: 'x',
      filter: '@posts',
      uid: 'x',
    }
    expect(read(others)).toEqual(read())
  })

  it('is sent in the format of 1.0 where the environment says so, and not its own column', () => {
    expect(read({}, { defaultFormat: 'single' }).format).toBe('single')
    expect(read({ format: null }, { defaultFormat: 'single' }).format).toBe('single')
    expect(read({ format: 'batch' }, { defaultFormat: 'single' }).format).toBe('batch')
    expect(read({ format: 'ids' }).format).toBe('ids')
  })
})

describe('the columns of our own', () => {
  const secret = `whsec_${btoa('x'.repeat(24))}`
  it.each<[string, Record<string, unknown>, Partial<Target>]>([
    ['name', { name: 'Site' }, { name: 'Site' }],
    ['an empty name', { name: '' }, { name: 'site.test' }],
    ['key', { key: 'site' }, { key: 'site', uid: '8a6e' }],
    ['an empty key', { key: null }, { key: '8a6e' }],
    ['signing_keys', { signing_keys: [secret] }, { secrets: [secret] }],
    ['signing_keys as JSON text', { signing_keys: JSON.stringify([secret]) }, { secrets: [secret] }],
    ['no signing_keys', { signing_keys: null }, { secrets: [] }],
    ['window', { window: { quiet: 10 } }, { window: { quiet: 10, max: 300, size: 500 } }],
    ['window as JSON text', { window: '{"size":5}' }, { window: { quiet: 50, max: 300, size: 5 } }],
    ['no window', { window: null }, { window: { quiet: 50, max: 300, size: 500 } }],
    ['timeout', { timeout: 500 }, { timeout: 500 }],
    ['timeout as text', { timeout: '500' }, { timeout: 500 }],
    ['no timeout', { timeout: null }, { timeout: 10_000 }],
    ['wholeCollection', { wholeCollection: true }, { wholeCollection: true }],
    ['wholeCollection as databases without booleans keep it', { wholeCollection: 1 }, { wholeCollection: true }],
    ['…and not', { wholeCollection: 0 }, { wholeCollection: false }],
  ])('%s', (_name, columns, expected) => expect(read(columns)).toMatchObject(expected))

  it('retry as JSON text, where null stands for ever', () => {
    const retry = {
      delays: [5],
      then: [
        { every: 100, within: 1000 },
        { every: 500, within: null },
      ],
    }
    const then = [
      { every: 100, within: 1000 },
      { every: 500, within: Number.POSITIVE_INFINITY },
    ]
    expect(read({ retry: JSON.stringify(retry) }).retry).toMatchObject({ delays: [5], then, jitter: 0.2 })
    expect(read({ retry: '' }).retry.delays).toHaveLength(5)
  })
})

describe('a row that is wrong', () => {
  it.each<[string, unknown, string, string]>([
    ['no object', 'x', 'row', 'has to be an object, not a string'],
    ['a list', [], 'row', 'has to be an object, not an array'],
    ['nothing', undefined, 'row', 'has to be an object, not nothing'],
    ['no id', { ...row, id: undefined }, 'id', "has to be the row's primary key, not nothing"],
    ['no url', { ...row, url: null }, 'url', 'has to be a url as text, not null'],
    ['no api_key', { ...row, api_key: null }, 'api_key', 'has to be a text unless auth_header is "no-auth", not null'],
    [
      'an empty api_key',
      { ...row, api_key: '' },
      'api_key',
      'has to be a text unless auth_header is "no-auth", not an empty string',
    ],
    [
      'a header that is no text',
      { ...row, auth_header: 5 },
      'auth_header',
      'has to be "bearer", "api-key", "no-auth" or a header\'s name, not a number',
    ],
    [
      'a schema that is an object',
      { ...row, schema: schema[0] },
      'schema',
      'has to be an array of { collection, events, payload }, not an object',
    ],
    ['…as text', { ...row, schema: '{}' }, 'schema', 'has to be an array of { collection, events, payload }, not an object'],
    [
      'a schema that is a number',
      { ...row, schema: 1 },
      'schema',
      'has to be an array of { collection, events, payload }, not a number',
    ],
    ['a broken schema', { ...row, schema: '[{"collection":' }, 'schema', 'is not valid JSON'],
    [
      'a rule that is a text',
      { ...row, schema: ['posts'] },
      'schema[0]',
      'has to be { collection, events, payload }, not a string',
    ],
    [
      'a rule that is a list',
      { ...row, schema: [schema[0], []] },
      'schema[1]',
      'has to be { collection, events, payload }, not an array',
    ],
    ['a rule that is null', { ...row, schema: [null] }, 'schema[0]', 'has to be { collection, events, payload }, not null'],
    ['broken signing_keys', { ...row, signing_keys: 'whsec_sEcReT' }, 'signing_keys', 'is not valid JSON'],
    ['a broken window', { ...row, window: '{quiet:1}' }, 'window', 'is not valid JSON'],
  ])('%s', (_name, input, path, message) => expect(failure(input)).toEqual({ path, message }))

  it('is wrong as any target is in what it holds', () => {
    expect(() => read({ url: 'nowhere' })).toThrow('targets[0].url: is not a url')
    expect(() => read({ auth_header: 'Host' })).toThrow('targets[0].auth.name: is "host", a header that cannot be set')
    expect(() => read({ status: 'on' })).toThrow("targets[0].status: has to be 'published', 'draft' or 'archived'")
    expect(() => read({ schema: [{ collection: 'posts', events: ['created'], payload: [] }] })).toThrow(
      'targets[0].rules[0].events[0]',
    )
    expect(() => read({ schema: [{ collection: 'posts', events: ['update'], payload: [], filtre: {} }] })).toThrow(
      'did you mean filter?',
    )
  })

  it('is always an error of its own, without a secret', () => {
    const column = fc.constantFrom(
      'id',
      'status',
      'url',
      'auth_header',
      'api_key',
      'schema',
      'name',
      'key',
      'format',
      'signing_keys',
      'window',
      'retry',
      'timeout',
    )
    const value = fc.oneof(fc.anything(), fc.constantFrom('sEcReT', '{"sEcReT":', '["sEcReT"]', ['sEcReT'], { sEcReT: 'sEcReT' }))
    fc.assert(
      fc.property(fc.dictionary(column, value), (columns) => {
        try {
          toTarget({ ...row, ...columns })
        } catch (error) {
          expect(error).toBeInstanceOf(PipelineError)
          expect((error as Error).message).not.toContain('sEcReT')
        }
      }),
      { numRuns: 500 },
    )
  })
})
