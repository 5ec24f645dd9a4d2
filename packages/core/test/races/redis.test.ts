import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { withService } from '../../../../tools/services/in-tests.ts'
import { redisStore } from '../../src/stores/redis/index.ts'
import { storeDoubles } from './doubles.ts'
import { raceSuite } from './suite.ts'

await withService('redis', ({ url }) => {
  raceSuite(
    'redis',
    async (count, double) => {
      const prefix = `race-${randomBytes(6).toString('hex')}`
      const clients = Array.from({ length: count }, () => new Redis(url))
      const stores = clients.map((client) => redisStore({ client, prefix, warn() {} }))
      return {
        stores: double !== null && 'stores' in double ? double.stores(stores) : stores,
        async close() {
          for (const store of stores) await store.close()
          const keys = (await clients[0]?.keys(`*${prefix}}*`)) ?? []
          if (keys.length > 0) await clients[0]?.del(...keys)
          for (const client of clients) client.disconnect()
        },
      }
    },
    { doubles: storeDoubles, without: ['inbox', 'transactions side by side'] },
  )
})
