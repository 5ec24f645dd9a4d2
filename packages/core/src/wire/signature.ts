/** Standard Webhooks 1.0.0, symmetric (`v1`). The HMAC itself is passed in, so that any runtime's will do. */

/** Base64 of the HMAC-SHA256, under `key`, of the UTF-8 of `text`. */
export type Hmac = (key: Uint8Array, text: string) => string | Promise<string>

/** Seconds by which a message's timestamp may differ from the receiver's clock, either way. */
export const TOLERANCE_SECONDS = 300

/** Signatures of one header that are looked at; more are ignored. */
const MAX_SIGNATURES = 8

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The key bytes of `whsec_` and the standard base64 of 24 to 64 bytes. Throws an Error that says what is wrong, without the secret. */
export function parseSecret(secret: string): Uint8Array {
  const wrong = (why: string) =>
    new Error(`the secret ${why}; it has to be "whsec_" and the standard base64 of 24 to 64 random bytes`)
  if (typeof secret !== 'string') throw wrong('is not a string')
  if (secret !== secret.trim()) throw wrong('begins or ends with white space')
  if (!secret.startsWith('whsec_')) throw wrong('does not begin with "whsec_"')
  const text = secret.slice(6)
  if (!/^[\w+/-]*={0,2}$/.test(text) || text.length % 4 !== 0) throw wrong('is not base64')
  if (/[_-]/.test(text)) throw wrong('is in the url-safe variant of base64')
  const bytes = fromBase64(text)
  if (bytes.length < 24) throw wrong('is too short')
  if (bytes.length > 64) throw wrong('is too long')
  return bytes
}

function fromBase64(text: string): Uint8Array {
  const digits = text.replace(/=+$/, '')
  const bytes = new Uint8Array((digits.length * 3) >> 2)
  let bits = 0
  let held = 0
  let at = 0
  for (const digit of digits) {
    bits = ((bits << 6) | ALPHABET.indexOf(digit)) & 0xffff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[at++] = bits >> held
    }
  }
  return bytes
}

/** What is signed. `timestampSeconds` as number or as the header's own text. */
export function signedText(id: string, timestampSeconds: number | string, body: string): string {
  return `${id}.${timestampSeconds}.${body}`
}

export interface ToSign {
  id: string
  /** Unix seconds. */
  timestamp: number
  body: string
  /** Each signs, so that secrets can be rotated. */
  keys: readonly Uint8Array[]
  hmac: Hmac
}

/** `v1,<base64> v1,<base64> …`, one for each key, in their order; a promise only if `hmac` answers with one. */
export function signatureHeader({ id, timestamp, body, keys, hmac }: ToSign): string | Promise<string> {
  const text = signedText(id, timestamp, body)
  const signatures = keys.map((key) => hmac(key, text))
  const join = (values: readonly string[]) => values.map((value) => `v1,${value}`).join(' ')
  return signatures.every((value) => typeof value === 'string') ? join(signatures) : Promise.all(signatures).then(join)
}

/** The base64 values of the header's `v1` signatures, at most 8. Other versions are ignored. */
export function parseSignatureHeader(value: string): string[] {
  const found: string[] = []
  for (const part of value.split(' ')) {
    if (part.length > 3 && part.startsWith('v1,') && found.push(part.slice(3)) === MAX_SIGNATURES) break
  }
  return found
}

/** Unix seconds, or null for anything but 1 to 12 digits. */
export function parseTimestamp(value: string): number | null {
  return /^\d{1,12}$/.test(value) ? Number(value) : null
}
