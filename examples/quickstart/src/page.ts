import { fileURLToPath } from 'node:url'
import express, { type NextFunction, type Request, type Response, Router } from 'express'
import { type FrontEndKey, frontEndKeys } from './flushes.ts'
import type { Stage } from './stage.ts'

/** The page in the browser: its files, its events, and the switches of the front ends. Edits go to the content app's own API. */
export function pageOf(stage: Stage): Router {
  const { timeline, frontEnds, staleness } = stage
  const router = Router()
  router.use(express.static(fileURLToPath(new URL('page', import.meta.url)), { cacheControl: false }))

  router.get(
    '/stage/events',
    timeline.stream(() => ({
      figures: stage.figures(),
      transactional: stage.contentApp.flushes.transactional,
      frontEnds: frontEndKeys.map((key) => ({
        key,
        url: frontEnds[key].url,
        up: frontEnds[key].isUp(),
        pages: frontEnds[key].pages(),
        stale: staleness.since(key),
      })),
    })),
  )

  const known = (request: Request<{ key: string }>, response: Response, next: NextFunction) =>
    frontEndKeys.includes(request.params.key as FrontEndKey) ? next() : response.status(404).end()
  router.post('/stage/:key/down', known, async ({ params }, response) => {
    await stage.takeDown(params.key as FrontEndKey)
    response.status(204).end()
  })
  router.post('/stage/:key/up', known, async ({ params }, response) => {
    await stage.bringUp(params.key as FrontEndKey)
    response.status(204).end()
  })
  return router
}
