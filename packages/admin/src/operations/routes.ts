import { Hono } from 'hono'
import type { Context } from '../options.ts'
import { addActions } from './actions.ts'
import { addDead } from './dead.ts'
import { addDeliveries } from './deliveries.ts'
import { createDirectory } from './directory.ts'
import { addEvents } from './events/route.ts'
import { addFlush } from './flush.ts'
import { addHealth } from './health.ts'
import { addTargets } from './targets.ts'

/** How targets are doing, what was sent to them, and what people do about it; `close` ends the streams of events. */
export function operationRoutes(context: Context): { app: Hono; close(): void } {
  const app = new Hono()
  const directory = createDirectory(context)
  addTargets(app, context, directory)
  addActions(app, context, directory)
  addDeliveries(app, context, directory)
  addDead(app, context, directory)
  addFlush(app, context, directory)
  addHealth(app, context, directory)
  return { app, close: addEvents(app, context) }
}
