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
  const connect = () => new Redis(url, { maxRetriesPerRequest: null, enableAutoPipelining: true })
  const connections = [connect(), connect()] as const
  await connections[0].flushall()
  await connections[0].config('SET', 'appendfsync', 'everysec')
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

/** Its notifications are left off: with so many callers they make it several times slower. */
export const openPgBoss: OpenQueue = async (url, send) => {
  const boss = new PgBoss(url)
  boss.on('error', tell)
  await boss.start()
  await boss.createQueue(NAME)
  await boss.work<WireEvent>(NAME, { batchSize: 500, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 }, (jobs) =>
    inLanes(jobs, CONCURRENCY, ({ data }) => send(data)),
  )
  return { add: (event) => boss.send(NAME, event), close: () => boss.stop() }
}

/** As its documentation measures it, and with the delay that it advises where jobs come one by one. */
export const openGraphileWorker: OpenQueue = async (url, send) => {
  const logger = new Logger(() => (level, message) => void (level === 'error' && tell(message)))
  const worker = {
    concurrentJobs: 24,
    maxPoolSize: 25,
    localQueue: { size: 500, refetchDelay: { durationMs: 100, threshold: 400 } },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  }
  const utils = await makeWorkerUtils({ connectionString: url, logger })
  await utils.migrate()
  const runner = await run({
    preset: { worker: { ...worker, connectionString: url } },
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

function tell(error: unknown): void {
  process.stderr.write(`  trouble with a peer: ${error instanceof Error ? error.message : error}\n`)
}
