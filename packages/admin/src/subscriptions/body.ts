/** What a request brings. */
import { Problem } from '../problem.ts'

/** Bytes. */
const LARGEST = 256 * 1024
/** Levels of objects and arrays: more would be too deep for whoever works on them step by step. */
const DEEPEST = 100

/** A body that is one JSON object; throws 400, 413 or 415. */
export async function readObject(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new Problem(415, 'The body has to be sent with "Content-Type: application/json".')
  const body = parse(await readText(request))
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const kind = body === null ? 'null' : Array.isArray(body) ? 'an array' : `a ${typeof body}`
    throw new Problem(400, `The body has to be a JSON object, not ${kind}.`)
  }
  if (isDeep(body, DEEPEST)) throw new Problem(400, `The body is nested more than ${DEEPEST} levels deep.`)
  return body as Readonly<Record<string, unknown>>
}

async function readText({ headers, body }: Request): Promise<string> {
  if (Number(headers.get('content-length') ?? 0) > LARGEST) throw tooLarge()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let size = 0
  try {
    // Whoever does not say how long it is, or not the truth, is not read to the end.
    for await (const chunk of body ?? []) {
      size += chunk.byteLength
      if (size > LARGEST) throw tooLarge()
      text += decoder.decode(chunk, { stream: true })
    }
    return text + decoder.decode()
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem(400, 'The body is not UTF-8, or ended too early.', { cause })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // What the parser says would hold a piece of the text, and so perhaps of a secret.
    throw new Problem(400, text.trim() === '' ? 'The body is empty, and has to be a JSON object.' : 'The body is not JSON.', {
      cause,
    })
  }
}

function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeep(part, levels - 1))
}

function tooLarge(): Problem {
  return new Problem(413, `The body has more than ${LARGEST / 1024} kB.`)
}
