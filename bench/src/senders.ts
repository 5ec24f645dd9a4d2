/** What sends changes in the delivery figures: a pipeline of ours, what people write today, and the bare limit. */
import { createHmac, randomUUID } from 'node:crypto'
import { memoryStore, type Pipeline, type Store } from '@unstale/core'
import { ofetch } from 'ofetch'
import { Pool } from 'undici'
import { inLanes, quietPipeline, type SampleChange, SECRET, slices, TOKEN, type targetOf, type WireEvent } from './content.ts'
import type { Expect } from './sink.ts'
import type { Sink } from './sink-process.ts'

export interface Load {
  changes: readonly SampleChange[]
  targets: ReturnType<typeof targetOf>[]
  /** Changes that one call of `publish` takes. Default 1. */
  perCall?: number
  /** Who publish side by side; each waits for its publish before it makes the next. Default 10. */
  callers?: number
  /** How many targets each change is for. */
  copies?: number
  store?: Store
}

/** How many changes a second a pipeline of ours accepts and delivers. */
export async function throughUs(
  sink: Sink,
  { changes, targets, perCall = 1, callers = 10, copies = 1, store = memoryStore() }: Load,
): Promise<number> {
  const pipeline = quietPipeline({ targets, store })
  tellTrouble(pipeline)
  await pipeline.start()
  const calls = slices(changes, perCall)
  try {
    return await sink.rateOf(expectOf(changes.length, copies), () => inLanes(calls, callers, (call) => pipeline.publish(call)))
  } finally {
    await pipeline.stop()
  }
}

/** A store in trouble is no figure: whoever reads one has to know. */
export function tellTrouble(pipeline: Pipeline): void {
  pipeline.on('error', ({ scope, error }) => {
    process.stderr.write(`  trouble with the ${scope}: ${error instanceof Error ? error.message : error}\n`)
  })
}

/** Keys begin at 10,000, so that all have five digits or six. */
export function expectOf(changes: number, copies = 1): Expect {
  return { count: changes * copies, maxKey: 10_000 + changes }
}

/** One change a request, ten at a time, with a bearer token: unsigned, since that is what people write. */
export async function postEach(origin: string, events: readonly WireEvent[]): Promise<void> {
  await inLanes(events, 10, (event) =>
    ofetch(`${origin}/ofetch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: event,
    }),
  )
}

const keyBytes = Buffer.from(SECRET.slice('whsec_'.length), 'base64')

/** One request with its HMAC, and nothing else. */
export async function postSigned(pool: Pool, path: string, body: string): Promise<void> {
  const id = randomUUID()
  const seconds = Math.floor(Date.now() / 1000)
  const signature = createHmac('sha256', keyBytes).update(`${id}.${seconds}.${body}`).digest('base64')
  const answer = await pool.request({
    method: 'POST',
    path,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${signature}`,
    },
    body,
  })
  await answer.body.dump()
}

/** Nothing but what cannot be left out: stringify, sign and POST a hundred at a time, ten in flight. */
export async function postBare(origin: string, events: readonly WireEvent[]): Promise<void> {
  const pool = new Pool(origin, { connections: 10 })
  await inLanes(slices(events, 100), 10, (slice) => postSigned(pool, '/bare', JSON.stringify(slice)))
  await pool.close()
}
