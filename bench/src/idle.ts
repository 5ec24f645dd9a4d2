import { setTimeout } from 'node:timers/promises'
import type { Store } from '@unstale/core'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { changeOf, quietPipeline, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { monotonic, sampleOf } from './measure.ts'
import type { Row } from './row.ts'
import { expectOf, tellTrouble } from './senders.ts'
import { withServers } from './servers.ts'
import { type Sink, startSink } from './sink-process.ts'
import { onRedis, onTables } from './stores.ts'

const TARGETS = 1000

interface Idle {
  /** Asked of the server by this process. */
  statementsPerSecond: number
  /** Percent of a core. */
  cpu: number
}

/** What a process costs that has nothing to do: each target has had one change, and that is delivered. */
export const idle: Group = ({ quick }) =>
  withServers(['redis', 'postgres'], async ({ redis, postgres }) => {
    const sink = await startSink()
    const seconds = quick ? 3 : 20
    try {
      return [
        ...(postgres ? rowsOf('Postgres', 'statements/s', await onPostgres(sink, postgres, seconds)) : []),
        ...(redis ? rowsOf('Redis', 'commands/s', await onRedisServer(sink, redis, seconds)) : []),
      ]
    } finally {
      sink.stop()
    }
  })

function rowsOf(store: string, unit: string, { statementsPerSecond, cpu }: Idle): Row[] {
  const row = (what: string, unit: string, value: number, mark: Row['mark']): Row => {
    const sample = sampleOf([value])
    return { what, unit, ours: sample, peer: null, ratio: sample, mark }
  }
  return [
    row(`asked of ${store} by a process with 1,000 idle targets`, unit, statementsPerSecond, { atMost: 1 }),
    row(`CPU of a process with 1,000 idle targets, ${store}`, '% of a core', cpu, null),
  ]
}

function onPostgres(sink: Sink, url: string, seconds: number): Promise<Idle> {
  return onTables({ client: 'pg', url }, async (store) => {
    const asked: number[] = []
    // The store asks the driver itself.
    const { query } = Client.prototype
    Client.prototype.query = function (this: Client, ...args: unknown[]) {
      asked.push(monotonic())
      return Reflect.apply(query, this, args)
    } as typeof query
    try {
      return await idling(sink, store, seconds, asked)
    } finally {
      Client.prototype.query = query
    }
  })
}

function onRedisServer(sink: Sink, url: string, seconds: number): Promise<Idle> {
  return onRedis(url, 'everysec', async (store) => {
    const client = new Redis(url)
    const monitor = await client.monitor()
    const asked: number[] = []
    // What a script does within the server is part of the script.
    monitor.on('monitor', (_time: string, _args: string[], source: string) => {
      if (source !== 'lua') asked.push(monotonic())
    })
    try {
      return await idling(sink, store, seconds, asked)
    } finally {
      monitor.disconnect()
      client.disconnect()
    }
  })
}

/** `asked` grows by the instant of each statement. */
async function idling(sink: Sink, store: Store, seconds: number, asked: number[]): Promise<Idle> {
  const targets = Array.from({ length: TARGETS }, (_, n) => targetOf(`t${n}`, `${sink.origin}/t${n}`, `posts-${n}`))
  const pipeline = quietPipeline({ targets, store })
  tellTrouble(pipeline)
  await pipeline.start()
  try {
    await sink.rateOf(expectOf(TARGETS), () => pipeline.publish(targets.map((_, n) => changeOf(10_000 + n, `posts-${n}`))))
    // The last are settled, and connections that are not needed any more are closed.
    await setTimeout(2000)
    asked.length = 0
    const [from, before] = [performance.now(), process.cpuUsage()]
    await setTimeout(seconds * 1000)
    const { user, system } = process.cpuUsage(before)
    const took = performance.now() - from
    // From the first to the last: what the ends of the time cut off would count as a whole one.
    const apart = ((asked.at(-1) ?? 0) - (asked[0] ?? 0)) / 1000
    return {
      statementsPerSecond: asked.length > 1 ? (asked.length - 1) / apart : asked.length / seconds,
      cpu: (100 * (user + system)) / 1000 / took,
    }
  } finally {
    await pipeline.stop()
  }
}
