import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { findService, type Service } from '../../../../tools/services/index.ts'
import { redisStore } from '../../src/index.ts'
import type { Shared } from './stores.ts'

/** The keys have a prefix of their own: the server may be somebody's. */
interface Place {
  url: string
  prefix: string
}

let service: Service

/** Without transactions: everybody publishes, and is told when it is durable. */
export const redis: Shared = {
  async prepare() {
    const found = await findService('redis')
    if ('missing' in found) throw new Error(found.missing)
    service = found
    return JSON.stringify({ url: found.url, prefix: `torture-${randomBytes(4).toString('hex')}` } satisfies Place)
  },
  async open(text) {
    const { url, prefix } = JSON.parse(text) as Place
    const client = new Redis(url)
    return {
      store: redisStore({ client, prefix }),
      committed: async () => new Map(),
      close: async () => client.disconnect(),
    }
  },
  async remove(text) {
    const { url, prefix } = JSON.parse(text) as Place
    const client = new Redis(url)
    for await (const keys of client.scanStream({ match: `{${prefix}}*` }))
      for (const key of keys as string[]) await client.del(key)
    client.disconnect()
    await service.stop()
  },
}
