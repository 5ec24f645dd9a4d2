import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createBell } from './bell.ts'

/** Stands between a client and a server, and breaks the line in the ways in which networks do. */
export interface Line {
  port: number
  /** Kills every connection, and each new one at once. */
  cut(): void
  /** Kills new connections only. */
  refuse(): void
  /** Half-open: what is sent either way is swallowed, and connections stay open. Those that exist, or new ones, too. */
  swallow(which: 'existing' | 'all'): void
  /** Half-open from the portion on in which a client says this: resolves when one has, on the first connection on which it does. */
  swallowAt(words: RegExp): Promise<void>
  /** Each portion takes `ms` milliseconds longer, either way. */
  delay(ms: number): void
  /** A good line again. A connection that missed something stays dead, as it would after a change of routes. */
  heal(): void
  /** Resolves when something was swallowed since `swallow` was called, on any connection, or on one that was made since. */
  swallowed(which?: 'new'): Promise<void>
  close(): Promise<void>
}

interface Connection {
  client: Socket
  server: Socket
  dead: boolean
  /** Made while everything is swallowed. */
  stillborn: boolean
}

export async function createProxy(upstream: { host: string; port: number }): Promise<Line> {
  const connections = new Set<Connection>()
  const bell = createBell()
  let admitted: 'all' | 'none' | 'dead' = 'all'
  let latency = 0
  let [lost, lostOfNew] = [0, 0]
  let fatal: RegExp | null = null

  function pass(connection: Connection, from: Socket, to: Socket): void {
    /** When the last portion has gone on: none overtakes another. */
    let last: Promise<unknown> | null = null
    from.on('data', (data) => {
      if (fatal !== null && from === connection.client && fatal.test(data.toString('latin1'))) {
        connection.dead = true
        fatal = null
      }
      if (connection.dead) {
        lost += data.length
        if (connection.stillborn) lostOfNew += data.length
        return bell.ring()
      }
      if (latency === 0 && last === null) return void to.write(data)
      const late = new Promise((resolve) => setTimeout(resolve, latency))
      const mine = Promise.all([last, late]).then(() => {
        if (!connection.dead) to.write(data)
        if (last === mine) last = null
      })
      last = mine
    })
    // Neither side of a dead connection hears that the other has ended.
    const ends = () => {
      if (connection.dead) return
      connections.delete(connection)
      void Promise.resolve(last).then(() => to.destroy())
    }
    from.on('end', ends)
    from.on('close', ends)
    from.on('error', () => {})
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (admitted === 'none') return void client.destroy()
    const dead = admitted === 'dead'
    const connection: Connection = { client, server: connect({ ...upstream, allowHalfOpen: true }), dead, stillborn: dead }
    connections.add(connection)
    pass(connection, client, connection.server)
    pass(connection, connection.server, client)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')

  function cutAll(): void {
    for (const connection of connections) {
      connection.client.destroy()
      connection.server.destroy()
    }
    connections.clear()
  }

  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      admitted = 'none'
      cutAll()
    },
    refuse() {
      admitted = 'none'
    },
    swallow(which) {
      lost = lostOfNew = 0
      for (const connection of connections) connection.dead = true
      if (which === 'all') admitted = 'dead'
    },
    swallowAt(words) {
      lost = 0
      fatal = words
      return bell.until(() => lost > 0)
    },
    delay(ms) {
      latency = ms
    },
    heal() {
      admitted = 'all'
      latency = 0
    },
    swallowed: (which) => bell.until(() => (which === 'new' ? lostOfNew : lost) > 0),
    async close() {
      cutAll()
      server.close()
      await once(server, 'close')
    },
  }
}
