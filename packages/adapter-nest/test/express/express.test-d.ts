/** The public API as a user writes it; compiled, never run. */
import { createServer, type IncomingMessage } from 'node:http'
import type { Pipeline } from '@unstale/core'
import express, { type Request } from 'express'
import { expectTypeOf } from 'vitest'
import { type Authorize, bearer, type IngestHandler, ingest, type RequestChanges, unstaleExpress } from '../../src/express.ts'

declare const pipeline: Pipeline

const app = express()
app.use(unstaleExpress(pipeline))
app.patch('/posts/:id', async (request, response) => {
  expectTypeOf(request.changes).toEqualTypeOf<RequestChanges>()
  expectTypeOf(request.changes.publish).toEqualTypeOf<Pipeline['publish']>()
  await request.changes.publish({ collection: 'posts', event: 'update', key: request.params.id })
  // @ts-expect-error no such event
  await request.changes.publish({ collection: 'posts', event: 'changed', key: 1 })
  response.sendStatus(204)
})

// Wherever a handler goes.
const authorize = bearer(process.env['INGEST_TOKEN'])
expectTypeOf(authorize).toEqualTypeOf<Authorize>()
app.post('/changes', ingest(pipeline, { authorize }))
app.post('/changes', express.json(), ingest(pipeline, { authorize: bearer(['old', undefined]), maxBytes: 1_000_000 }))
app.use('/changes', ingest(pipeline, { authorize: () => 403, maxChanges: 100, onError: (error) => console.error(error) }))
express.Router().post('/', ingest(pipeline, { authorize: async () => true }))
createServer(ingest(pipeline, { authorize }))
expectTypeOf(ingest(pipeline, { authorize })).toEqualTypeOf<IngestHandler<IncomingMessage>>()

// What other middleware left on the request.
type Known = Request & { user?: { role: string } }
app.post('/changes', ingest(pipeline, { authorize: (request: Known) => request.user?.role === 'service' || 403 }))
ingest(pipeline, { authorize: ({ headers }) => headers['x-internal'] === 'yes' })
// @ts-expect-error a plain server knows no `user`
createServer(ingest(pipeline, { authorize: (request: Known) => request.user !== undefined }))

// @ts-expect-error a route that lets everybody in
ingest(pipeline, {})
// @ts-expect-error nor by itself
ingest(pipeline)
// @ts-expect-error no such status
ingest(pipeline, { authorize: () => 404 })
// @ts-expect-error a number of bytes
ingest(pipeline, { authorize, maxBytes: '5mb' })
// @ts-expect-error a token is text
bearer(5)
