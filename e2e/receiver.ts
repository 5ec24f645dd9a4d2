import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  /** As it came. */
  raw: string
  /** Parsed, where it is JSON. */
  body: unknown
  /** Epoch milliseconds when the whole of it had come. */
  at: number
}

/** A status; or more; or no answer at all, with the connection left open. */
export type Answer = number | 'never' | { status: number; body?: unknown; headers?: Record<string, string>; delayMs?: number }

/** Gives the answer to the request that came as the `count`th, from 1. */
export type Script = Answer | ((received: Received, count: number) => Answer)

export interface Receiver {
  url: string
  /** All that have come, in order. */
  readonly requests: readonly Received[]
  /** What all of them carried, in order: those of a batch one by one. */
  events<T = FlushEvent>(): T[]
  /** How to answer from now on. At first: 200. */
  answer(script: Script): void
  /** Resolves with what `look` finds, as soon as it finds something; throws with all that has come if that takes too long. */
  until<T>(look: (requests: readonly Received[]) => T | null | undefined | false, timeoutMs?: number): Promise<T>
  /** Resolves with the events once there is one that fits. */
  untilEvent(fits: (event: FlushEvent) => boolean, timeoutMs?: number): Promise<FlushEvent>
  clear(): void
  /** Takes connections no more; `listen` takes them again at the same url. */
  close(): Promise<void>
  listen(): Promise<void>
}

export interface FlushEvent {
  collection: string
  event: 'create' | 'update' | 'delete'
  fields: Record<string, unknown> & { id: string | number }
  timestamp: number
  previous?: Record<string, unknown>
}

/** A front end's receiver route, which writes down every POST, and answers as it is told. */
export async function createReceiver(script: Script = 200): Promise<Receiver> {
  let requests: Received[] = []
  let count = 0
  let port = 0
  const listeners = new Set<() => void>()

  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    // Who breaks off has not sent it.
    const raw = await text(request).catch(() => null)
    if (raw === null) return
    const { url: path = '/', headers } = request
    const received = { path, headers, raw, body: parsed(raw), at: Date.now() }
    requests.push(received)
    count++
    const answer = typeof script === 'function' ? script(received, count) : script
    for (const listener of [...listeners]) listener()
    give(response, answer)
  })

  async function listen(): Promise<void> {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    port = (server.address() as AddressInfo).port
  }

  function until<T>(look: (requests: readonly Received[]) => T | null | undefined | false, timeoutMs = 20_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer)
        listeners.delete(again)
        settle()
      }
      const again = () => {
        try {
          const found = look(requests)
          if (found !== null && found !== undefined && found !== false) end(() => resolve(found))
        } catch (error) {
          end(() => reject(error))
        }
      }
      const timer = setTimeout(() => end(() => reject(tooLate(requests, timeoutMs))), timeoutMs)
      listeners.add(again)
      again()
    })
  }

  await listen()
  const events = <T>() => requests.flatMap(({ body }) => body as T | T[])
  return {
    url: `http://127.0.0.1:${port}/api/flush`,
    get requests() {
      return requests
    },
    events,
    answer: (next) => void (script = next),
    until,
    untilEvent: (fits, timeoutMs) => until(() => events<FlushEvent>().find(fits), timeoutMs),
    clear: () => void (requests = []),
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
    listen,
  }
}

function give(response: ServerResponse, answer: Answer): void {
  if (answer === 'never') return
  const { status, body, headers = {}, delayMs = 0 } = typeof answer === 'number' ? { status: answer } : answer
  const send = () => {
    response.writeHead(status, body === undefined ? headers : { 'content-type': 'application/json', ...headers })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  }
  if (delayMs === 0) send()
  else setTimeout(send, delayMs)
}

function tooLate(requests: readonly Received[], timeoutMs: number): Error {
  const shown = requests.slice(-20).map(({ path, raw }) => `  ${path} ${raw.slice(0, 1000)}`)
  const which = requests.length > shown.length ? `, the last ${shown.length}` : ''
  return new Error(`After ${timeoutMs} ms it has not come. ${requests.length} requests have${which}:\n${shown.join('\n')}`)
}

function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch {
    return undefined
  }
}
