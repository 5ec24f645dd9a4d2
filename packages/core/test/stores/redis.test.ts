import { Cluster, Redis } from 'ioredis'
import { beforeAll, describe, it } from 'vitest'
import { withServer } from '../../../../tools/services/in-tests.ts'
import { redisStore } from '../../src/stores/redis/index.ts'
import { type StoreHarness, storeContract } from '../../src/testing/index.ts'

const warn = () => {}
const without = { transaction: "Redis has no transaction of the user's database to join" }
let prefixes = 0

/** An empty store for each test, by clients that `connect` makes. */
function harness(connect: () => Redis | Cluster): () => Promise<StoreHarness> {
  return async () => {
    const prefix = `test-${++prefixes}`
    const clients: (Redis | Cluster)[] = []
    const open = () => {
      const client = connect()
      clients.push(client)
      return redisStore({ client, prefix, warn })
    }
    const store = open()
    const mine = connect()
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
  }
}

await withServer('redis', ({ url }) => {
  storeContract(
    'redis',
    harness(() => new Redis(url)),
    { describe, it },
    { seeds: 20, without },
  )
})

await withServer(
  'redis',
  ({ port }) => {
    const connect = () => new Cluster([{ host: '127.0.0.1', port }])

    beforeAll(async () => {
      const node = new Redis(port)
      await node.cluster('ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot))
      while (!String(await node.cluster('INFO')).includes('cluster_state:ok'));
      node.disconnect()
    })
    storeContract('redis cluster', harness(connect), { describe, it }, { seeds: 2, without })
  },
  { settings: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] },
)

/**
 * A script that fails in its middle keeps what it has written. So the n-th "write" fails because somebody else has put
 * something of another kind where it would go: at the first target, at one in the middle, at what all share.
 */
function breakableKeys(client: Redis | Cluster, root: string): NonNullable<StoreHarness['breaking']> {
  const places = ['entries:a', 'order:b', 'ready']
  return async (write, act) => {
    const key = `${root}${places[write - 1]}`
    await client.set(key, 'not yours')
    await act()
    await client.del(key)
  }
}
