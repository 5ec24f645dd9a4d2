import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authHeaders, headerNameProblem, headerValueProblem, parseRetryAfter, redactUrl } from './headers.ts'

describe('authHeaders', () => {
  it.each([
    [{ type: 'none' } as const, {}],
    [{ type: 'bearer', token: 'abc' } as const, { Authorization: 'Bearer abc' }],
    [{ type: 'header', name: 'Api-Key', value: 'abc' } as const, { 'Api-Key': 'abc' }],
    [{ type: 'header', name: 'X-Flush', value: 'abc' } as const, { 'X-Flush': 'abc' }],
  ])('%j', (auth, headers) => expect(authHeaders(auth)).toEqual(headers))
})

describe('header names', () => {
  it.each(['Api-Key', 'x_custom', 'Authorization', 'a', 'x-proxy', 'my-webhook-id', 'tea'])('%s may be set', (name) =>
    expect(headerNameProblem(name)).toBeNull(),
  )

  it.each([
    'host',
    'Host',
    'Content-Length',
    'content-type',
    'content-encoding',
    'Transfer-Encoding',
    'connection',
    'Keep-Alive',
    'upgrade',
    'TE',
    'trailer',
    'expect',
    'Proxy-Authorization',
    'proxy-connection',
    'webhook-id',
    'Webhook-Signature',
    'unstale-seq',
  ])('%s is ours', (name) => expect(headerNameProblem(name)).toContain(name.toLowerCase()))

  it.each(['', 'a b', 'a:', 'a\r\nb', 'é', 'a\0', '(x)', '"x"', 'x/y', 'a\n'])('%j is none', (name) =>
    expect(headerNameProblem(name)).not.toBeNull(),
  )
})

describe('header values', () => {
  it.each(['abc', 'a b\tc', 'é', '"', '~'])('%j may be sent', (value) => expect(headerValueProblem(value)).toBeNull())
  it.each(['', 'hush\r\nx: y', 'hush\n', 'hush\0', 'hush\u0001', 'hush\u007f', 'hush€', 'hush😀'])(
    '%j may not, and is not repeated',
    (value) => {
      expect(headerValueProblem(value)).toEqual(expect.not.stringContaining('hush'))
    },
  )
})

describe('parseRetryAfter', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 7)
  it.each<[string, number | undefined]>([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['31536000', 31_536_000_000],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['Sun, 06 Nov 1994 08:49:07 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:06 GMT', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['', undefined],
    ['Sun, 31 Feb 2094 08:49:37 GMT', undefined],
    ['Sun, 00 Jan 2094 08:49:37 GMT', undefined],
    ['Sun, 01 anF 2094 08:49:37 GMT', undefined],
    ['Sun, 01 Xxx 2094 08:49:37 GMT', undefined],
    ['Sun, 01 Jan 2094 24:00:00 GMT', undefined],
    ['Sun, 01 Jan 2094 08:49:37 PST', undefined],
    ['Sunday, 06-Nov-94 08:49:37 GMT', undefined],
  ])('%j', (text, expected) => expect(parseRetryAfter(text, now)).toBe(expected))

  it('reads every date that toUTCString writes', () => {
    const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 })
    fc.assert(fc.property(seconds, (at) => void expect(parseRetryAfter(new Date(at * 1000).toUTCString(), 0)).toBe(at * 1000)))
    for (const year of [1970, 1999, 2000, 2024, 2100, 2400]) {
      for (let day = 0; day < 366; day++) {
        const at = Date.UTC(year, 0, 1 + day)
        expect(parseRetryAfter(new Date(at).toUTCString(), 0)).toBe(at)
      }
    }
  })
})

describe('redactUrl', () => {
  it.each([
    ['https://me:hush@a.example:8443/flush?token=hush#hush', 'https://a.example:8443/flush'],
    ['https://a.example?hush', 'https://a.example'],
    ['https://a.example/#\nhush', 'https://a.example/'],
    ['not an url', 'not an url'],
    ['?hush', ''],
  ])('%j', (url, redacted) => expect(redactUrl(url)).toBe(redacted))

  it('takes any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => void expect(redactUrl(text)).not.toMatch(/[?#]/)))
  })
})
