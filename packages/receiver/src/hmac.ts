import { TOLERANCE_SECONDS } from '@unstale/core/wire'
import { type Authenticator, listOf, type PerRequest } from './auth.ts'
import { concat, encode, fromBase64 } from './bytes.ts'
import { fail } from './errors.ts'

/** `whsec_` and base64; the key's bytes; or any text as it is. */
export type Secret = string | Uint8Array | { readonly raw: string }

export interface HmacOptions {
  /** Seconds by which `webhook-timestamp` may differ from this clock, either way. Default 300. */
  tolerance?: number
}

/** Parts of `webhook-signature` that are looked at. */
const MAX_SIGNATURES = 8

/**
 * Accepts requests with a Standard Webhooks signature (`webhook-id`, `webhook-timestamp`, `webhook-signature`) under any
 * of the secrets: rotate by listing the new one beside the old one. Throws if there is no usable secret.
 */
export function hmac(
  secrets: PerRequest<Secret | readonly Secret[] | undefined>,
  { tolerance = TOLERANCE_SECONDS }: HmacOptions = {},
): Authenticator {
  const keysFor = listOf(secrets, toKey)

  return async (credentials) => {
    const { header, now, rawBody } = credentials
    const signature = header('webhook-signature') || fail(401, 'CREDENTIALS_MISSING')
    const seconds = header('webhook-timestamp')
    const head = `${header('webhook-id')}.${seconds}.`
    // A dot in the id would be ambiguous in what is signed; a space means that there were two.
    if (!/^[^\s.]+\.\d{1,12}\.$/.test(head)) fail(401, 'CREDENTIALS_MALFORMED', 'webhook-id or webhook-timestamp')

    const signed = concat([encode(head), await rawBody()])
    for (const [index, key] of await keysFor(credentials)) {
      for (const part of signature.split(' ', MAX_SIGNATURES)) {
        // Such that no other text passes for the same 32 bytes.
        const base64 = /^v1,([A-Za-z\d+/]{42}[048AEIMQUYcgkosw]=)$/.exec(part)?.[1]
        if (base64 && (await crypto.subtle.verify('HMAC', await key(), fromBase64(base64), signed))) {
          // Only now, so that a late retry and a forgery are told apart.
          const age = now() / 1000 - Number(seconds)
          return Math.abs(age) <= tolerance ? index : fail(401, age > 0 ? 'TIMESTAMP_TOO_OLD' : 'TIMESTAMP_TOO_NEW')
        }
      }
    }
    return fail(401, 'SIGNATURE_INVALID')
  }
}

/** The wire's `parseSecret` would do, but it brings base64 along, which every platform has. */
function toKey(secret: Secret | undefined): () => Promise<CryptoKey> {
  let bytes: Uint8Array<ArrayBuffer> | undefined
  try {
    if (typeof secret !== 'object') bytes = fromBase64(/^\s*whsec_(\S{32,88})\s*$/.exec(String(secret))?.[1] ?? '')
    else bytes = 'raw' in secret ? encode(secret.raw) : Uint8Array.from(secret)
  } catch {
    // What was thrown may quote the secret.
  }
  if (!bytes?.length) fail(500, 'NOT_CONFIGURED', 'no whsec_ secret')
  let key: Promise<CryptoKey> | undefined
  return () => (key ??= crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']))
}
