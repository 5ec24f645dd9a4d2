/** Front ends that take what they are sent: at once, after a while, or not at all. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { monotonic } from '../measure.ts'

export interface Receivers {
  fast: string
  slow: string
  dead: string
  /** Requests since the last `clear`, and when the last of them came. */
  readonly requests: number
  readonly lastAt: number
  clear(): void
  /** Resolves when none has come for so many milliseconds from now on. */
  quiet(ms: number): Promise<void>
  close(): void
}

const SLOW = 500

export async function startReceivers(): Promise<Receivers> {
  let requests = 0
  let lastAt = 0
  const server = createServer((request, response) => {
    requests++
    lastAt = monotonic()
    request.resume()
    request.on('end', async () => {
      if (request.url?.startsWith('/slow')) await setTimeout(SLOW)
      response.writeHead(200).end()
    })
  })
  const closed = createServer()
  for (const one of [server, closed]) await once(one.listen(0, '127.0.0.1'), 'listening')
  const portOf = (one: typeof server) => (one.address() as AddressInfo).port
  const origin = `http://127.0.0.1:${portOf(server)}`
  const dead = `http://127.0.0.1:${portOf(closed)}/dead`
  closed.close()
  return {
    fast: `${origin}/fast`,
    slow: `${origin}/slow`,
    dead,
    get requests() {
      return requests
    },
    get lastAt() {
      return lastAt
    },
    clear() {
      requests = 0
      lastAt = monotonic()
    },
    async quiet(ms) {
      const from = monotonic()
      while (monotonic() - Math.max(from, lastAt) < ms) await setTimeout(ms / 4)
    },
    close: () => void server.close(),
  }
}
