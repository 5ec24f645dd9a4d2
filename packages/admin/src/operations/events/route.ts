/** `GET /events`: what happens, as server-sent events. */
import type { Hono } from 'hono'
import type { Context } from '../../options.ts'
import { Problem } from '../../problem.ts'
import { resource } from '../../resource.ts'
import { queryOf } from '../query.ts'
import { createHub } from './hub.ts'

/** What lies between must neither keep it nor gather it. */
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

/**
 * Begins with `open`; then there are messages of the kinds `accepted`, `delivered`, `retrying`, `failing`, `recovered`,
 * `suspended`, `dead`, `refused` and `error`, and `lost` where the client was too slow. It hears of what this process does.
 * Returns how to end it for all.
 */
export function addEvents(app: Hono, context: Pick<Context, 'pipeline' | 'clock' | 'onError'>): () => void {
  const hub = createHub(context)
  resource(app, '/events', {
    GET(c) {
      queryOf(c, [])
      if (c.req.raw.method === 'HEAD') return new Response(null, { headers: HEADERS })
      const stream = hub.open(c.req.raw.signal)
      if (stream === null) throw new Problem(503, 'As many listen as may: try again later.', { headers: { 'retry-after': '30' } })
      return new Response(stream, { headers: HEADERS })
    },
  })
  return hub.close
}
