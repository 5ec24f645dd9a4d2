import { type Authenticator, listOf, type PerRequest } from './auth.ts'
import { encode } from './bytes.ts'
import { fail } from './errors.ts'

export type Tokens = PerRequest<string | readonly string[] | undefined>

/** Accepts `Authorization: Bearer <token>` with any of the tokens. Throws if there is none. */
export function bearer(tokens: Tokens): Authenticator {
  return tokenIn('authorization', tokens, /^bearer +(.+)/i)
}

/** Accepts `Api-Key: <token>` with any of the tokens. Throws if there is none. */
export function apiKey(tokens: Tokens): Authenticator {
  return tokenIn('api-key', tokens)
}

/** Accepts `<name>: <token>` with any of the tokens. Throws if there is none. */
export function header(name: string, tokens: Tokens): Authenticator {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) fail(500, 'NOT_CONFIGURED', 'header() wants the name of a header')
  return tokenIn(name, tokens)
}

function tokenIn(name: string, tokens: Tokens, pattern = /(.+)/): Authenticator {
  const tokensFor = listOf(tokens, (token) => token?.trim() || fail(500, 'NOT_CONFIGURED', 'no secret'))
  return async (credentials) => {
    const sent = pattern.exec(credentials.header(name))?.[1] ?? fail(401, 'CREDENTIALS_MISSING')
    for (const [index, token] of await tokensFor(credentials)) if (await sameText(token, sent)) return index
    return fail(401, 'TOKEN_INVALID')
  }
}

let comparing: Promise<CryptoKey> | undefined

/** In a time that says nothing about either: their HMACs under a key that is random in each process are compared. */
async function sameText(one: string, other: string): Promise<boolean> {
  comparing ??= crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
  const key = await comparing
  return crypto.subtle.verify('HMAC', key, await crypto.subtle.sign('HMAC', key, encode(one)), encode(other))
}
