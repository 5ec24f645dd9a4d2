import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HandleOptions, Receiver } from './types.ts'

/** A request as Node, Express and Connect have it, with what body parsers leave on it. */
export type NodeRequest = IncomingMessage & { rawBody?: unknown; body?: unknown }

export type NodeHandler = (request: NodeRequest, response: ServerResponse, next?: (error?: unknown) => void) => Promise<void>

const FIX =
  'Express: put the route before app.use(express.json()), or keep the bytes with ' +
  'express.json({ verify: (request, response, bytes) => { request.rawBody = bytes } }). ' +
  'Nest: NestFactory.create(AppModule, { rawBody: true }).'

/** Bytes of a refused body that are read and dropped, so that its sender comes to read the answer. */
const LINGER = 1_048_576

/**
 * For `http.createServer`, Express and Connect: `app.post('/flush', nodeHandler(receiver))`. It answers every request, never
 * calls `next` and never rejects. Handlers find the request as `context.env`.
 */
export function nodeHandler(receiver: Pick<Receiver, 'handle'>): NodeHandler {
  return async (request, response) => {
    const { method = '', headers } = request
    const isRead = request.readableDidRead !== false || request.destroyed
    const body = isRead ? null : request.iterator({ destroyOnReturn: false })
    const answer = await receiver.handle(
      // Pseudo-headers of HTTP/2 are no headers.
      {
        method,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':'))),
        body,
        bodyUsed: isRead,
      },
      { ...bodyOf(request, isRead), rawBodyFix: FIX, env: request },
    )
    const text = await answer.text()
    // A time-out of the host may have answered first.
    if (!response.headersSent) response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(text)
    drop(request)
  }
}

/** The bytes if they are still somewhere, else what a parser made of them. Some leave an empty object where they read nothing. */
function bodyOf({ rawBody, body }: NodeRequest, isRead: boolean): Pick<HandleOptions, 'rawBody' | 'body'> {
  if (isRaw(rawBody)) return { rawBody }
  if (isRaw(body)) return { rawBody: body }
  return isRead ? { body } : {}
}

const isRaw = (value: unknown): value is Uint8Array | string => typeof value === 'string' || value instanceof Uint8Array

/** What nobody read of the body would block the connection for the next request. */
function drop(request: NodeRequest): void {
  if (request.readableEnded || request.destroyed) return
  let left = LINGER
  request.on('data', (chunk: Uint8Array | string) => {
    left -= chunk.length
    if (left < 0) request.destroy()
  })
  request.resume()
}
