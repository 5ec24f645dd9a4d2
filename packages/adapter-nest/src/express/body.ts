import type { IncomingMessage, ServerResponse } from 'node:http'
import { PipelineError } from '@unstale/core'
import bodyParser from 'body-parser'
import { type Answer, refusal } from './answer.ts'

/** What a body holds; or what is to be answered instead, null to who has gone. */
export type Read = { value: unknown } | { refused: Answer | null }

/** What body-parser says of a body that it refuses. Its message repeats what it has read. */
interface ParserError {
  status?: number
  type?: string
}

const GONE: Read = { refused: null }

const ENCODINGS = 'gzip, deflate, br'

const UNREADABLE =
  'ingest: the body was read before, and request.body does not hold what was in it: put the route before what reads bodies, ' +
  'or let express.json() read it'

/**
 * Reads JSON bodies of at most `maxBytes`, counted after they are decompressed. Of what is larger it keeps nothing, and does
 * not wait for its end.
 */
export function bodyReader(maxBytes: number): (request: IncomingMessage, response: ServerResponse) => Promise<Read> {
  const parse = bodyParser.json({ limit: maxBytes, type: () => true })
  const tooLarge: Read = {
    refused: refusal(413, `The body has more than ${maxBytes} bytes. Send the changes in several requests.`),
  }

  return async (request, response) => {
    if (isGone(request)) return GONE
    const { headers } = request
    if (!isJson(headers['content-type'])) {
      return { refused: refusal(415, 'The body has to be JSON: send it with Content-Type: application/json.') }
    }
    // Node says nothing here of requests that are not its own.
    if (request.readableDidRead !== false || request.destroyed) return parsedBefore(request)
    if (headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0)) {
      return { refused: refusal(400, 'There is no body: send a change, or an array of changes.') }
    }

    // The first to settle it wins. The parser waits until it has seen the end of what it refuses.
    return new Promise((resolve) => {
      parse(request, response, (error?: unknown) => {
        if (error === undefined) resolve({ value: (request as { body?: unknown }).body })
        else resolve(isGone(request) ? GONE : { refused: toRefusal(error as ParserError) ?? tooLarge.refused })
      })
      if (Number(headers['content-length']) > maxBytes) return resolve(tooLarge)
      let read = 0
      request.on('data', (chunk: Uint8Array) => {
        read += chunk.length
        if (read > maxBytes) resolve(tooLarge)
      })
      request.once('close', () => isGone(request) && resolve(GONE))
    })
  }
}

/** The connection ended before all of the request had come. */
function isGone({ destroyed, complete }: IncomingMessage): boolean {
  return destroyed && !complete
}

function isJson(type: string | undefined): boolean {
  return /^\s*application\/json\s*(;|$)/i.test(type ?? '')
}

function parsedBefore(request: IncomingMessage): Read {
  const { body } = request as { body?: unknown }
  if (body === undefined || body instanceof Uint8Array) throw new PipelineError('CONFIG_INVALID', UNREADABLE)
  return { value: body }
}

/** Null: it is too large. */
function toRefusal({ status, type }: ParserError): Answer | null {
  if (type === 'entity.too.large') return null
  if (type === 'charset.unsupported') return refusal(415, 'The charset is not known here: send UTF-8.')
  if (type === 'encoding.unsupported') return refusal(415, `The Content-Encoding is not known here: send ${ENCODINGS}, or none.`)
  if (type === 'entity.parse.failed') return refusal(400, 'The body is not JSON: send a change, or an array of changes.')
  return refusal(status === 415 ? 415 : 400, 'The body cannot be read as its headers announce it.')
}
