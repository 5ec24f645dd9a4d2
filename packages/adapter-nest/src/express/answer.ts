import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Problem } from '@unstale/core'

/** What a request is answered. */
export interface Answer {
  status: number
  body: object
  headers?: Readonly<Record<string, string>>
}

/** Problems that one answer lists; the rest are counted. */
export const LISTED = 100

/** Characters of a path that are repeated: a name may be as long as a body. */
const PATH = 200

/** Bytes of a refused body that are read and dropped, so that its sender comes to read the answer. */
const LINGER = 33_554_432

/** What went wrong, as RFC 9457 has it. */
export function refusal(
  status: number,
  detail: string,
  { errors, headers }: { errors?: readonly Problem[]; headers?: Answer['headers'] } = {},
): Answer {
  const listed = errors?.slice(0, LISTED).map(({ path, message }) => ({ path: shortened(path), message }))
  return {
    status,
    body: { type: 'about:blank', title: STATUS_CODES[status], status, detail, ...(listed && { errors: listed }) },
    ...(headers && { headers }),
  }
}

export function send(response: ServerResponse, { status, body, headers }: Answer): void {
  // A time-out of the host may have answered first.
  if (response.headersSent || response.writableEnded) return
  const text = JSON.stringify(body)
  response
    .writeHead(status, {
      'content-type': status < 400 ? 'application/json' : 'application/problem+json',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      ...headers,
    })
    .end(text)
}

/** What nobody read of the body would block the connection for the next request. */
export function drop(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return
  let left = LINGER
  request.on('data', (chunk: Uint8Array | string) => {
    left -= chunk.length
    if (left < 0) request.destroy()
  })
  request.resume()
}

function shortened(path: string): string {
  return path.length > PATH ? `${path.slice(0, PATH)}…` : path
}
