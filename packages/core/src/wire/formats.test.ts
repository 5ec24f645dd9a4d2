import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBatchBody, toIdsBody, toSingleBody, type WireEvent, withoutUserinfo } from './formats.ts'

const created: WireEvent = {
  collection: 'posts',
  event: 'create',
  key: 7,
  fields: '{"id":7,"slug":"a","title":null}',
  timestamp: 1700000000123,
}
const renamed: WireEvent = { ...created, event: 'update', previous: '{"slug":"b"}' }
const large: WireEvent = { ...created, event: 'delete', fields: '{"id":7}', truncated: true }
const subscription = { name: 'Site', id: 'u1', key: 'site', url: 'https://site.example/flush', filter: '@posts' }

const A = '{"collection":"posts","event":"create","fields":{"id":7,"slug":"a","title":null},"timestamp":1700000000123}'
const B =
  '{"collection":"posts","event":"update","fields":{"id":7,"slug":"a","title":null},"timestamp":1700000000123,"previous":{"slug":"b"}}'
const C = '{"collection":"posts","event":"delete","fields":{"id":7},"timestamp":1700000000123,"truncated":true}'

describe('batch and single bodies, byte for byte', () => {
  it.each([
    ['nothing', [], '[]'],
    ['one', [created], `[${A}]`],
    ['several', [created, renamed, large], `[${A},${B},${C}]`],
  ])('batch of %s', (_name, events, body) => expect(toBatchBody(events)).toBe(body))

  it('single', () => expect([created, renamed, large].map(toSingleBody)).toEqual([A, B, C]))

  it('both previous and truncated', () =>
    expect(toSingleBody({ ...large, previous: '{"slug":"b"}' })).toBe(
      '{"collection":"posts","event":"delete","fields":{"id":7},"timestamp":1700000000123,"previous":{"slug":"b"},"truncated":true}',
    ))

  it('is JSON for any collection and any field text', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.integer(), (collection, value, timestamp) => {
        const fields = { id: 'k', value }
        const body = toBatchBody([{ collection, event: 'update', key: 'k', fields: JSON.stringify(fields), timestamp }])
        expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify([{ collection, event: 'update', fields, timestamp }])))
      }),
    )
  })
})

describe('ids body, byte for byte', () => {
  const at = (collection: string, key: string | number, event: WireEvent['event'] = 'update'): WireEvent => ({
    collection,
    event,
    key,
    fields: '{}',
    timestamp: 1,
  })
  const told = '"subscription":{"name":"Site","id":"u1","key":"site","url":"https://site.example/flush","filter":"@posts"}'

  it.each([
    ['one collection', [at('posts', 13856), at('posts', 13851)], `{"ids":[13856,13851],${told}}`],
    ['each id once', [at('posts', 1), at('posts', 2), at('posts', 1, 'delete')], `{"ids":[1,2],${told}}`],
    ['1 and "1" are one item', [at('posts', '1'), at('posts', 1)], `{"ids":["1"],${told}}`],
    ['text keys stay text', [at('posts', 'a"b'), at('posts', 'A')], `{"ids":["a\\"b","A"],${told}}`],
    [
      'several collections',
      [at('posts', 1, 'create'), at('pages', 1), at('pages', 'x', 'delete')],
      `{"ids":[1,"x"],${told},"items":[{"collection":"posts","id":1,"event":"create"},{"collection":"pages","id":1,"event":"update"},{"collection":"pages","id":"x","event":"delete"}]}`,
    ],
    ['a whole collection', [at('posts', '*')], `{"ids":[],${told},"items":[{"collection":"posts","id":"*","event":"update"}]}`],
    [
      'an item with two events is an item once, with the last',
      [at('posts', 1), at('pages', 2), at('posts', 1, 'delete')],
      `{"ids":[1,2],${told},"items":[{"collection":"posts","id":1,"event":"delete"},{"collection":"pages","id":2,"event":"update"}]}`,
    ],
  ])('%s', (_name, events, body) => expect(toIdsBody(events, subscription)).toBe(body))

  it('leaves out a filter that is not there and echoes any other', () => {
    const { filter: _, ...without } = subscription
    expect(toIdsBody([], without)).toBe(
      '{"ids":[],"subscription":{"name":"Site","id":"u1","key":"site","url":"https://site.example/flush"}}',
    )
    expect(toIdsBody([], { ...without, id: 3, filter: { status: { _eq: 'x' } } })).toBe(
      '{"ids":[],"subscription":{"name":"Site","id":3,"key":"site","url":"https://site.example/flush","filter":{"status":{"_eq":"x"}}}}',
    )
  })

  it('never sends credentials of the url', () => {
    expect(toIdsBody([], { ...subscription, url: 'https://me:hush@site.example/flush' })).toBe(`{"ids":[],${told}}`)
  })
})

describe('withoutUserinfo', () => {
  it.each([
    ['https://a.example/x?y=@z#@', 'https://a.example/x?y=@z#@'],
    ['https://u:p@a.example/@scope', 'https://a.example/@scope'],
    ['https://u@v:p@a.example', 'https://a.example'],
    ['https:u:p@a.example/x', 'https:a.example/x'],
    ['https:////u:p@a.example/x', 'https:////a.example/x'],
    ['https:\\\\u:p@a.example\\x', 'https:\\\\a.example\\x'],
    ['  ht\ntps://u:p\t@a.example/', 'https://a.example/'],
    ['//u:p@a.example', '//a.example'],
    ['u:p@a.example/x', 'a.example/x'],
    ['', ''],
    ['@', ''],
  ])('%j', (url, clean) => expect(withoutUserinfo(url)).toBe(clean))

  it('leaves no userinfo that an url parser finds', () => {
    const piece = fc.constantFrom(
      'http:',
      'https:',
      'ftp:',
      '/',
      '\\',
      '@',
      ':',
      'user',
      'pw',
      'a.example',
      '?',
      '#',
      '\t',
      '\n',
      ' ',
      '[::1]',
      '%40',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const clean = withoutUserinfo(pieces.join(''))
        if (!/^(https?|ftp):/i.test(clean) || !URL.canParse(clean)) return
        const { username, password } = new URL(clean)
        expect([username, password]).toEqual(['', ''])
      }),
      { numRuns: 3000 },
    )
  })
})
