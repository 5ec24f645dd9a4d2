import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { apiKey, bearer, createReceiver, header, hmac, ReceiverError } from '../src/index.ts'
import { answerOf, NOW, now, post, request, SECRET, secretOf, sign, signed, signedHeaders } from './requests.ts'

const silent = { now, onError: () => {} }
const receiver = createReceiver({ auth: [hmac(SECRET)], ...silent })
const body = JSON.stringify([post(1)])

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'accepted',
    (error: unknown) => (error as ReceiverError).code,
  )
const verdictOf = (headers: Record<string, string>, raw: string | Uint8Array = body) => codeOf(receiver.verify(raw, headers))

describe('a signature', () => {
  it('is accepted on text, bytes and every form of headers', async () => {
    const headers = signedHeaders(body)
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]))
    for (const form of [headers, upper, new Headers(headers), { ...headers, 'webhook-id': ['msg_1'] }]) {
      expect(await receiver.verify(body, form)).toMatchObject({ keyIndex: 0, id: 'msg_1' })
      expect(await receiver.verify(new TextEncoder().encode(body), form)).toMatchObject({ keyIndex: 0 })
    }
  })

  it('is made as other senders make it', async () => {
    const at = new Date(NOW)
    const signature = new Webhook(SECRET).sign('msg_other', at, body)
    const headers = { 'webhook-id': 'msg_other', 'webhook-timestamp': String(NOW / 1000), 'webhook-signature': signature }
    expect(await verdictOf(headers)).toBe('accepted')
    expect(await verdictOf(headers, `${body} `)).toBe('SIGNATURE_INVALID')
  })

  it.each<[string, Record<string, string>, string]>([
    ['none', { 'webhook-signature': '' }, 'CREDENTIALS_MISSING'],
    ['forged', { 'webhook-signature': sign(body, { secret: secretOf(8) }) }, 'SIGNATURE_INVALID'],
    ['of another id', { 'webhook-id': 'msg_2' }, 'SIGNATURE_INVALID'],
    ['no id', { 'webhook-id': '' }, 'CREDENTIALS_MALFORMED'],
    ['an id with a dot', { 'webhook-id': 'msg.1' }, 'CREDENTIALS_MALFORMED'],
    ['a doubled id', { 'webhook-id': 'msg_1, msg_1' }, 'CREDENTIALS_MALFORMED'],
    ['a doubled timestamp', { 'webhook-timestamp': `${NOW / 1000}, ${NOW / 1000}` }, 'CREDENTIALS_MALFORMED'],
    ['a doubled signature', { 'webhook-signature': `${sign(body)}, ${sign(body)}` }, 'accepted'],
    ['no timestamp', { 'webhook-timestamp': '' }, 'CREDENTIALS_MALFORMED'],
    ['an unknown version alone', { 'webhook-signature': sign(body).replace('v1', 'v2') }, 'SIGNATURE_INVALID'],
    ['an asymmetric version alone', { 'webhook-signature': sign(body).replace('v1', 'v1a') }, 'SIGNATURE_INVALID'],
    ['unknown versions beside it', { 'webhook-signature': `v1a,xyz v2,xyz junk ${sign(body)}` }, 'accepted'],
    ['not base64', { 'webhook-signature': 'v1,$%' }, 'SIGNATURE_INVALID'],
    ['cut short', { 'webhook-signature': sign(body).slice(0, -4) }, 'SIGNATURE_INVALID'],
    [
      'eight thousand',
      {
        'webhook-signature': Array(8000)
          .fill(sign(body, { secret: secretOf(9) }))
          .join(' '),
      },
      'SIGNATURE_INVALID',
    ],
  ])('%s: %s', async (_name, headers, code) => {
    expect(await verdictOf({ ...signedHeaders(body), ...headers })).toBe(code)
  })

  it('is looked for among the first eight', async () => {
    const wrong = sign(body, { secret: secretOf(9) })
    const after = (count: number) => ({
      ...signedHeaders(body),
      'webhook-signature': `${`${wrong} `.repeat(count)}${sign(body)}`,
    })
    expect(await verdictOf(after(7))).toBe('accepted')
    expect(await verdictOf(after(8))).toBe('SIGNATURE_INVALID')
  })

  it('may be spelt in one way only', async () => {
    const base64 = sign(body).slice('v1,'.length)
    const last = base64.at(-2) as string
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const twin = `${base64.slice(0, -2)}${alphabet[alphabet.indexOf(last) + 1]}=`
    expect(Buffer.from(twin, 'base64')).toEqual(Buffer.from(base64, 'base64'))
    for (const spelling of [
      twin,
      base64.slice(0, -1),
      ` ${base64}`,
      base64.replaceAll('+', '-').replaceAll('/', '_').slice(0, -1),
    ]) {
      expect(await verdictOf({ ...signedHeaders(body), 'webhook-signature': `v1,${spelling}` })).toBe('SIGNATURE_INVALID')
    }
  })
})

describe('its timestamp', () => {
  it.each<[number | string, string]>([
    [NOW / 1000 - 300, 'accepted'],
    [NOW / 1000 + 300, 'accepted'],
    [NOW / 1000 - 301, 'TIMESTAMP_TOO_OLD'],
    [NOW / 1000 + 301, 'TIMESTAMP_TOO_NEW'],
    [0, 'TIMESTAMP_TOO_OLD'],
    ['1700000000.9abc', 'CREDENTIALS_MALFORMED'],
    ['1700000000.5', 'CREDENTIALS_MALFORMED'],
    ['1.7e9', 'CREDENTIALS_MALFORMED'],
    ['0x6553f100', 'CREDENTIALS_MALFORMED'],
    ['-1700000000', 'CREDENTIALS_MALFORMED'],
    ['1700000000000000', 'CREDENTIALS_MALFORMED'],
    ['NaN', 'CREDENTIALS_MALFORMED'],
  ])('%s: %s', async (timestamp, code) => expect(await verdictOf(signedHeaders(body, { timestamp }))).toBe(code))

  it('counts only under a right signature: a forgery is never called late', async () => {
    expect(await verdictOf(signedHeaders(body, { timestamp: 0, secret: secretOf(8) }))).toBe('SIGNATURE_INVALID')
  })

  it('may differ by `tolerance` seconds', async () => {
    const strict = createReceiver({ auth: [hmac(SECRET, { tolerance: 10 })], ...silent })
    expect(await codeOf(strict.verify(body, signedHeaders(body, { timestamp: NOW / 1000 - 10 })))).toBe('accepted')
    expect(await codeOf(strict.verify(body, signedHeaders(body, { timestamp: NOW / 1000 - 11 })))).toBe('TIMESTAMP_TOO_OLD')
    const broken = createReceiver({ auth: [hmac(SECRET, { tolerance: Number.NaN })], ...silent })
    expect(await codeOf(broken.verify(body, signedHeaders(body)))).not.toBe('accepted')
  })
})

describe('secrets', () => {
  it('rotate, and tell which one was used', async () => {
    const both = createReceiver({ auth: [hmac([secretOf(1), SECRET])], ...silent })
    expect(await both.verify(body, signedHeaders(body))).toMatchObject({ keyIndex: 1 })
    expect(await both.verify(body, signedHeaders(body, { secret: secretOf(1) }))).toMatchObject({ keyIndex: 0 })
    expect(await codeOf(both.verify(body, signedHeaders(body, { secret: secretOf(2) })))).toBe('SIGNATURE_INVALID')
  })

  it.each([
    ['whsec_', SECRET],
    ['with a line break', `${SECRET}\n`],
    ['with a Windows line break', `${SECRET}\r\n`],
    ['bytes', new Uint8Array(32).fill(7)],
    ['a Buffer', Buffer.alloc(32, 7)],
    ['raw text', { raw: '\x07'.repeat(32) }],
    ['a function', () => SECRET],
    ['an async function', async () => [secretOf(1), SECRET]],
  ])('%s', async (_name, secret) => {
    const one = createReceiver({ auth: [hmac(secret)], ...silent })
    for (let times = 0; times < 2; times++) expect(await codeOf(one.verify(body, signedHeaders(body)))).toBe('accepted')
  })

  it('are copied: wiping the bytes afterwards changes nothing', async () => {
    const bytes = new Uint8Array(32).fill(7)
    const one = createReceiver({ auth: [hmac(bytes)], ...silent })
    bytes.fill(0)
    expect(await codeOf(one.verify(body, signedHeaders(body)))).toBe('accepted')
    expect(await codeOf(one.verify(body, signedHeaders(body, { secret: secretOf(0) })))).toBe('SIGNATURE_INVALID')
  })

  it('of a function come from what the host passed and from headers', async () => {
    const tenants = createReceiver({
      auth: [hmac(({ env, header }) => (env as Record<string, string>)[header('x-tenant')])],
      ...silent,
    })
    const env = { a: SECRET, b: secretOf(2) }
    expect(await codeOf(tenants.verify(body, { ...signedHeaders(body), 'x-tenant': 'a' }, { env }))).toBe('accepted')
    expect(await codeOf(tenants.verify(body, { ...signedHeaders(body), 'x-tenant': 'b' }, { env }))).toBe('SIGNATURE_INVALID')
    expect(await codeOf(tenants.verify(body, { ...signedHeaders(body), 'x-tenant': 'c' }, { env }))).toBe('NOT_CONFIGURED')
  })
})

describe('without a usable secret no receiver is made', () => {
  const hush = 'hush-hush-hush-hush-hush-hush-hush-hush'
  it.each<[string, () => unknown]>([
    ['no auth', () => createReceiver({} as never)],
    ['empty auth', () => createReceiver({ auth: [] })],
    ['an unset variable', () => hmac(process.env['UNSTALE_NO_SUCH_VARIABLE'])],
    ['null', () => hmac(null as never)],
    ['an empty secret', () => hmac('')],
    ['a line break', () => hmac('\n')],
    ['no secrets', () => hmac([])],
    ['one of them empty', () => hmac([SECRET, ''])],
    ['no bytes', () => hmac(new Uint8Array(0))],
    ['raw nothing', () => hmac({ raw: '' })],
    ['no prefix', () => hmac(hush)],
    ['not base64', () => hmac(`whsec_${hush}`)],
    ['the url-safe alphabet', () => hmac(`whsec_${Buffer.alloc(32, 0xfb).toString('base64url')}`)],
    ['too short', () => hmac('whsec_aHVzaA==')],
    ['an unset token', () => bearer(undefined)],
    ['an empty token', () => bearer('')],
    ['a blank token', () => apiKey(' \n')],
    ['no tokens', () => header('x-flush', [])],
    ['one of them empty', () => bearer(['a', ''])],
    ['no name of a header', () => header('x flush', 'a')],
  ])('%s', (_name, make) => {
    expect(make).toThrow(ReceiverError)
    try {
      make()
    } catch (error) {
      expect(error).toMatchObject({ code: 'NOT_CONFIGURED', status: 500 })
      expect(String(error)).not.toMatch(/hush|aHVzaA/)
    }
  })

  it('and a function that gives none lets nobody in', async () => {
    for (const give of [() => undefined, () => '', () => [], async () => undefined]) {
      const errors: unknown[] = []
      const later = createReceiver({ auth: [hmac(give)], now, onError: (error) => errors.push(error) })
      expect(await answerOf(await later.fetch(signed([post(1)])))).toMatchObject({
        status: 500,
        body: { code: 'NOT_CONFIGURED' },
      })
      expect(errors).toMatchObject([{ code: 'NOT_CONFIGURED' }])
    }
    const throwing = createReceiver({
      auth: [
        hmac(() => {
          throw new Error('hush')
        }),
      ],
      ...silent,
    })
    const { status, body: answer } = await answerOf(await throwing.fetch(signed([post(1)])))
    expect(status).toBe(500)
    expect(JSON.stringify(answer)).not.toContain('hush')
  })
})

describe('tokens', () => {
  const tokens = createReceiver({
    auth: [bearer(['old', 'new token\n']), apiKey('key'), header('X-Flush', () => 'flush')],
    ...silent,
  })
  it.each<[Record<string, string>, string]>([
    [{ authorization: 'Bearer old' }, 'accepted'],
    [{ authorization: 'bearer  new token' }, 'accepted'],
    [{ 'api-key': 'key' }, 'accepted'],
    [{ 'Api-Key': 'key' }, 'accepted'],
    [{ 'x-flush': 'flush' }, 'accepted'],
    [{ authorization: 'Bearer wrong', 'api-key': 'key' }, 'accepted'],
    [{}, 'CREDENTIALS_MISSING'],
    [{ authorization: 'Bearer ' }, 'CREDENTIALS_MISSING'],
    [{ authorization: 'old' }, 'CREDENTIALS_MISSING'],
    [{ authorization: 'Basic old' }, 'CREDENTIALS_MISSING'],
    [{ authorization: 'Bearer ol' }, 'TOKEN_INVALID'],
    [{ authorization: 'Bearer oldd' }, 'TOKEN_INVALID'],
    [{ authorization: 'Bearer OLD' }, 'TOKEN_INVALID'],
    [{ authorization: 'Bearer old, Bearer old' }, 'TOKEN_INVALID'],
    [{ 'api-key': 'flush' }, 'TOKEN_INVALID'],
  ])('%j: %s', async (headers, code) => expect(await codeOf(tokens.verify(body, headers))).toBe(code))

  it('tell which one was used', async () => {
    expect(await tokens.verify(body, { authorization: 'Bearer new token' })).toMatchObject({ keyIndex: 1, id: '' })
  })

  it('and signatures: any one suffices, and a wrong one is told rather than a missing one', async () => {
    for (const auth of [
      [hmac(SECRET), bearer('token')],
      [bearer('token'), hmac(SECRET)],
    ]) {
      const any = createReceiver({ auth, ...silent })
      expect(await codeOf(any.verify(body, signedHeaders(body)))).toBe('accepted')
      expect(await codeOf(any.verify(body, { authorization: 'Bearer token' }))).toBe('accepted')
      expect(await codeOf(any.verify(body, { ...signedHeaders(`${body} `), authorization: 'Bearer token' }))).toBe('accepted')
      expect(await codeOf(any.verify(body, signedHeaders(`${body} `)))).toBe('SIGNATURE_INVALID')
      expect(await codeOf(any.verify(body, { authorization: 'Bearer wrong' }))).toBe('TOKEN_INVALID')
      expect(await codeOf(any.verify(body, {}))).toBe('CREDENTIALS_MISSING')
    }
  })
})

describe('a changed request', () => {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const
  const good = signedHeaders(body)
  const bytes = [...new TextEncoder().encode(body)]
  const edit = fc.record({
    at: fc.nat(),
    remove: fc.integer({ min: 0, max: 3 }),
    insert: fc.array(fc.nat(255), { maxLength: 3 }),
  })

  it('is never accepted: bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const changed = [...bytes]
        for (const { at, remove, insert } of edits) changed.splice(at % (changed.length + 1), remove, ...insert)
        const isSame = Buffer.from(changed).equals(Buffer.from(bytes))
        expect(await verdictOf(good, Uint8Array.from(changed))).toBe(isSame ? 'accepted' : 'SIGNATURE_INVALID')
      }),
      { numRuns: 500 },
    )
  })

  it('is never accepted: headers', async () => {
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 3 })
    const change = fc.record({
      name: fc.constantFrom(...names),
      at: fc.nat(),
      remove: fc.integer({ min: 0, max: 3 }),
      insert: text,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed: Record<string, string> = { ...good }
        for (const { name, at, remove, insert } of changes) {
          const value = changed[name] as string
          const start = at % (value.length + 1)
          changed[name] = value.slice(0, start) + insert + value.slice(start + remove)
        }
        // Further signatures beside the right one, and white space around a header, change nothing.
        const isSame =
          names.slice(0, 2).every((name) => changed[name]?.trim() === good[name]) &&
          changed['webhook-signature']
            ?.trim()
            .split(' ')
            .includes(good['webhook-signature'] as string)
        expect((await verdictOf(changed)) === 'accepted').toBe(isSame)
      }),
      { numRuns: 1000 },
    )
  })

  it('is never accepted: another secret', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 24, maxLength: 64 }), async (secret) => {
        fc.pre(!Buffer.from(secret).equals(Buffer.alloc(32, 7)))
        const headers = signedHeaders(body, { secret: `whsec_${Buffer.from(secret).toString('base64')}` })
        expect(await verdictOf(headers)).toBe('SIGNATURE_INVALID')
      }),
    )
  })
})

it('a refused request is told how, without its credentials', async () => {
  const forged = await receiver.fetch(request(body, { ...signedHeaders(body), 'webhook-signature': sign('x') }))
  expect(forged.status).toBe(401)
  expect(forged.headers.get('www-authenticate')).toBe('Unstale')
  const text = await forged.text()
  expect(JSON.parse(text)).toEqual({ code: 'SIGNATURE_INVALID', message: 'SIGNATURE_INVALID' })
})
