import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkTargets, DEFAULT_RETRY, DEFAULT_WINDOW, parseTargets } from './config.ts'
import { PipelineError, type Problem } from './errors.ts'

const url = 'https://site.test/api/flush'
const secret = `whsec_${btoa('0123456789abcdefghijklmn')}`
const HOUR = 3_600_000

function problemsOf(targets: unknown): Problem[] {
  try {
    parseTargets(targets)
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    expect(error.code).toBe('CONFIG_INVALID')
    for (const { path, message } of error.problems) expect(error.message).toContain(`${path}: ${message}`)
    return [...error.problems]
  }
  return []
}
/** All that is wrong with one target, under paths that leave `targets[0]` out. */
const wrong = (target: unknown): string[] =>
  problemsOf([target]).map(({ path, message }) => `${path.replace('targets[0]', '')}: ${message}`)

/** A target that says everything there is to say. */
const full = {
  uid: 'u',
  key: 'k',
  name: 'n',
  url,
  status: 'draft',
  auth: { type: 'header', name: 'X-Token', value: 't' },
  secrets: [secret],
  rules: [
    {
      collection: 'posts',
      events: ['update'],
      payload: ['*', 'author.name', 'author.*'],
      filter: { a: { _eq: 1 } },
      previous: ['slug', 'author.slug'],
    },
  ],
  format: 'ids',
  window: { quiet: 0, max: 0, size: 1 },
  retry: {
    delays: [0],
    then: [
      { every: 100, within: 1 },
      { every: 100, within: Number.POSITIVE_INFINITY },
    ],
    jitter: 0,
    maxRetryAfter: 0,
    horizon: 1,
  },
  timeout: 100,
  wholeCollection: true,
  maxPending: 1,
  filter: '@posts',
}

it('names what is wrong with the filter of a rule that is wrong elsewhere, too', () => {
  const rules = [{ collection: 'posts', events: ['created'], filter: { status: { _eqq: 1 } } }]
  expect(() => parseTargets([{ url: 'https://site.test', rules }])).toThrow(
    /rules\[0\]\.events\[0\].*rules\[0\]\.filter\.status\._eqq/,
  )
})

describe('a target that is right', () => {
  it('needs its url alone', () => {
    expect(parseTargets([{ url: `${url}?token=x` }])).toEqual([
      {
        uid: url,
        key: url,
        name: url,
        url: `${url}?token=x`,
        status: 'published',
        auth: { type: 'none' },
        secrets: [],
        rules: [{ collection: '*', events: ['create', 'update', 'delete'], payload: [] }],
        format: 'batch',
        window: { quiet: 50, max: 300, size: 500 },
        retry: DEFAULT_RETRY,
        timeout: 10_000,
        wholeCollection: false,
        maxPending: 100_000,
      },
    ])
    expect(parseTargets([])).toEqual([])
  })

  it('has these defaults', () => {
    expect(DEFAULT_WINDOW).toEqual({ quiet: 50, max: 300, size: 500 })
    expect(DEFAULT_RETRY).toEqual({
      delays: [1000, 2000, 5000, 10_000, 30_000],
      then: [
        { every: 60_000, within: HOUR },
        { every: 5 * 60_000, within: 24 * HOUR },
        { every: 30 * 60_000, within: Number.POSITIVE_INFINITY },
      ],
      jitter: 0.2,
      maxRetryAfter: 15 * 60_000,
      horizon: null,
    })
  })

  it('keeps all that it is given', () => {
    expect(parseTargets([full])).toEqual([full])
  })

  it('fills the rest of a rule, a window and a retry', () => {
    const [target] = parseTargets([
      { url, rules: [{ collection: 'posts' }], window: { size: 5, quiet: undefined }, retry: { jitter: 0, horizon: undefined } },
    ])
    expect(target).toMatchObject({
      rules: [{ collection: 'posts', events: ['create', 'update', 'delete'], payload: [] }],
      window: { quiet: 50, max: 300, size: 5 },
      retry: { ...DEFAULT_RETRY, jitter: 0 },
    })
    expect(target?.rules[0]).not.toHaveProperty('filter')
    expect(target?.rules[0]).not.toHaveProperty('previous')
  })

  it('shares nothing with its neighbours or the defaults', () => {
    const [one, other] = parseTargets([
      { url, key: 'a' },
      { url, key: 'b' },
    ])
    expect(one?.window).not.toBe(other?.window)
    expect(one?.window).not.toBe(DEFAULT_WINDOW)
    expect(one?.retry).not.toBe(DEFAULT_RETRY)
  })

  it('puts its one secret before the others', () => {
    const other = `whsec_${btoa('x'.repeat(64))}`
    expect(parseTargets([{ url, secret, secrets: [other] }])[0]?.secrets).toEqual([secret, other])
    expect(parseTargets([{ url, secret }])[0]?.secrets).toEqual([secret])
  })

  it('drops white space around its url', () => {
    expect(parseTargets([{ url: ` ${url} ` }])[0]).toMatchObject({ url, key: url })
  })
})

describe('a filter in place of rules', () => {
  const every = { collection: '*', events: ['create', 'update', 'delete'], payload: [] }
  it.each<[string, unknown, unknown]>([
    ['a collection', '@posts', { ...every, collection: 'posts' }],
    ['an object', { status: { _eq: 'x' } }, { ...every, filter: { status: { _eq: 'x' } } }],
    ['a text that holds one', '{"$collection":{"_eq":"posts"}}', { ...every, filter: { $collection: { _eq: 'posts' } } }],
    ['one that asks for nothing', {}, { ...every, filter: {} }],
    ['null', null, every],
  ])('%s', (_name, filter, rule) => {
    const [target] = parseTargets([{ url, filter }])
    expect(target?.rules).toEqual([rule])
    // It is echoed as it was written.
    expect(target?.filter).toEqual(filter)
  })

  const neither = 'has to be "@collection", or a filter in Directus syntax (an object, or a text that holds one as JSON)'
  it.each<[string, unknown, string]>([
    ['a text', 'posts', `.filter: ${neither}, which this text is neither of`],
    ['an at sign', '@', `.filter: ${neither}, which this text is neither of`],
    ['two names', '@posts @pages', `.filter: ${neither}, which this text is neither of`],
    ['a control character', '@a\u0000b', `.filter: ${neither}, which this text is neither of`],
    ['broken JSON', '{"status":', `.filter: ${neither}, which this text is neither of`],
    ['JSON of a list', '[]', `.filter: ${neither}, which this text is neither of`],
    ['an empty text', '', `.filter: ${neither}, not an empty string`],
    ['a number', 5, `.filter: ${neither}, not a number`],
    ['a list', [], `.filter: ${neither}, not an array`],
    ['an unknown operator', { status: { _eqq: 1 } }, '.filter.status._eqq: is no operator; did you mean _eq?'],
    ['…as text', '{"status":{"_eqq":1}}', '.filter.status._eqq: is no operator; did you mean _eq?'],
  ])('is neither for %s', (_name, filter, message) => expect(wrong({ url, filter })).toEqual([message]))

  it('is only echoed beside rules, but has to be JSON then', () => {
    expect(parseTargets([{ url, rules: [], filter: 'whatever' }])[0]).toMatchObject({ rules: [], filter: 'whatever' })
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const filter of [cyclic, { n: 1n }, () => 1])
      expect(wrong({ url, rules: [], filter })).toEqual([expect.stringMatching(/^\.filter: has to be what JSON can carry/)])
  })
})

describe('a target that is wrong', () => {
  const whole = (what: string) => `has to be a whole number of ${what}`
  it.each<[string, unknown, string]>([
    ['nothing', undefined, ': has to be a target: an object with at least a url, not nothing'],
    ['null', null, ': has to be a target: an object with at least a url, not null'],
    ['a list', [], ': has to be a target: an object with at least a url, not an array'],
    ['a text', url, ': has to be a target: an object with at least a url, not a string'],
    ['no url', {}, '.url: has to be a url as text, not nothing'],
    ['a number for a url', { url: 5 }, '.url: has to be a url as text, not a number'],
    ['an URL', { url: new URL(url) }, '.url: has to be a url as text, not an object'],
    ['an empty url', { url: ' ' }, '.url: has to be a url as text, not an empty string'],
    ['half a url', { url: 'site.test/flush' }, '.url: is not a url: write it whole, such as https://site.example/api/flush'],
    ['another protocol', { url: 'ftp://site.test/' }, '.url: has to begin with http:// or https://'],
    ['a script', { url: 'javascript:alert(1)' }, '.url: has to begin with http:// or https://'],
    ['credentials', { url: 'https://user:sEcReT@site.test/' }, '.url: must not hold credentials: put them into auth'],
    ['a name alone', { url: 'https://user@site.test/' }, '.url: must not hold credentials: put them into auth'],
    [
      'a line break in the url',
      { url: 'https://site.test/\r\nHost: x' },
      '.url: must not hold line breaks or control characters',
    ],
    [
      'a status',
      { url, status: 'publish' },
      ".status: has to be 'published', 'draft' or 'archived', not a string; did you mean 'published'?",
    ],
    ['a status of null', { url, status: null }, ".status: has to be 'published', 'draft' or 'archived', not null"],
    [
      'a format',
      { url, format: 'batched' },
      ".format: has to be 'batch', 'single' or 'ids', not a string; did you mean 'batch'?",
    ],
    ['an empty key', { url, key: '' }, '.key: has to be a name, not an empty string'],
    ['a number for a uid', { url, uid: 5 }, '.uid: has to be an id, not a number'],
    ['a long uid', { url, uid: 'x'.repeat(256) }, '.uid: has to be at most 255 characters long, not 256'],
    ['a blank at the end of the key', { url, key: 'site ' }, '.key: must not begin or end with a blank'],
    ['half of a character in the uid', { url, uid: 'a\uD800' }, '.uid: must not hold half of a character'],
    ['a line break in the name', { url, name: 'a\nb' }, '.name: must not hold control characters'],
    [
      'a url too long to be a name',
      { url: `${url}/${'x'.repeat(255)}` },
      '.uid: has to be given: the url that stands in for it is longer than 255 characters',
    ],
    ['time-out', { url, timeout: 99 }, `.timeout: ${whole('milliseconds from 100 to 120000')}, not 99`],
    ['half a time-out', { url, timeout: 1000.5 }, `.timeout: ${whole('milliseconds from 100 to 120000')}, not 1000.5`],
    ['time-out as text', { url, timeout: '1s' }, `.timeout: ${whole('milliseconds from 100 to 120000')}, not a string`],
    [
      'no time-out',
      { url, timeout: Number.POSITIVE_INFINITY },
      `.timeout: ${whole('milliseconds from 100 to 120000')}, not Infinity`,
    ],
    ['maxPending', { url, maxPending: 0 }, `.maxPending: ${whole('entries from 1 to 10000000')}, not 0`],
    ['wholeCollection', { url, wholeCollection: 1 }, '.wholeCollection: has to be true or false, not a number'],
    ['a misspelt property', { url, timeOut: 5000 }, '.timeOut: is not a property here; did you mean timeout?'],
    ['another', { url, rule: [] }, '.rule: is not a property here; did you mean rules?'],
    ['a foreign property', { url, headers: {} }, '.headers: is not a property here'],
    ['a property __proto__', JSON.parse(`{"url":"${url}","__proto__":{"status":"draft"}}`), '.__proto__: is not a property here'],
    [
      'auth of null',
      { url, auth: null },
      ".auth: has to be { type: 'none' }, { type: 'bearer', token } or { type: 'header', name, value }, not null",
    ],
    [
      'auth as text',
      { url, auth: 'Bearer sEcReT' },
      ".auth: has to be { type: 'none' }, { type: 'bearer', token } or { type: 'header', name, value }, not a string",
    ],
    [
      'auth of another type',
      { url, auth: { type: 'basic' } },
      ".auth.type: has to be { type: 'none' }, { type: 'bearer', token } or { type: 'header', name, value }, not an object of another type",
    ],
    ['no token', { url, auth: { type: 'bearer' } }, '.auth.token: has to be a token, not nothing'],
    ['an empty token', { url, auth: { type: 'bearer', token: '' } }, '.auth.token: has to be a token, not an empty string'],
    [
      'a token with a line break',
      { url, auth: { type: 'bearer', token: 'sEcReT\r\nX: y' } },
      '.auth.token: holds a line break or a null character',
    ],
    [
      'a header named host',
      { url, auth: { type: 'header', name: 'Host', value: 'x' } },
      '.auth.name: is "host", a header that cannot be set',
    ],
    [
      'a header of ours',
      { url, auth: { type: 'header', name: 'webhook-id', value: 'x' } },
      '.auth.name: is "webhook-id", a header that cannot be set',
    ],
    [
      'a header with a line break',
      { url, auth: { type: 'header', name: 'a\r\nb', value: 'x' } },
      ".auth.name: is not a header's name: only letters, digits and !#$%&'*+-.^_`|~ may be in one",
    ],
    [
      'a value with a line break',
      { url, auth: { type: 'header', name: 'a', value: 'x\ny' } },
      '.auth.value: holds a line break or a null character',
    ],
    [
      'more than auth has',
      { url, auth: { type: 'bearer', token: 't', tokn: 't' } },
      '.auth.tokn: is not a property here; did you mean token?',
    ],
    [
      'a secret without its prefix',
      { url, secret: 'sEcReT' },
      '.secret: does not begin with "whsec_"; it has to be "whsec_" and the standard base64 of 24 to 64 random bytes',
    ],
    [
      'a secret that is not base64',
      { url, secrets: [secret, 'whsec_sEcReT!'] },
      '.secrets[1]: is not base64; it has to be "whsec_" and the standard base64 of 24 to 64 random bytes',
    ],
    [
      'a short secret',
      { url, secret: 'whsec_c0VjUmVU' },
      '.secret: is too short; it has to be "whsec_" and the standard base64 of 24 to 64 random bytes',
    ],
    ['a secret that is a number', { url, secret: 5 }, '.secret: has to be a secret: "whsec_" and base64, not a number'],
    ['secrets as text', { url, secrets: secret }, '.secrets: has to be an array of secrets, not a string'],
    [
      'an object with a length',
      { url, rules: [{ collection: 'a', events: { length: 0 } }] },
      '.rules[0].events: has to be an array of events, not an object',
    ],
    [
      'too many secrets',
      { url, secrets: Array.from({ length: 11 }, () => secret) },
      '.secrets: may hold at most 10 secrets, not 11',
    ],
    ['a window of null', { url, window: null }, '.window: has to be { quiet, max, size }, not null'],
    ['a negative window', { url, window: { quiet: -1 } }, `.window.quiet: ${whole('milliseconds from 0 to 3600000')}, not -1`],
    [
      'quiet above max',
      { url, window: { quiet: 500, max: 400 } },
      '.window.max: has to be at least window.quiet (500), or the quiet time could never be waited for, not 400 (default 300)',
    ],
    [
      'quiet above the default max',
      { url, window: { quiet: 301 } },
      '.window.max: has to be at least window.quiet (301), or the quiet time could never be waited for, not 300 (default 300)',
    ],
    ['an empty batch', { url, window: { size: 0 } }, `.window.size: ${whole('entries from 1 to 10000')}, not 0`],
    ['a misspelt window', { url, window: { mx: 1 } }, '.window.mx: is not a property here; did you mean max?'],
    ['retry as a number', { url, retry: 5 }, '.retry: has to be { delays, then, jitter, maxRetryAfter, horizon }, not a number'],
    ['no delays', { url, retry: { delays: [] } }, '.retry.delays: has to hold at least one delay'],
    ['delays as a number', { url, retry: { delays: 5 } }, '.retry.delays: has to be an array of milliseconds, not a number'],
    [
      'a delay of a week',
      { url, retry: { delays: [7 * 24 * HOUR] } },
      `.retry.delays[0]: ${whole('milliseconds from 0 to 86400000')}, not 604800000`,
    ],
    ['no steps', { url, retry: { then: [] } }, '.retry.then: has to hold at least one step'],
    ['steps as an object', { url, retry: { then: {} } }, '.retry.then: has to be an array of { every, within }, not an object'],
    ['a step that is a number', { url, retry: { then: [5] } }, '.retry.then[0]: has to be { every, within }, not a number'],
    [
      'a step without end',
      { url, retry: { then: [{ every: 100, within: 'for ever' }] } },
      '.retry.then[0].within: has to be a number of milliseconds above 0, or Infinity (null in JSON), not a string',
    ],
    [
      'a step of no time',
      { url, retry: { then: [{ every: 100, within: 0 }] } },
      '.retry.then[0].within: has to be a number of milliseconds above 0, or Infinity (null in JSON), not 0',
    ],
    [
      'a misspelt step',
      { url, retry: { then: [{ evry: 1, every: 100 }] } },
      '.retry.then[0].evry: is not a property here; did you mean every?',
    ],
    [
      'a last step that ends',
      { url, retry: { then: [{ every: 100, within: HOUR }] } },
      '.retry.then[0].within: has to be Infinity (null in JSON) in the last step, not 3600000: attempts never end; retry.horizon suspends a target',
    ],
    [
      'steps out of order',
      { url, retry: { then: [{ every: 100, within: 50 }, { every: 100, within: 50 }, { every: 100 }] } },
      '.retry.then[0].within: has to be less than in the step after it, not 50, or that step would never be reached',
    ],
    ['jitter', { url, retry: { jitter: 20 } }, '.retry.jitter: has to be a share from 0 to 1, not 20'],
    ['a horizon of 0', { url, retry: { horizon: 0 } }, `.retry.horizon: ${whole('milliseconds from 1 to 31536000000')}, not 0`],
    ['rules as an object', { url, rules: {} }, '.rules: has to be an array of rules, not an object'],
    ['rules as text', { url, rules: '[]' }, '.rules: has to be an array of rules, not a string'],
    ['rules of null', { url, rules: null }, '.rules: has to be an array of rules, not null'],
    [
      'a rule that is a text',
      { url, rules: ['posts'] },
      '.rules[0]: has to be a rule: { collection, events, payload, filter, previous }, not a string',
    ],
    [
      'a rule without a collection',
      { url, rules: [{}] },
      ".rules[0].collection: has to be a collection's name, or '*', not nothing",
    ],
    [
      'a long collection',
      { url, rules: [{ collection: 'x'.repeat(256) }] },
      '.rules[0].collection: has to be at most 255 characters long, not 256',
    ],
    [
      'a control character',
      { url, rules: [{ collection: 'a\u0000' }] },
      '.rules[0].collection: must not hold control characters',
    ],
    [
      'an event',
      { url, rules: [{ collection: 'posts', events: ['create', 'updated'] }] },
      ".rules[0].events[1]: has to be 'create', 'update' or 'delete', not a string; did you mean 'update'?",
    ],
    [
      'an event as text',
      { url, rules: [{ collection: 'posts', events: 'create' }] },
      '.rules[0].events: has to be an array of events, not a string',
    ],
    ['no events', { url, rules: [{ collection: 'posts', events: [] }] }, '.rules[0].events: has to hold at least one event'],
    [
      'a payload as text',
      { url, rules: [{ collection: 'posts', payload: 'slug' }] },
      '.rules[0].payload: has to be an array of field names, not a string',
    ],
    [
      'an empty field',
      { url, rules: [{ collection: 'posts', payload: ['a', ''] }] },
      ".rules[0].payload[1]: has to be a field's name, not an empty string",
    ],
    [
      'a dot too many',
      { url, rules: [{ collection: 'posts', payload: ['author.'] }] },
      '.rules[0].payload[0]: is not the path of a field: a name is missing before or after a dot',
    ],
    [
      'all old values',
      { url, rules: [{ collection: 'posts', previous: ['*'] }] },
      ".rules[0].previous[0]: has to name one field: '*' is only for payload",
    ],
    [
      'an operator',
      { url, rules: [{ collection: 'a' }, { collection: 'posts', filter: { status: { _eqq: 1 } } }] },
      '.rules[1].filter.status._eqq: is no operator; did you mean _eq?',
    ],
    [
      'a filter of null',
      { url, rules: [{ collection: 'posts', filter: null }] },
      '.rules[0].filter: has to be an object such as { status: { _eq: … } }, not null',
    ],
    [
      'a misspelt rule',
      { url, rules: [{ collection: 'posts', paylod: [] }] },
      '.rules[0].paylod: is not a property here; did you mean payload?',
    ],
  ])('%s', (_name, target, message) => expect(wrong(target)).toEqual([message]))

  it.each([
    [undefined, 'nothing'],
    [null, 'null'],
    ['[]', 'a string'],
    [{ url }, 'an object'],
  ])('a list that is %j', (input, kind) => {
    expect(problemsOf(input)).toEqual([{ path: 'targets', message: `has to be an array of targets, not ${kind}` }])
    // It must not be taken for an empty one: then all targets would be gone.
    expect(() => checkTargets(input)).toThrow(PipelineError)
  })

  it('is told everything at once, each with its path', () => {
    const problems = problemsOf([
      { url: 'x', auth: { type: 'header', name: 'host', value: 'a\nb' }, window: { quiet: -1, size: 0 }, colour: 1 },
      {
        url,
        rules: [
          { collection: 5, events: ['x'] },
          { collection: 'posts', filter: { a: { _eqq: 1 }, b: 5 } },
        ],
      },
      null,
    ])
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'targets[0].auth.name',
      'targets[0].auth.value',
      'targets[0].colour',
      'targets[0].url',
      'targets[0].window.quiet',
      'targets[0].window.size',
      'targets[1].rules[0].collection',
      'targets[1].rules[0].events[0]',
      'targets[1].rules[1].filter.a._eqq',
      'targets[1].rules[1].filter.b',
      'targets[2]',
    ])
  })

  it('shares its uid or its key with another', () => {
    expect(problemsOf([{ url }, { url }]).map(({ path }) => path)).toEqual(['targets[1].uid', 'targets[1].key'])
    expect(
      problemsOf([
        { url, key: 'a' },
        { url, key: 'b', uid: 'a' },
      ]),
    ).toEqual([{ path: 'targets[1].uid', message: '"a" is taken by another target; give each its own' }])
    expect(
      problemsOf([
        { url, uid: '1', key: 'a' },
        { url, uid: '2', key: 'a' },
      ]).map(({ path }) => path),
    ).toEqual(['targets[1].key'])
    expect(problemsOf([{ url: `${url}?a` }, { url: `${url}?b` }])).toHaveLength(2)
    expect(
      problemsOf([
        { url, key: 'a', name: 'n' },
        { url, key: 'A', name: 'n' },
      ]),
    ).toEqual([])
  })
})

describe('messages', () => {
  const ZODS = /Invalid input|Invalid option|Unrecognized|Expected|received|Too (?:small|big)|undefined|\[object/i
  const OURS = /^(?:has to|must not|may hold|is |does not|holds |stands |begins )/
  const names = [
    'url',
    'key',
    'uid',
    'name',
    'status',
    'auth',
    'secrets',
    'secret',
    'format',
    'window',
    'retry',
    'timeout',
    'wholeCollection',
    'maxPending',
    'filter',
    'rules',
  ]
  const inner = [
    'type',
    'token',
    'name',
    'value',
    'quiet',
    'max',
    'size',
    'delays',
    'then',
    'every',
    'within',
    'jitter',
    'maxRetryAfter',
    'horizon',
    'collection',
    'events',
    'payload',
    'previous',
    'filter',
    '__proto__',
    'constructor',
  ]
  const leaf = fc.oneof(
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
    }),
    fc.constantFrom<unknown>(
      'none',
      'bearer',
      'header',
      'posts',
      'create',
      'whsec_sEcReT',
      'sEcReT',
      '@posts',
      url,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -1,
      0.5,
      1e300,
      '',
    ),
  )
  const junk = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.dictionary(fc.constantFrom(...inner), tie('node'), { noNullPrototype: true }),
      fc.array(tie('node'), { maxLength: 3 }),
    ),
  })).node
  const target = fc.dictionary(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: fc.string() }),
    junk,
    { maxKeys: 8 },
  )

  it('are in words of our own, whatever is thrown at it; and there is no other error', { timeout: 30_000 }, () => {
    fc.assert(
      fc.property(
        fc.oneof({ weight: 5, arbitrary: fc.array(fc.oneof(target, junk), { maxLength: 3 }) }, { weight: 1, arbitrary: junk }),
        (input) => {
          for (const { path, message } of problemsOf(input)) {
            expect(message).not.toMatch(
              /Invalid input|Invalid option|Unrecognized|Expected|received|Too (?:small|big)|undefined|\[object/i,
            )
            expect(message).toMatch(OURS)
            expect(path).toMatch(/^targets(?:\[\d+\]|$)/)
          }
        },
      ),
      { numRuns: 700 },
    )
  })

  it('are in words of our own wherever junk is put in place of what is right', () => {
    const values = [
      undefined,
      null,
      true,
      0,
      -1,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e300,
      '',
      'x',
      'x\n',
      [],
      [null],
      [[]],
      {},
      { length: 0 },
      { x: 1 },
      1n,
      Symbol('x'),
      () => 1,
      new Date(0),
      new Map(),
    ]
    const everywhere = (node: unknown): unknown[] => {
      if (typeof node !== 'object' || node === null) return values
      const inside = Object.entries(node).flatMap(([name, member]) =>
        everywhere(member).map((put) => (Array.isArray(node) ? node.with(Number(name), put) : { ...node, [name]: put })),
      )
      return [...values, ...inside, ...(Array.isArray(node) ? [] : [{ ...node, extra: 1 }])]
    }
    const messages = new Set(everywhere({ ...full, secret }).flatMap((junk) => problemsOf([junk]).map(({ message }) => message)))
    expect(messages.size).toBeGreaterThan(100)
    for (const message of messages) expect(message).toMatch(OURS)
    for (const message of messages) expect(message).not.toMatch(ZODS)
  })

  it('never hold a secret', () => {
    const value = fc.constantFrom<unknown>(
      'sEcReT',
      'whsec_sEcReT',
      'sEcReT\n',
      ['sEcReT'],
      ['whsec_sEcReT'],
      { type: 'bearer', token: ['sEcReT'] },
      { type: 'bearer', token: 'sEcReT\n' },
      { type: 'sEcReT' },
      { type: 'header', name: 'host', value: 'sEcReT\n' },
      'https://u:sEcReT@site.test',
      'https://u:sEcReT@',
      'sEcReT://x',
    )
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names.filter((name) => !['key', 'uid'].includes(name))), value), (given) => {
        const { message } = new PipelineError('CONFIG_INVALID', wrong({ ...given, timeout: null }).join('; '))
        expect(message).not.toContain('sEcReT')
      }),
    )
  })

  it('leave prototypes alone', () => {
    problemsOf(
      JSON.parse(
        '[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"window":{"__proto__":{"polluted":1}},"rules":[{"__proto__":{"polluted":1},"collection":"a"}]}]',
      ),
    )
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('checkTargets', () => {
  const good = { url, key: 'good' }

  it('leaves a bad target out, tells it, and the others work', () => {
    const { targets, problems, leftOut } = checkTargets([
      { url: 'x', uid: 'bad' },
      good,
      null,
      { url: 5, key: 'worse' },
      { url: 'ftp://x/?y' },
    ])
    expect(targets.map(({ uid }) => uid)).toEqual(['good'])
    expect(problems.map(({ path }) => path)).toEqual(['targets[0].url', 'targets[2]', 'targets[3].url', 'targets[4].url'])
    // Who is left out is not gone: what waits for it must not be forgotten.
    expect(leftOut).toEqual(['bad', 'worse', 'ftp://x/'])
  })

  it('leaves a bad rule out, tells it, and the others work', () => {
    const { targets, problems } = checkTargets([
      { ...good, rules: [{ collection: 'a' }, { collection: 'b', filter: { x: { _eqq: 1 } } }, 7, { collection: 'c' }] },
    ])
    expect(targets[0]?.rules.map(({ collection }) => collection)).toEqual(['a', 'c'])
    expect(problems.map(({ path }) => path)).toEqual(['targets[0].rules[1].filter.x._eqq', 'targets[0].rules[2]'])
  })

  it('keeps a target whose rules are all bad, without any', () => {
    const { targets } = checkTargets([{ ...good, rules: [{}] }])
    expect(targets[0]?.rules).toEqual([])
  })

  it('of two with one uid or key the first works, and takes no name that it may not have', () => {
    const { targets, problems } = checkTargets([good, { url, key: 'other', uid: 'good' }, { url, key: 'other' }, good])
    expect(targets.map(({ uid, key }) => [uid, key])).toEqual([
      ['good', 'good'],
      ['other', 'other'],
    ])
    expect(problems.map(({ path }) => path)).toEqual(['targets[1].uid', 'targets[3].uid', 'targets[3].key'])
  })

  it('agrees with parseTargets where nothing is wrong', () => {
    const rows = [good, { url, key: 'b', rules: [{ collection: 'posts', filter: { a: { _in: [1] } } }] }]
    expect(checkTargets(rows)).toEqual({ targets: parseTargets(rows), problems: [], leftOut: [] })
    expect(checkTargets([])).toEqual({ targets: [], problems: [], leftOut: [] })
  })

  it('reads ten thousand targets, and ten thousand problems, at once', () => {
    const from = performance.now()
    expect(
      checkTargets(Array.from({ length: 10_000 }, (_, index) => ({ url, key: `k${index}`, rules: [{ collection: 'posts' }] })))
        .targets,
    ).toHaveLength(10_000)
    const filter = { _or: Array.from({ length: 10_000 }, () => ({ a: { _eqq: 1 } })) }
    expect(checkTargets([{ url, rules: [{ collection: 'posts', filter }] }]).problems).toHaveLength(10_000)
    expect(performance.now() - from).toBeLessThan(4000)
  })
})
