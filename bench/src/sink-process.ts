import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Expect, SinkMessage } from './sink.ts'

export interface Sink {
  origin: string
  /** Starts `send` and answers how many items per second had arrived when the last of them had. */
  rateOf(expect: Expect, send: () => unknown): Promise<number>
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

  return {
    origin: `http://127.0.0.1:${listening.port}`,
    async rateOf(expect, send) {
      child.send(expect)
      await next()
      const arrived = next()
      const from = performance.now()
      await send()
      const done = await arrived
      const took = performance.now() - from
      if (done.kind === 'done' && done.refused > 0) throw new Error(`${done.refused} requests could not be verified`)
      return expect.count / (took / 1000)
    },
    stop: () => void child.kill(),
  }
}
