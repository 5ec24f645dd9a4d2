import { PipelineError } from '@unstale/core'
import type { Authorize } from './options.ts'

/** One token, or several while they are rotated. (`undefined` is refused: it is what a variable that is not set gives.) */
export type BearerTokens = string | undefined | readonly (string | undefined)[]

/** What a header can carry as a token, and what nobody guesses. */
const TOKEN = /^[\x21-\x7e]{16,}$/

/**
 * Knows who sends `Authorization: Bearer <token>` with one of the tokens, which are compared in a time that says nothing
 * about them; a token of `manage` may read, too. Each has at least 16 characters, of those that can be seen in ASCII,
 * without spaces. Throws CONFIG_INVALID, naming every token that is not so. Runs wherever there is WebCrypto.
 */
export function bearer(tokens: { read?: BearerTokens; manage?: BearerTokens }): Authorize {
  const problems: string[] = []
  const given = tokens ?? {}
  const read = 'read' in given ? listOf(given.read, 'read', problems) : []
  const manage = 'manage' in given ? listOf(given.manage, 'manage', problems) : []
  if (read.length + manage.length === 0 && problems.length === 0) problems.push('wants at least one token in read or manage')
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', `bearer: ${problems.join('; ')}`)
  let digests: Promise<{ read: Uint8Array[]; manage: Uint8Array[] }> | undefined
  return async ({ headers }) => {
    const sent = /^bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1]
    if (sent === undefined) return null
    digests ??= (async () => ({ read: await Promise.all(read.map(digest)), manage: await Promise.all(manage.map(digest)) }))()
    const known = await digests
    const presented = await digest(sent)
    const manages = isAmong(presented, known.manage)
    const reads = isAmong(presented, known.read)
    return manages || reads ? { read: true, manage: manages } : null
  }
}

function listOf(tokens: BearerTokens, name: string, problems: string[]): string[] {
  const list = Array.isArray(tokens) ? (tokens as readonly unknown[]) : [tokens]
  if (list.length === 0) problems.push(`${name} wants at least one token`)
  return list.flatMap((token, index) => {
    if (typeof token === 'string' && TOKEN.test(token)) return token
    const path = Array.isArray(tokens) ? `${name}[${index}]` : name
    problems.push(`${path} has to be a token of at least 16 visible ASCII characters, not ${kindOf(token)}`)
    return []
  })
}

/** Never the token itself. */
function kindOf(token: unknown): string {
  if (token === undefined) return 'nothing: is its variable set?'
  if (typeof token !== 'string') return token === null ? 'null' : `a ${typeof token}`
  return token.length < 16 ? `one of ${token.length}` : 'one with a space, a line break or a letter beyond ASCII'
}

/** Of one length, whatever was sent. */
async function digest(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)))
}

/** Looks at every byte of every one, whatever it finds. */
function isAmong(presented: Uint8Array, known: readonly Uint8Array[]): boolean {
  let found = 0
  for (const one of known) {
    let difference = 0
    for (const [index, byte] of one.entries()) difference |= byte ^ (presented[index] ?? 0)
    found |= Number(difference === 0)
  }
  return found === 1
}
