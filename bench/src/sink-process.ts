import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Arrival, Expect, SinkMessage } from './sink.ts'

const PATIENCE = 120_000

export interface Sink {
  origin: string
  /** Starts `send` and answers how many items per second had arrived when the last of them had. */
  rateOf(expect: Expect, send: () => unknown): Promise<number>
  /** Starts `send` and answers when everything arrived. */
  arrivalsOf(expect: Expect, send: () => unknown): Promise<readonly Arrival[]>
  stop(): void
}

/** Starts the receiving process, so that no sender shares its event loop. */
export async function startSink(): Promise<Sink> {
  const child = fork(new URL('sink.ts', import.meta.url))
  child.on('exit', (code) => {
    if (code !== 0 && code !== null) throw new Error(`the receiving process ended with ${code}`)
  })
  const next = async (): Promise<SinkMessage> => (await once(child, 'message'))[0]
  const listening = await next()
  if (listening.kind !== 'listening') throw new Error('the receiving process does not listen')

  /** Starts `send`, and answers once all has arrived. */
  async function receive(expect: Expect, send: () => unknown): Promise<{ arrivals: readonly Arrival[]; took: number }> {
    child.send(expect)
    await next()
    const arrived = next()
    const from = performance.now()
    await send()
    const done = await inTime(arrived)
    const took = performance.now() - from
    if (done.kind !== 'done') throw new Error('the receiving process lost count')
    if (done.refused > 0) throw new Error(`${done.refused} requests could not be verified`)
    return { arrivals: done.arrivals, took }
  }

  return {
    origin: `http://127.0.0.1:${listening.port}`,
    rateOf: async (expect, send) => expect.count / ((await receive(expect, send)).took / 1000),
    arrivalsOf: async (expect, send) => (await receive({ ...expect, times: true }, send)).arrivals,
    stop: () => void child.kill(),
  }
}

/** All has been sent: what has not arrived by now will not. */
async function inTime<T>(arrived: Promise<T>): Promise<T> {
  const late = new AbortController()
  const never = setTimeout(PATIENCE, null, { signal: late.signal }).then(() => {
    throw new Error(`not everything had arrived ${PATIENCE / 1000} s after it was sent`)
  })
  try {
    return await Promise.race([arrived, never])
  } finally {
    never.catch(() => {})
    late.abort()
  }
}
