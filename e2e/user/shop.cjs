// A content app and its front end in CommonJS: Knex on better-sqlite3 at one end, Express at the other.
const { once } = require('node:events')
const { createPipeline, createTables, knexStore } = require('@unstale/core')
const { createReceiver, hmac } = require('@unstale/receiver')
const { nodeHandler } = require('@unstale/receiver/node')
const express = require('express')
const knexOf = require('knex')

const secret = 'whsec_cGFja2VkLWFuZC1pbnN0YWxsZWQtMzItYnl0ZXMhISE='

async function main() {
  let heard
  const hears = new Promise((resolve) => (heard = resolve))
  const receiver = createReceiver({ auth: [hmac(secret)], onBatch: (events) => heard(events) })
  const server = express().post('/flush', nodeHandler(receiver)).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const knex = knexOf({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true })
  await knex.schema.createTable('posts', (table) => table.increments('id').primary() && table.string('slug'))
  await createTables({ knex })
  const pipeline = createPipeline({
    store: knexStore({ knex }),
    network: { allow: ['127.0.0.1'] },
    targets: [
      {
        key: 'shop',
        url: `http://127.0.0.1:${server.address().port}/flush`,
        secret,
        rules: [{ collection: 'posts', payload: ['slug'] }],
      },
    ],
  })
  await pipeline.start()

  const publish = (key, transaction) =>
    pipeline.publish({ collection: 'posts', event: 'create', key, fields: { slug: `post-${key}` } }, { transaction })
  // What is rolled back is never announced.
  await knex
    .transaction(async (trx) => {
      await trx('posts').insert({ id: 1, slug: 'post-1' })
      await publish(1, trx)
      throw new Error('changed my mind')
    })
    .catch(() => {})
  await knex.transaction(async (trx) => {
    await trx('posts').insert({ id: 2, slug: 'post-2' })
    await publish(2, trx)
  })

  const events = await hears
  console.log(JSON.stringify(events.map(({ event, id, fields }) => ({ event, id, slug: fields.slug }))))
  await pipeline.stop()
  await knex.destroy()
  server.close()
}

main()
