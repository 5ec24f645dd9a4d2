import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Admin } from './admin.ts'

/** What a host may have added to a request. */
interface HostRequest extends IncomingMessage {
  /** Before the path was cut off below which the handler is mounted. */
  originalUrl?: string
  /** What a parser has made of the body that it has read. */
  body?: unknown
  /** Node's adapter reads this instead of the stream. */
  rawBody?: unknown
}

/**
 * For Express, Connect, Nest (`app.use(nodeHandler(admin))`) and `node:http`: what is not ours goes to `next`. It may be
 * mounted below a path; the admin's `path` is then the whole one all the same, as browsers see it. Parsers such as
 * `express.json()` may come before it.
 */
export function nodeHandler(
  admin: Admin,
): (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void {
  const listener = getRequestListener((request) => admin.fetch(request), { overrideGlobalObjects: false })
  return (request: HostRequest, response, next) => {
    const { url = '/', originalUrl = url } = request
    if (next !== undefined && !admin.owns(originalUrl.split('?')[0] ?? '/')) return next()
    giveBack(request)
    // It is read at once; who looks at the request later finds it as it was.
    request.url = originalUrl
    void listener(request, response)
    request.url = url
  }
}

/** The body of a stream that a parser before us has read to its end. */
function giveBack(request: HostRequest): void {
  const { body, rawBody } = request
  if (!request.readableDidRead || body === undefined || Buffer.isBuffer(rawBody)) return
  const bytes =
    body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  Object.assign(request, { rawBody: bytes })
}
