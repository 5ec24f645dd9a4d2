/** The peers that are queues: one job for each change, and a worker that posts it. Each with its best documented settings. */
import { Queue as BullQueue, Worker } from 'bullmq'
import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import { Redis } from 'ioredis'
import { PgBoss } from 'pg-boss'
import { Pool } from 'undici'
import { inLanes, type WireEvent } from './content.ts'
import { expectOf, postSigned } from './senders.ts'
import type { Sink } from './sink-process.ts'

/** Jobs that are worked on side by side. */
const CONCURRENCY = 50
const NAME = 'flush'

type Send = (event: WireEvent) => Promise<void>

export interface Queue {
  add(event: WireEvent): Promise<unknown>
  close(): Promise<void>
}

export type OpenQueue = (url: string, send: Send) => Promise<Queue>

/** How many changes a second a queue takes and its worker delivers; `callers` add side by side, each awaiting its own. */
export async function throughQueue(
  sink: Sink,
  open: OpenQueue,
  { url, events, targets, callers }: { url: string; events: readonly WireEvent[]; targets: number; callers: number },
): Promise<number> {
  const pool = new Pool(sink.origin, { connections: CONCURRENCY })
  const queue = await open(url, (event) => postSigned(pool, `/t${event.fields.id % targets}`, JSON.stringify(event)))
  try {
    return await sink.rateOf(expectOf(events.length), () => inLanes(events, callers, queue.add))
  } finally {
    await queue.close()
    await pool.close()
  }
}

export const openBullmq: OpenQueue = async (url, send) => {
  const connections = [new Redis(url, { maxRetriesPerRequest: null }), new Redis(url, { maxRetriesPerRequest: null })] as const
  await connections[0].flushall()
  const queue = new BullQueue<WireEvent>(NAME, { connection: connections[0] })
  const worker = new Worker<WireEvent>(NAME, ({ data }) => send(data), {
    connection: connections[1],
    concurrency: CONCURRENCY,
    removeOnComplete: { count: 0 },
  })
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
  return {
    add: (event) => queue.add(NAME, event),
    async close() {
      await worker.close()
      await queue.close()
      for (const connection of connections) connection.disconnect()
    },
  }
}

export const openPgBoss: OpenQueue = async (url, send) => {
  const boss = new PgBoss({ connectionString: url, useListenNotify: true, schema: 'pgboss' })
  await boss.start()
  await boss.createQueue(NAME, { notify: true })
  await boss.work<WireEvent>(NAME, { batchSize: 500, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 }, (jobs) =>
    inLanes(jobs, CONCURRENCY, ({ data }) => send(data)),
  )
  return {
    add: (event) => boss.send(NAME, event),
    async close() {
      await boss.stop({ graceful: false })
    },
  }
}

export const openGraphileWorker: OpenQueue = async (url, send) => {
  const logger = new Logger(() => () => {})
  const preset = {
    worker: {
      connectionString: url,
      concurrentJobs: CONCURRENCY,
      maxPoolSize: CONCURRENCY + 2,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  }
  const utils = await makeWorkerUtils({ preset, logger })
  await utils.migrate()
  const runner = await run({
    preset,
    logger,
    noHandleSignals: true,
    taskList: { [NAME]: (payload) => send(payload as WireEvent) },
  })
  return {
    add: (event) => utils.addJob(NAME, event),
    async close() {
      await runner.stop()
      await utils.release()
    },
  }
}
