import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PipelineError } from '../errors.ts'
import { parseChange, parseChanges, toJsonText } from './change.ts'

const valid = { collection: 'posts', event: 'update', key: 1, fields: { title: 't' }, timestamp: 5 } as const

function failure(run: () => unknown): PipelineError {
  try {
    run()
  } catch (error) {
    if (error instanceof PipelineError) {
      expect(error.code).toBe('CHANGE_INVALID')
      return error
    }
    throw error
  }
  throw new Error('it was accepted')
}

describe('a change that is right', () => {
  it('is the same object: nothing is copied', () => {
    expect(parseChange(valid, 9)).toBe(valid)
    expect(parseChanges(valid, 9)[0]).toBe(valid)
    expect(parseChanges([valid, valid], 9)[1]).toBe(valid)
    expect(parseChanges([], 9)).toEqual([])
  })

  it('gets no fields and the time of now where it says nothing', () => {
    const short = Object.freeze({ collection: 'posts', event: 'delete', key: 'a' })
    expect(parseChange(short, 9)).toEqual({ ...short, fields: {}, timestamp: 9 })
    expect(parseChange({ ...short, timestamp: 0 }, 9)).toEqual({ ...short, fields: {}, timestamp: 0 })
    expect(parseChange({ ...short, fields: undefined, timestamp: undefined }, 9)).toEqual({ ...short, fields: {}, timestamp: 9 })
    expect(parseChange({ ...short, previous: { a: 1 } }, 9).previous).toEqual({ a: 1 })
  })

  it.each([1, '1', 'A', 'a', '*', ' ', 0, -1, 1.5, -0, Number.MAX_SAFE_INTEGER, '0', 'é', '😀', 'a\nb', 'x'.repeat(10_000)])(
    'keeps the key %j as it is',
    (key) => {
      expect(parseChange({ ...valid, key }, 9).key).toBe(key)
    },
  )

  it.each(['posts', 'a', 'x'.repeat(255), 'directus_users', 'Ünï', 'a b', '*', '__proto__'])(
    'keeps the collection %j',
    (collection) => {
      expect(parseChange({ ...valid, collection }, 9).collection).toBe(collection)
    },
  )

  it('may be an instance of a class, and may hold anything as a field value', () => {
    class Post {
      collection = 'posts'
      event = 'create'
      key = 1
      fields = Object.create(null) as object
      timestamp = 1
    }
    const change = new Post()
    expect(parseChange(change, 9)).toBe(change)
    expect(parseChange({ ...valid, fields: { big: 1n, at: new Date() } }, 9)).toBeDefined()
  })
})

describe('a change that is wrong', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'change has to be an object with collection, event and key, not nothing'],
    ['null', null, 'change has to be an object with collection, event and key, not null'],
    ['a text', 'posts', 'change has to be an object with collection, event and key, not a string'],
    [
      'no collection',
      { ...valid, collection: undefined },
      'change.collection has to be a name of 1 to 255 characters without control characters, not nothing',
    ],
    [
      'an empty collection',
      { ...valid, collection: '' },
      'change.collection has to be a name of 1 to 255 characters without control characters, not an empty string',
    ],
    [
      'a long collection',
      { ...valid, collection: 'x'.repeat(256) },
      'change.collection has to be a name of 1 to 255 characters without control characters, not one of 256',
    ],
    [
      'a collection with a control character',
      { ...valid, collection: 'a\u0000b' },
      'change.collection has to be a name of 1 to 255 characters without control characters, not one that holds a control character',
    ],
    ['no event', { ...valid, event: undefined }, "change.event has to be 'create', 'update' or 'delete', not nothing"],
    [
      'a misspelt event',
      { ...valid, event: 'updated' },
      "change.event has to be 'create', 'update' or 'delete', not a string; did you mean 'update'?",
    ],
    [
      'an event of another world',
      { ...valid, event: 'items.upsert' },
      "change.event has to be 'create', 'update' or 'delete', not a string",
    ],
    [
      'no key',
      { ...valid, key: undefined },
      "change.key has to be the item's primary key, a non-empty string or a finite number, not nothing",
    ],
    [
      'an empty key',
      { ...valid, key: '' },
      "change.key has to be the item's primary key, a non-empty string or a finite number, not an empty string",
    ],
    [
      'null as key',
      { ...valid, key: null },
      "change.key has to be the item's primary key, a non-empty string or a finite number, not null",
    ],
    [
      'NaN as key',
      { ...valid, key: Number.NaN },
      "change.key has to be the item's primary key, a non-empty string or a finite number, not NaN",
    ],
    [
      'an endless key',
      { ...valid, key: Number.NEGATIVE_INFINITY },
      "change.key has to be the item's primary key, a non-empty string or a finite number, not -Infinity",
    ],
    [
      'a bigint as key',
      { ...valid, key: 1n },
      "change.key has to be the item's primary key, a non-empty string or a finite number, not a bigint",
    ],
    [
      'several keys',
      { ...valid, key: [1, 2] },
      "change.key has to be the item's primary key, a non-empty string or a finite number, not an array",
    ],
    [
      'an object as key',
      { ...valid, key: { id: 1 } },
      "change.key has to be the item's primary key, a non-empty string or a finite number, not an object",
    ],
    ['a list of fields', { ...valid, fields: ['a'] }, 'change.fields has to be an object of field values, not an array'],
    ['null as fields', { ...valid, fields: null }, 'change.fields has to be an object of field values, not null'],
    ['a text as fields', { ...valid, fields: '{}' }, 'change.fields has to be an object of field values, not a string'],
    [
      'null as previous',
      { ...valid, previous: null },
      'change.previous has to be an object of old field values (or left out), not null',
    ],
    [
      'a list as previous',
      { ...valid, previous: [] },
      'change.previous has to be an object of old field values (or left out), not an array',
    ],
    [
      'a date as timestamp',
      { ...valid, timestamp: new Date(5) },
      'change.timestamp has to be epoch milliseconds, a whole number such as Date.now(), not an object',
    ],
    [
      'a text as timestamp',
      { ...valid, timestamp: '5' },
      'change.timestamp has to be epoch milliseconds, a whole number such as Date.now(), not a string',
    ],
    [
      'half a millisecond',
      { ...valid, timestamp: 5.5 },
      'change.timestamp has to be epoch milliseconds, a whole number such as Date.now(), not 5.5',
    ],
    [
      'before 1970',
      { ...valid, timestamp: -1 },
      'change.timestamp has to be epoch milliseconds, a whole number such as Date.now(), not -1',
    ],
    [
      'after the calendar',
      { ...valid, timestamp: 1e300 },
      'change.timestamp has to be epoch milliseconds, a whole number such as Date.now(), not 1e+300',
    ],
    [
      'null as timestamp',
      { ...valid, timestamp: null },
      'change.timestamp has to be epoch milliseconds, a whole number such as Date.now(), not null',
    ],
  ])('%s', (_name, input, message) => {
    const error = failure(() => parseChange(input, 9))
    expect(error.message).toBe(message)
    expect(error.problems.map((problem) => `${problem.path} ${problem.message}`)).toEqual([message])
  })

  it('is told everything at once', () => {
    const error = failure(() => parseChange({ collection: 1, event: 2, key: true, fields: 3, previous: 4, timestamp: '5' }, 9))
    expect(error.problems.map(({ path }) => path)).toEqual(
      ['collection', 'event', 'key', 'fields', 'previous', 'timestamp'].map((name) => `change.${name}`),
    )
    expect(failure(() => parseChange({}, 9, 'body')).problems.map(({ path }) => path)).toEqual([
      'body.collection',
      'body.event',
      'body.key',
    ])
  })

  it('among others takes them with it, and is named by its place', () => {
    const error = failure(() => parseChanges([valid, { ...valid, key: null }, null, valid, [valid]], 9))
    expect(error.problems.map(({ path }) => path)).toEqual(['changes[1].key', 'changes[2]', 'changes[4]'])
  })

  it('in a list with a hole is found', () => {
    // biome-ignore lint/suspicious/noSparseArray: it is what is tested.
    expect(failure(() => parseChanges([valid, , valid], 9)).problems.map(({ path }) => path)).toEqual(['changes[1]'])
  })

  it('is listed up to twenty, then counted; all are there as problems', () => {
    const error = failure(() =>
      parseChanges(
        Array.from({ length: 500 }, () => ({ ...valid, key: null })),
        9,
      ),
    )
    expect(error.message.split('; ')).toHaveLength(21)
    expect(error.message).toMatch(/changes\[19\]\.key [^;]+; and 480 more$/)
    expect(error.problems).toHaveLength(500)
    expect(
      failure(() =>
        parseChanges(
          Array.from({ length: 20 }, () => ({ ...valid, key: null })),
          9,
        ),
      ).message,
    ).not.toContain('more')
  })

  it('never tells a value that may be a secret, and is never an error of another kind', () => {
    const secret = fc.constantFrom<unknown>(
      'sEcReT',
      'x sEcReT\u0000',
      { sEcReT: 'sEcReT' },
      ['sEcReT'],
      new Map([['sEcReT', 1]]),
      Symbol('sEcReT'),
      () => 'sEcReT',
    )
    const name = fc.constantFrom('collection', 'event', 'key', 'fields', 'previous', 'timestamp')
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(secret, fc.anything())), (wrong) => {
        try {
          parseChange({ ...wrong, key: null }, 9)
        } catch (error) {
          expect(error).toBeInstanceOf(PipelineError)
          expect((error as Error).message).not.toContain('sEcReT')
        }
      }),
      { numRuns: 1000 },
    )
    fc.assert(
      fc.property(fc.anything(), (junk) => {
        try {
          parseChanges(junk, 9)
        } catch (error) {
          expect(error).toBeInstanceOf(PipelineError)
        }
      }),
    )
  })

  it('leaves prototypes alone', () => {
    const hostile: unknown = JSON.parse(
      '{"collection":"posts","event":"update","key":1,"__proto__":{"polluted":1},"fields":{"__proto__":{"polluted":1}}}',
    )
    const change = parseChange(hostile, 9) as unknown as { polluted?: unknown; fields: { polluted?: unknown } }
    expect([change.polluted, change.fields.polluted, ({} as { polluted?: unknown }).polluted]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('toJsonText', () => {
  it('writes what JSON.stringify writes', () => {
    const fields = {
      at: new Date(0),
      gone: undefined,
      nan: Number.NaN,
      money: { toJSON: () => '1.50' },
      list: [undefined, 1],
      none: null,
    }
    expect(toJsonText(fields, 'change.fields')).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","nan":null,"money":"1.50","list":[null,1],"none":null}',
    )
    expect(toJsonText({ at: new Date(Number.NaN) }, 'x')).toBe('{"at":null}')
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (any) => toJsonText(any, 'x') === JSON.stringify(any)))
  })

  const cyclic: Record<string, unknown> = { name: 'n' }
  cyclic['self'] = cyclic
  const one: Record<string, unknown> = {}
  const other = { list: [1, { one }] }
  one['other'] = other
  const shared = { fine: true }
  const throws = (error: unknown) => ({
    toJSON: () => {
      throw error
    },
  })
  const itself = {
    toJSON() {
      return this
    },
  }
  let deep: unknown = {}
  for (let index = 0; index < 100_000; index++) deep = [deep]
  const bigint = 'is a bigint, which JSON cannot carry; pass it as a string'
  const circle = 'is cyclic: it holds itself, which JSON cannot carry; pass its key alone'

  it.each<[string, Record<string, unknown>, string]>([
    ['a bigint', { a: 1, views: 1n }, `change.fields.views ${bigint}`],
    ['a nested bigint', { author: { counts: [1, 2n] } }, `change.fields.author.counts[1] ${bigint}`],
    ['a bigint from toJSON', { a: { toJSON: () => ({ n: 1n }) } }, `change.fields.a.n ${bigint}`],
    ['a circle', { author: cyclic }, `change.fields.author.self ${circle}`],
    ['a wider circle', { one }, `change.fields.one.other.list[1].one ${circle}`],
    [
      'both, all of them',
      { b: 1n, c: cyclic, fine: 1, d: [2n] },
      `change.fields.b ${bigint}; change.fields.c.self ${circle}; change.fields.d[0] ${bigint}`,
    ],
    ['what is used twice is no circle', { a: shared, b: [shared, shared], c: 1n }, `change.fields.c ${bigint}`],
    [
      'a toJSON that throws',
      { a: { b: throws(new Error('sEcReT')) } },
      'change.fields.a.b cannot be written as JSON: its getter or its toJSON() throws',
    ],
    [
      '…a TypeError',
      { a: throws(new TypeError('sEcReT')) },
      'change.fields.a cannot be written as JSON: its getter or its toJSON() throws',
    ],
    [
      'a getter that throws',
      {
        a: {
          get b() {
            throw new Error('sEcReT')
          },
        },
      },
      'change.fields.a.b cannot be written as JSON: its getter or its toJSON() throws',
    ],
    ['a toJSON that answers itself is no circle', { a: itself, c: 1n }, `change.fields.c ${bigint}`],
    ['too deep', { deep }, 'change.fields is too large, or nested too deeply, to be written as JSON'],
  ])('names %s', (_name, fields, message) => expect(failure(() => toJsonText(fields, 'change.fields')).message).toBe(message))

  it('carries bigints where the program has taught JSON how', () => {
    const prototype = BigInt.prototype as { toJSON?: () => string }
    prototype.toJSON = function (this: bigint) {
      return String(this)
    }
    try {
      expect(toJsonText({ a: 1n }, 'x')).toBe('{"a":"1"}')
      expect(failure(() => toJsonText({ a: 1n, cyclic }, 'x')).message).toBe(`x.cyclic.self ${circle}`)
    } finally {
      delete prototype.toJSON
    }
  })
})
