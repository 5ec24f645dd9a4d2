import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Pipeline, PipelineError } from '@unstale/core'

/** What requests have as `changes`. */
export interface RequestChanges {
  /** `pipeline.publish`, `{ transaction }` and its errors included. */
  readonly publish: Pipeline['publish']
}

declare global {
  // Merges with what @types/express says of every request; without those types it is a namespace that nobody reads.
  namespace Express {
    interface Request {
      /** How to publish changes: where `app.use(unstaleExpress(pipeline))` comes before. */
      changes: RequestChanges
    }
  }
}

/** A middleware for Express 4 and 5, and whatever calls `(request, response, next)`. */
export type UnstaleMiddleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/**
 * A middleware that gives every request `request.changes.publish(changes, options?)`, the same as `pipeline.publish`. Routes
 * then need not import the pipeline. It does not start the pipeline, nor stop it. Throws CONFIG_INVALID where it is given
 * no pipeline.
 *
 *     app.use(unstaleExpress(pipeline))
 *     app.patch('/posts/:id', async (request, response) => {
 *       await knex.transaction(async (transaction) => {
 *         …
 *         await request.changes.publish({ collection: 'posts', event: 'update', key, fields }, { transaction })
 *       })
 *       response.sendStatus(204)
 *     })
 */
export function unstaleExpress(pipeline: Pick<Pipeline, 'publish'>): UnstaleMiddleware {
  checkPipeline('unstaleExpress', pipeline)
  const changes: RequestChanges = { publish: (...input) => pipeline.publish(...input) }
  return (request, _response, next) => {
    Object.assign(request, { changes })
    next()
  }
}

/** For who has no compiler, or a container that gave something else. */
export function checkPipeline(name: string, pipeline: unknown): void {
  if (typeof (pipeline as Partial<Pipeline> | null | undefined)?.publish === 'function') return
  throw new PipelineError('CONFIG_INVALID', `${name}: its first argument has to be a pipeline, as createPipeline() makes it`)
}
