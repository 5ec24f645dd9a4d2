import { Redis } from 'ioredis'
import { describe, it } from 'vitest'
import { withServer } from '../../../../tools/services/in-tests.ts'
import { redisStore } from '../../src/stores/redis/index.ts'
import { type StoreHarness, storeContract } from '../../src/testing/index.ts'

const warn = () => {}
let prefixes = 0

await withServer('redis', ({ url }) => {
  storeContract(
    'redis',
    async () => {
      const prefix = `test-${++prefixes}`
      const clients: Redis[] = []
      const open = () => {
        const client = new Redis(url)
        clients.push(client)
        return redisStore({ client, prefix, warn })
      }
      const store = open()
      const mine = new Redis(url)
      clients.push(mine)
      return {
        store,
        breaking: breakableKeys(mine, `{${prefix}}:`),
        another: async () => open(),
        async reopen() {
          await store.close()
          await clients[0]?.quit()
          return open()
        },
        async dispose() {
          await store.close()
          for (const client of clients) client.disconnect()
        },
      }
    },
    { describe, it },
    { seeds: 20, without: { transaction: "Redis has no transaction of the user's database to join" } },
  )
})

/**
 * A script that fails in its middle keeps what it has written. So the n-th "write" fails because somebody else has put
 * something of another kind where it would go: at the first target, at one in the middle, at what all share.
 */
function breakableKeys(client: Redis, root: string): NonNullable<StoreHarness['breaking']> {
  const places = ['entries:a', 'order:b', 'ready']
  return async (write, act) => {
    const key = `${root}${places[write - 1]}`
    await client.set(key, 'not yours')
    await act()
    await client.del(key)
  }
}
