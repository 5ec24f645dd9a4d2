import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { PipelineError } from '@unstale/core'

/** `true`: may publish. `false` or 401: nobody knows who it is. 403: it is known, and may not. Whatever else counts as `false`. */
export type Authorized = boolean | 401 | 403

/** Decides on a request by its headers, before its body is read. */
export type Authorize<Request extends IncomingMessage = IncomingMessage> = (request: Request) => Authorized | Promise<Authorized>

/** One token, or several while they are rotated. (`undefined` is refused: it is what a variable that is not set gives.) */
export type BearerTokens = string | undefined | readonly (string | undefined)[]

/** What a header can carry as a token, and what nobody guesses. */
const TOKEN = /^[\x21-\x7e]{16,}$/

/**
 * Lets in who sends `Authorization: Bearer <token>` with one of the tokens: compared in a time that says nothing about
 * them. Each has at least 16 characters, of those that can be seen in ASCII, without spaces. Throws CONFIG_INVALID if one
 * is not so, or there is none.
 */
export function bearer(tokens: BearerTokens): Authorize {
  const list = Array.isArray(tokens) ? (tokens as readonly unknown[]) : [tokens]
  if (list.length === 0) throw new PipelineError('CONFIG_INVALID', 'bearer: wants at least one token')
  const known = list.map((token, index) => digest(checked(token, list.length === 1 ? 'bearer' : `bearer[${index}]`)))
  return ({ headers }) => {
    const sent = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
    if (sent === undefined) return false
    const presented = digest(sent)
    let equal = false
    for (const one of known) equal = timingSafeEqual(one, presented) || equal
    return equal
  }
}

/** Of one length, whatever was sent. */
function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

function checked(token: unknown, path: string): string {
  if (typeof token === 'string' && TOKEN.test(token)) return token
  const found =
    typeof token !== 'string'
      ? `${token === undefined ? 'nothing: is its variable set?' : `a ${typeof token}`}`
      : token.length < 16
        ? `one of ${token.length}`
        : 'one with a space, a line break or a letter beyond ASCII'
  throw new PipelineError('CONFIG_INVALID', `${path}: has to be a token of at least 16 visible ASCII characters, not ${found}`)
}
