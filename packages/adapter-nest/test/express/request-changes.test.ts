import { createPipeline, createTables, knexStore } from '@unstale/core'
import { scriptedTransport } from '@unstale/core/testing'
import express from 'express'
import knexOf, { type Knex } from 'knex'
import { describe, expect, it, onTestFinished } from 'vitest'
import { unstaleExpress } from '../../src/express.ts'
import { express4, give, listen, post, siteOn } from './hosts.ts'

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('on %s', (_name, express) => {
  it('a request can publish', async () => {
    const { pipeline, delivered } = siteOn()
    const app = express().use(unstaleExpress(pipeline))
    app.post('/changes', async (request, response) => {
      await request.changes.publish({ collection: 'posts', event: 'update', key: 7 })
      response.json({})
    })
    await give(await listen(app), post(1))
    expect(await delivered()).toEqual(['posts 7'])
  })

  it('a request hears of what is wrong', async () => {
    const { pipeline } = siteOn()
    const app = express().use(unstaleExpress(pipeline))
    app.post('/changes', (request, response) => {
      const { publish } = request.changes
      const published = publish({ collection: '', event: 'update', key: 7 })
      published.catch((error: { code: string }) => response.json({ code: error.code }))
    })
    expect((await give(await listen(app), post(1))).body).toEqual({ code: 'CHANGE_INVALID' })
  })
})

it('a request can publish in its own transaction, and what is rolled back was never published', async () => {
  const knex = knexOf({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true })
  onTestFinished(() => knex.destroy())
  await createTables({ knex })
  const transport = scriptedTransport()
  const pipeline = createPipeline({
    store: knexStore({ knex }),
    transport,
    targets: [{ key: 'site', url: 'https://site.test/flush', window: { quiet: 1, max: 1 }, rules: [{ collection: 'posts' }] }],
  })
  await pipeline.start()
  onTestFinished(() => pipeline.stop())
  const app = express().use(unstaleExpress(pipeline))
  app.post('/changes', express.json(), async (request, response) => {
    const save = async (transaction: Knex.Transaction) => {
      await request.changes.publish({ collection: 'posts', event: 'update', key: request.body.key }, { transaction })
      if (request.body.key === 1) throw new Error('rolled back')
    }
    await knex.transaction(save).catch(() => {})
    response.json({})
  })
  const url = await listen(app)
  const delivered = new Promise((resolve) => pipeline.on('delivered', resolve))
  await give(url, post(1))
  await give(url, post(2))
  await delivered
  expect(transport.bodies.flat()).toMatchObject([{ fields: { id: 2 } }])
})
