/** The JSON object that a request brings. */
import { Problem } from './problem.ts'

/** Levels of objects and arrays: more would be too deep for whoever works on them step by step. */
const DEEPEST = 100

/**
 * Of at most `most` bytes; of what is larger nothing is kept, and its end is not waited for. `optional`: there may be none,
 * which is as good as `{}`. Rejects with a Problem: 400, 413 or 415.
 */
export async function objectOf(
  request: Request,
  { most, optional = false }: { most: number; optional?: boolean },
): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await read(request, most)
  if (bytes.length === 0) {
    if (optional) return {}
    throw new Problem(400, 'There is no body: send a JSON object, {} if there is nothing to say.')
  }
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new Problem(415, 'The body has to be JSON: send it with Content-Type: application/json.')
  const value = parse(bytes, request.headers.get('content-encoding'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
    throw new Problem(400, `The body has to be a JSON object, not ${kind}.`)
  }
  if (isDeep(value, DEEPEST)) throw new Problem(400, `The body is nested more than ${DEEPEST} levels deep.`)
  return value as Readonly<Record<string, unknown>>
}

async function read({ body, headers }: Request, most: number): Promise<Uint8Array> {
  if (Number(headers.get('content-length')) > most) throw tooLarge(most)
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
    if (length > most) {
      void reader.cancel().catch(() => {})
      throw tooLarge(most)
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

function parse(bytes: Uint8Array, encoding: string | null): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // What a host has decompressed may still be called so. What the parser says would hold a piece of the text.
    if (encoding !== null && encoding !== 'identity')
      throw new Problem(415, 'The body has to be sent as it is, without a Content-Encoding.')
    throw new Problem(400, 'The body is not JSON in UTF-8.')
  }
}

function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeep(part, levels - 1))
}

function tooLarge(most: number): Problem {
  return new Problem(413, `The body has more than ${most / 1024} kB.`)
}
