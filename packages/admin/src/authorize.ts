import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Context, Rights } from './options.ts'
import { Problem } from './problem.ts'

declare module 'hono' {
  interface ContextVariableMap {
    rights: Rights
  }
}

/** Requests that change nothing need `read`, all others `manage`. Nothing of an answer is kept by a cache. */
export function guard({ authorize }: Pick<Context, 'authorize'>): MiddlewareHandler {
  return createMiddleware(async (c, next) => {
    const rights = await authorize(c.req.raw)
    if (rights === null || rights === undefined || typeof rights !== 'object')
      throw new Problem(401, 'Nobody knows who sends this.', { headers: { 'www-authenticate': 'Bearer' } })
    const changes = c.req.method !== 'GET' && c.req.method !== 'HEAD'
    if ((changes ? rights.manage : rights.read) !== true) throw new Problem(403, 'Who sends this may not do it.')
    if (changes) checkOrigin(c.req.raw)
    c.set('rights', { read: rights.read === true, manage: rights.manage === true })
    await next()
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
    c.header('x-content-type-options', 'nosniff')
  })
}

/** A page of somebody else's could send what its visitor may: browsers say so. */
function checkOrigin({ headers, url }: Request): void {
  const site = headers.get('sec-fetch-site')
  if (site !== null ? site === 'same-origin' || site === 'none' : isOwn(headers.get('origin'), url)) return
  throw new Problem(403, 'This was sent by a page of another origin.')
}

function isOwn(origin: string | null, url: string): boolean {
  return origin === null || origin === new URL(url).origin
}
