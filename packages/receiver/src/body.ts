import { concat, encode } from './bytes.ts'
import { fail } from './errors.ts'
import type { HandleOptions, RequestLike } from './types.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** The body's bytes. What exceeds `maxBytes` is not read. */
export async function readBytes(request: RequestLike, options: HandleOptions, maxBytes: number): Promise<Bytes> {
  const { rawBody, body } = options
  const stream = request.body as AsyncIterable<Uint8Array> | null | undefined
  const isGone = rawBody === undefined && request.bodyUsed
  if (isGone || body !== undefined) fail(500, 'RAW_BODY_UNAVAILABLE', options.rawBodyFix)

  const chunks: Uint8Array[] = []
  let size = 0
  try {
    const source =
      rawBody !== undefined
        ? [typeof rawBody === 'string' ? encode(rawBody) : rawBody]
        : // Some browsers' requests have no stream, or one that cannot be iterated.
          stream?.[Symbol.asyncIterator]
          ? stream
          : [new Uint8Array(await (request as Request).arrayBuffer())]
    for await (const chunk of source) {
      size += chunk.length
      if (!(size <= maxBytes)) break
      chunks.push(chunk)
    }
  } catch {
    fail(400, 'BODY_UNREADABLE')
  }
  return size <= maxBytes ? concat(chunks) : fail(413, 'BODY_TOO_LARGE')
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // Without the cause: its message quotes the body.
    return fail(400, 'BODY_NOT_JSON')
  }
}
