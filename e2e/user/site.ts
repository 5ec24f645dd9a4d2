// What a user writes, and what the compiler has to refuse.
import { type ChangeInput, createPipeline, createTables, knexStore, PipelineError } from '@unstale/core'
import { createReceiver, type FlushEvent, hmac } from '@unstale/receiver'
import { nodeHandler } from '@unstale/receiver/node'
import express from 'express'
import { type Knex, knex as knexOf } from 'knex'

interface Schema {
  posts: { id: number; slug: string; category: string }[]
  settings: { id: number; theme: string }
}

const knex: Knex = knexOf({ client: 'better-sqlite3', connection: { filename: 'site.db' }, useNullAsDefault: true })

const pipeline = createPipeline({
  store: knexStore({ knex }),
  targets: [
    {
      key: 'site',
      url: 'https://site.example/flush',
      secret: 'whsec_',
      rules: [{ collection: 'posts', payload: ['slug'], filter: { status: { _eq: 'published' } } }],
    },
  ],
})

export async function publish(slug: string): Promise<void> {
  await createTables({ knex })
  const change: ChangeInput = { collection: 'posts', event: 'update', key: 7, fields: { slug } }
  await knex.transaction((transaction) => pipeline.publish(change, { transaction }))
}

export function codeOf(error: unknown): string {
  return error instanceof PipelineError ? error.code : 'unknown'
}

pipeline.on('delivered', ({ target, batch }) => console.log(target.key.toUpperCase(), batch.items.length.toFixed()))

const receiver = createReceiver<Schema>({
  auth: [hmac(process.env['FLUSH_SECRET'])],
  on: {
    posts: ({ id, fields, previous }) => console.log(id, fields.slug?.toUpperCase(), previous?.slug?.toUpperCase()),
    settings: ({ fields }) => console.log(fields.theme?.toUpperCase()),
  },
  onBatch(events) {
    for (const event of events) if (event.collection === 'posts') console.log(event.fields.category)
  },
})
export const POST: (request: Request) => Promise<Response> = receiver.fetch
export const app = express().post('/flush', nodeHandler(receiver))
export const slugOf = (event: FlushEvent<Schema, 'posts'>): string | undefined => event.fields.slug

// @ts-expect-error A pipeline's target needs an url.
createPipeline({ targets: [{ key: 'site' }] })
// @ts-expect-error No such event.
pipeline.on('arrived', () => {})
// @ts-expect-error Nothing but create, update and delete happens.
export const wrong: ChangeInput = { collection: 'posts', event: 'upsert', key: 7 }
// @ts-expect-error No such collection.
createReceiver<Schema>({ auth: [], on: { pots: () => {} } })
// @ts-expect-error No such field.
createReceiver<Schema>({ auth: [], on: { posts: ({ fields }) => fields.theme } })
