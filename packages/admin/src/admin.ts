import { Hono } from 'hono'
import { guard } from './authorize.ts'
import { operationRoutes } from './operations/routes.ts'
import { type AdminOptions, contextOf } from './options.ts'
import { Problem, problemOf, toResponse } from './problem.ts'
import { subscriptionRoutes } from './subscriptions/routes.ts'

export interface Admin {
  /** Answers every request whose path is below `path` or `subscriptions`, and any other with 404. Never rejects. */
  fetch(request: Request): Promise<Response>
  /** Whether a path is one of ours, for who mounts it among other routes. */
  owns(path: string): boolean
  /** Ends the streams of events, which a server that closes would wait for. */
  close(): void
}

/** The API by which a pipeline is operated. Throws CONFIG_INVALID, naming everything that is wrong with the options. */
export function createAdmin(options: AdminOptions): Admin {
  const context = contextOf(options)
  const { path, subscriptions } = context
  // A slash at the end of a path makes no difference.
  const app = new Hono({ strict: false })
  app.use(guard(context))
  app.route(subscriptions, subscriptionRoutes(context))
  app.route(`${path}/api/subscriptions`, subscriptionRoutes(context))
  const operations = operationRoutes(context)
  app.route(`${path}/api`, operations.app)
  app.notFound(() => toResponse(new Problem(404, 'There is nothing here.')))
  app.onError((error) => {
    const problem = problemOf(error)
    if (problem.status >= 500) context.onError(problem.cause ?? error)
    return toResponse(problem)
  })
  const owned = [path, subscriptions]
  return {
    fetch: async (request) => app.fetch(request),
    owns: (asked) => owned.some((one) => asked === one || asked.startsWith(`${one}/`)),
    close: operations.close,
  }
}
