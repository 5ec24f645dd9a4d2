import { changesOf, targetOf, wireOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, ratioOf, type Subject, sampleOf, slowly } from './measure.ts'
import { type OpenQueue, openBullmq, openGraphileWorker, openPgBoss, throughQueue } from './queues.ts'
import type { Mark, Row } from './row.ts'
import { expectOf, postBare, throughUs } from './senders.ts'
import { withServers } from './servers.ts'
import { startSink } from './sink-process.ts'
import { STORES, type StoreName, storeNames, storesOn } from './stores.ts'

const TARGETS = 20
const CALLERS = 500
const WINDOW = { quiet: 200, max: 200 }

/** Of the bare limit. */
const MARKS: Readonly<Record<StoreName, Mark | null>> = {
  memory: { atLeast: 0.35 },
  redis: { atLeast: 0.12 },
  redisAlways: null,
  sqlite: { atLeast: 0.1 },
  postgres: { atLeast: 0.06 },
  mysql: null,
}

const PEERS = {
  bare: 'the bare limit: stringify, HMAC, undici, 100 a POST',
  bullmq: 'BullMQ on Redis, one job a change',
  pgBoss: 'pg-boss on the same Postgres, one job a change',
  graphileWorker: 'graphile-worker on the same Postgres, one job a change',
} as const

/** Each change published alone and awaited until it is durable, while what was published before is delivered. */
export const storeRates: Group = (effort) =>
  withServers(['redis', 'postgres', 'mysql'], async (urls) => {
    const scale = effort.quick ? 0.1 : 1
    const changes = changesOf(200_000 * scale, (key) => `posts-${key % TARGETS}`)
    const events = changes.map(wireOf)
    const sink = await startSink()
    const targets = Array.from({ length: TARGETS }, (_, index) => ({
      ...targetOf(`t${index}`, `${sink.origin}/t${index}`, `posts-${index}`),
      window: WINDOW,
    }))
    // Queues are many times slower, and as fast with few as with many.
    const throughOpen = (open: OpenQueue, url: string, count: number) =>
      throughQueue(sink, open, { url, events: events.slice(0, count * scale), targets: TARGETS, callers: CALLERS })

    const { redis, postgres } = urls
    const stores = storesOn(urls)
    const subjects: Record<string, Subject> = {
      bare: () => sink.rateOf(expectOf(events.length), () => postBare(sink.origin, events)),
      ...(redis && { bullmq: () => throughOpen(openBullmq, redis, 20_000) }),
      ...(postgres && {
        pgBoss: () => throughOpen(openPgBoss, postgres, 5000),
        graphileWorker: () => throughOpen(openGraphileWorker, postgres, 5000),
      }),
    }
    for (const [name, onStore] of Object.entries(stores)) {
      subjects[name] = () => onStore((store) => throughUs(sink, { changes, targets, callers: CALLERS, store }))
    }
    try {
      const rates: Partial<Record<string, number[]>> = await interleave(subjects, slowly(effort, 5))
      const against = (
        store: StoreName,
        peer: keyof typeof PEERS,
        mark: Mark | null,
        what = `published by 500 callers and delivered: ${STORES[store]}`,
      ): Row[] => {
        const [ours, theirs] = [rates[store], rates[peer]]
        if (ours === undefined || theirs === undefined) return []
        return [
          {
            what,
            unit: 'changes/s',
            ours: sampleOf(ours),
            peer: { what: PEERS[peer], ...sampleOf(theirs) },
            ratio: ratioOf(ours, theirs),
            mark,
          },
        ]
      }
      return [
        ...storeNames(stores).flatMap((name) => against(name, 'bare', MARKS[name])),
        ...against('postgres', 'bullmq', { atLeast: 5 }, 'the same on Postgres, against BullMQ'),
        ...against('postgres', 'pgBoss', null, 'the same on Postgres, against pg-boss'),
        ...against('postgres', 'graphileWorker', null, 'the same on Postgres, against graphile-worker'),
      ]
    } finally {
      sink.stop()
    }
  })
