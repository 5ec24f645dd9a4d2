import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBatchBody, toIdsBody, toSingleBody, type WireEvent } from './formats.ts'
import { readBody } from './read.ts'

const read = (text: string) => readBody(JSON.parse(text))
const good = { collection: 'posts', event: 'update', fields: { id: 1 }, timestamp: 5 }

describe('what was written is read', () => {
  const events: WireEvent[] = [
    { collection: 'posts', event: 'update', key: 7, fields: '{"id":7,"slug":"a"}', timestamp: 5, previous: '{"slug":"b"}' },
    { collection: 'pages', event: 'delete', key: 'x', fields: '{"id":"x"}', timestamp: 6, truncated: true },
  ]
  const expected = [
    { collection: 'posts', event: 'update', id: 7, fields: { id: 7, slug: 'a' }, timestamp: 5, previous: { slug: 'b' } },
    { collection: 'pages', event: 'delete', id: 'x', fields: { id: 'x' }, timestamp: 6, truncated: true },
  ]
  const who = { name: 'Site', id: 1, key: 'site', url: 'https://a.example/', filter: '@posts' }

  it('batch', () => expect(read(toBatchBody(events))).toEqual({ ok: true, source: 'batch', events: expected }))
  it('an empty batch', () => expect(read('[]')).toEqual({ ok: true, source: 'batch', events: [] }))
  it('single', () =>
    expect(read(toSingleBody(events[0] as WireEvent))).toEqual({ ok: true, source: 'single', events: [expected[0]] }))

  it('ids of several collections say which', () =>
    expect(read(toIdsBody(events, who))).toEqual({
      ok: true,
      source: 'ids',
      events: [
        { collection: 'posts', event: 'update', id: 7, fields: { id: 7 } },
        { collection: 'pages', event: 'delete', id: 'x', fields: { id: 'x' } },
      ],
      subscription: who,
    }))

  it('ids of one collection are inferred', () =>
    expect(read(toIdsBody([events[0] as WireEvent], who))).toEqual({
      ok: true,
      source: 'ids',
      events: [{ collection: 'posts', event: 'update', id: 7, fields: { id: 7 }, inferred: true }],
      subscription: who,
    }))

  it.each([
    ['no subscription', '{"ids":[1]}', '*'],
    ['no filter', '{"ids":[1],"subscription":{}}', '*'],
    ['another filter', '{"ids":[1],"subscription":{"filter":{"a":{"_eq":1}}}}', '*'],
    ['a bare @', '{"ids":[1],"subscription":{"filter":"@"}}', '*'],
    ['@posts', '{"ids":[1],"subscription":{"filter":"@posts"}}', 'posts'],
  ])('ids with %s', (_name, text, collection) =>
    expect(read(text)).toMatchObject({ ok: true, events: [{ collection, event: 'update', id: 1, inferred: true }] }),
  )

  it('an unknown event is kept for the reader to count', () =>
    expect(readBody([{ ...good, event: 'publish' }])).toMatchObject({ ok: true, events: [{ event: 'publish' }] }))
})

describe('junk names where and what', () => {
  it.each<[unknown, string]>([
    [undefined, 'the body must be an array or an object, but is nothing'],
    [null, 'the body must be an array or an object, but is null'],
    ['x', 'the body must be an array or an object, but is a string'],
    [5, 'the body must be an array or an object, but is a number'],
    [[1, 2], '[0] must be an object, but is a number'],
    [[good, null], '[1] must be an object, but is null'],
    [[[]], '[0] must be an object, but is an array'],
    [{}, 'collection must be a string that is not empty, but is nothing'],
    [[good, { ...good, collection: '' }], '[1].collection must be a string that is not empty, but is an empty string'],
    [[{ ...good, event: 5 }], '[0].event must be a string that is not empty, but is a number'],
    [[{ ...good, fields: [] }], '[0].fields must be an object, but is an array'],
    [[{ ...good, fields: {} }], '[0].fields.id must be a string that is not empty, or a number, but is nothing'],
    [{ ...good, fields: { id: {} } }, 'fields.id must be a string that is not empty, or a number, but is an object'],
    [[{ ...good, timestamp: '5' }], '[0].timestamp must be a number, but is a string'],
    [[{ ...good, previous: 'x' }], '[0].previous must be an object, but is a string'],
    [{ ids: 1 }, 'ids must be an array, but is a number'],
    [{ ids: [1, true] }, 'ids[1] must be a string that is not empty, or a number, but is a boolean'],
    [{ ids: [], subscription: 's' }, 'subscription must be an object, but is a string'],
    [{ ids: [], items: {} }, 'items must be an array, but is an object'],
    [{ ids: [], items: [{ collection: 'a', id: 1 }] }, 'items[0].event must be a string that is not empty, but is nothing'],
  ])('%j', (value, message) => {
    const result = readBody(value)
    expect(result).toMatchObject({ ok: false, message })
    if (!result.ok) expect(message.startsWith(result.path || 'the body')).toBe(true)
  })

  it('never throws, whatever the JSON', () => {
    const junk = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue(),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom(
            'collection',
            'event',
            'fields',
            'id',
            'timestamp',
            'previous',
            'ids',
            'items',
            'subscription',
            'filter',
            '__proto__',
            'constructor',
          ),
          tie('any'),
        ),
      ),
    })).any
    fc.assert(fc.property(junk, (value) => void expect(typeof readBody(value).ok).toBe('boolean')))
  })
})

describe('keys that aim at prototypes', () => {
  it('inherited properties are not read', () => {
    expect(read('[{"__proto__":{"collection":"posts","event":"update","fields":{"id":1},"timestamp":5}}]')).toMatchObject({
      ok: false,
      path: '[0].collection',
    })
    expect(read('{"__proto__":{"ids":[1]}}')).toMatchObject({ ok: false, path: 'collection' })
    expect(read('[{"collection":"posts","event":"update","fields":{"__proto__":{"id":1}},"timestamp":5}]')).toMatchObject({
      ok: false,
      path: '[0].fields.id',
    })
  })

  it('fields come without __proto__, so that a merge cannot obey it', () => {
    const result = read(
      '[{"collection":"__proto__","event":"update","fields":{"id":1,"__proto__":{"admin":true}},"previous":{"__proto__":{"admin":true}},"timestamp":5}]',
    )
    if (!result.ok) throw new Error(result.message)
    const [event] = result.events
    expect(Object.keys(event?.fields ?? {})).toEqual(['id'])
    expect(Object.keys(event?.previous ?? {})).toEqual([])
    expect(Object.assign({}, event?.fields)).not.toHaveProperty('admin')
    expect({}).not.toHaveProperty('admin')
  })
})
