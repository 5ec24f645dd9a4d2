import { setTimeout } from 'node:timers/promises'
import type { Store } from '@unstale/core'
import { Redis } from 'ioredis'
import { changeOf, quietPipeline, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { sampleOf } from './measure.ts'
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
  return onTables({ client: 'pg', url }, async (store, knex) => {
    let statements = 0
    knex.on('query', () => {
      statements++
    })
    return idling(sink, store, seconds, () => statements)
  })
}

function onRedisServer(sink: Sink, url: string, seconds: number): Promise<Idle> {
  return onRedis(url, 'everysec', async (store) => {
    const client = new Redis(url)
    const monitor = await client.monitor()
    let commands = 0
    // What a script does within the server is part of the script.
    monitor.on('monitor', (_time: string, _args: string[], source: string) => {
      if (source !== 'lua') commands++
    })
    try {
      return await idling(sink, store, seconds, () => commands)
    } finally {
      monitor.disconnect()
      client.disconnect()
    }
  })
}

async function idling(sink: Sink, store: Store, seconds: number, statements: () => number): Promise<Idle> {
  const targets = Array.from({ length: TARGETS }, (_, n) => targetOf(`t${n}`, `${sink.origin}/t${n}`, `posts-${n}`))
  const pipeline = quietPipeline({ targets, store })
  tellTrouble(pipeline)
  await pipeline.start()
  try {
    await sink.rateOf(expectOf(TARGETS), () => pipeline.publish(targets.map((_, n) => changeOf(10_000 + n, `posts-${n}`))))
    // The last are settled, and connections that are not needed any more are closed.
    await setTimeout(2000)
    const before = { statements: statements(), cpu: process.cpuUsage(), at: performance.now() }
    await setTimeout(seconds * 1000)
    const { user, system } = process.cpuUsage(before.cpu)
    const took = performance.now() - before.at
    return {
      statementsPerSecond: (statements() - before.statements) / (took / 1000),
      cpu: (100 * (user + system)) / 1000 / took,
    }
  } finally {
    await pipeline.stop()
  }
}
