/** The JSON of a request. */
import type { Context as Call } from 'hono'
import { Problem } from '../problem.ts'

/** The most bytes of a body. */
const MOST = 65_536

/**
 * The properties of an object, of these names alone: a misspelt one would be ignored. `optional`: there may be no body.
 * Rejects with a Problem.
 */
export async function bodyOf(
  c: Call,
  names: readonly string[],
  { optional = false }: { optional?: boolean } = {},
): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await read(c.req.raw)
  if (bytes.length === 0) {
    if (optional) return {}
    throw new Problem(400, 'There is no body: send a JSON object, {} if there is nothing to say.')
  }
  if (!/^\s*application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw new Problem(415, 'The body has to be JSON: send it with Content-Type: application/json.')
  const value = parse(bytes, c.req.header('content-encoding'))
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Problem(400, 'The body has to be a JSON object.')
  for (const name of Object.keys(value)) {
    const known = names.length === 0 ? 'there are none here' : `there are ${names.join(', ')}`
    if (!names.includes(name)) throw wrong(name.slice(0, 100), `is not a property here; ${known}`)
  }
  return value as Readonly<Record<string, unknown>>
}

/** Names a property of the body. */
export function wrong(path: string, message: string): Problem {
  return new Problem(400, `In the body, ${path} ${message}.`, { errors: [{ path, message }] })
}

/** Of what is larger nothing is kept, and its end is not waited for. */
async function read({ body, headers }: Request): Promise<Uint8Array> {
  if (Number(headers.get('content-length')) > MOST) throw tooLarge()
  if (body === null) return new Uint8Array()
  const parts: Uint8Array[] = []
  let length = 0
  const reader = body.getReader()
  for (;;) {
    // Who goes away in the middle is nobody's error, and reads no answer.
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new Problem(400, 'The body ended too early.', { cause })
    })
    if (done) break
    length += value.length
    if (length > MOST) {
      void reader.cancel().catch(() => {})
      throw tooLarge()
    }
    parts.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function parse(bytes: Uint8Array, encoding: string | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // What a host has decompressed may still be called so.
    if (encoding !== undefined && encoding !== 'identity')
      throw new Problem(415, 'The body has to be sent as it is, without a Content-Encoding.')
    throw new Problem(400, 'The body is not JSON in UTF-8.')
  }
}

function tooLarge(): Problem {
  return new Problem(413, `The body has more than ${MOST} bytes.`)
}
