/** One of several processes that deliver what waits in one database. */
import { once } from 'node:events'
import { knexStore, type TargetInput } from '@unstale/core'
import { quietPipeline } from './content.ts'
import { tellTrouble } from './senders.ts'
import { type Database, knexOn } from './stores.ts'

export interface Work {
  database: Database
  targets: TargetInput[]
}

process.on('disconnect', () => process.exit())
process.once('message', async ({ database, targets }: Work) => {
  const knex = knexOn(database)
  const store = knexStore({ knex })
  const pipeline = quietPipeline({ targets, store })
  tellTrouble(pipeline)
  // Connected, and its targets are loaded: starting processes is not what is measured.
  await pipeline.publish({ collection: 'nobody', event: 'update', key: 1 })
  await store.time()
  process.send?.('ready')
  await once(process, 'message')
  await pipeline.start()
  await once(process, 'message')
  await pipeline.stop()
  await knex.destroy()
  process.exit()
})
