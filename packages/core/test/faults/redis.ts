import { Redis } from 'ioredis'
import { redisStore } from '../../src/index.ts'
import { type Backend, TIMEOUT } from './backend.ts'

export function redisBackend(url: string): Backend {
  const direct = open(url)

  function open(address: string): Redis {
    const client = new Redis(address)
    // What fails is told by the call that fails.
    client.on('error', () => {})
    return client
  }

  return {
    prepare: async () => void (await direct.ping()),
    async connect(port) {
      const address = new URL(url)
      address.port = String(port)
      const client = open(String(address))
      return {
        store: redisStore({ client, timeout: TIMEOUT }),
        close: async () => client.disconnect(),
      }
    },
    killConnections: async () => Number(await direct.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')),
    words: [/evalsha/i],
    close: async () => direct.disconnect(),
  }
}
