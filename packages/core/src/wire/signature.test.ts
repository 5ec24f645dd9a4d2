import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Hmac, parseSecret, parseSignatureHeader, parseTimestamp, signatureHeader, signedText } from './signature.ts'

const hmac = (key: Uint8Array, text: string): string => createHmac('sha256', key).update(text).digest('base64')

describe('parseSecret', () => {
  it('decodes what any other decoder decodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes) => {
        expect([...parseSecret(`whsec_${Buffer.from(bytes).toString('base64')}`)]).toEqual([...bytes])
      }),
    )
  })

  const of = (length: number) => Buffer.alloc(length, 0xfb).toString('base64')
  it.each([
    ['no prefix', of(32), 'does not begin with "whsec_"'],
    ['a public key', `whpk_${of(32)}`, 'does not begin with "whsec_"'],
    ['a trailing line break', `whsec_${of(32)}\n`, 'begins or ends with white space'],
    ['a leading space', ` whsec_${of(32)}`, 'begins or ends with white space'],
    ['plain text', 'whsec_correct horse battery staple', 'is not base64'],
    ['missing padding', `whsec_${of(32).replace('=', '')}`, 'is not base64'],
    ['padding within', `whsec_AA==${of(24)}`, 'is not base64'],
    ['the url-safe alphabet', `whsec_${of(32).replaceAll('+', '-').replaceAll('/', '_')}`, 'url-safe'],
    ['nothing', 'whsec_', 'is too short'],
    ['23 bytes', `whsec_${of(23)}`, 'is too short'],
    ['65 bytes', `whsec_${of(65)}`, 'is too long'],
    ['no string', 5 as unknown as string, 'is not a string'],
  ])('%s is told, without the secret', (_name, secret, why) => {
    let message = ''
    try {
      parseSecret(secret)
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toContain(why)
    const body = String(secret)
      .trim()
      .replace(/^wh\w+_/, '')
    if (body.length > 1) expect(message).not.toContain(body)
  })
})

describe('signatureHeader', () => {
  const key = parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  // The example of the specification.
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' }
  const signature = 'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

  it('signs as Standard Webhooks does', () => expect(signatureHeader({ ...message, keys: [key], hmac })).toBe(`v1,${signature}`))

  it('has one signature for each key', () => {
    const other = parseSecret(`whsec_${Buffer.alloc(24, 1).toString('base64')}`)
    const header = signatureHeader({ ...message, keys: [other, key], hmac }) as string
    expect(header).toBe(`v1,${hmac(other, signedText(message.id, message.timestamp, message.body))} v1,${signature}`)
    expect(parseSignatureHeader(header)).toContain(signature)
  })

  it('is a promise if the hmac is one', async () => {
    const later: Hmac = async (...args) => hmac(...args)
    const header = signatureHeader({ ...message, keys: [key, key], hmac: later })
    expect(header).toBeInstanceOf(Promise)
    expect(await header).toBe(`v1,${signature} v1,${signature}`)
  })
})

describe('reading the headers', () => {
  it.each([
    ['v1,abc', ['abc']],
    ['v1,abc v1,def', ['abc', 'def']],
    ['v1a,xyz v2,xyz v1,abc junk v1, ,', ['abc']],
    ['', []],
    ['v1', []],
    [Array.from({ length: 20 }, (_, at) => `v1,s${at}`).join(' '), ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7']],
  ])('signatures of %j', (value, expected) => expect(parseSignatureHeader(value)).toEqual(expected))

  it.each([
    ['1614265330', 1614265330],
    ['0', 0],
    ['999999999999', 999999999999],
    ['1000000000000', null],
    ['', null],
    ['-1', null],
    ['1.5', null],
    ['1e9', null],
    [' 1', null],
    ['1\n', null],
    ['0x10', null],
    ['١', null],
  ])('timestamp %j', (value, expected) => expect(parseTimestamp(value)).toBe(expected))
})
