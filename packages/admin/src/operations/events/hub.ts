/** One listener for all who listen: what a flood brings is put together, and everybody gets the same few messages. */
import type { Context } from '../../options.ts'
import { type Client, createClient } from './client.ts'
import { type Kind, listenTo, merged, type Telling } from './tellings.ts'

/** The data of a message. `more`: so many targets or errors besides are not listed. */
export interface EventMessage {
  tellings: readonly Telling[]
  more: number
}

export interface Hub {
  /** Null: too many listen already, or nobody may any more. */
  open(signal: AbortSignal): ReadableStream<Uint8Array> | null
  /** Ends what all of them listen to, for good. */
  close(): void
}

const CLIENTS = 100
/** Milliseconds between two messages, and how many may be sent at once before that counts. */
const PACE = { every: 100, burst: 3 }
/** Tellings of one message. */
const LISTED = 100
const HEARTBEAT = 15_000

export function createHub({ pipeline, clock, onError }: Pick<Context, 'pipeline' | 'clock' | 'onError'>): Hub {
  const clients = new Set<Client>()
  const waiting = new Map<Kind, { tellings: Map<string, Telling>; more: number }>()
  let lastId = 0
  /** When the next message would be on time, had they been sent at that pace for ever. */
  let dueAt = Number.NEGATIVE_INFINITY
  let sending = false
  let rest: (() => void) | null = null
  let closed = false

  function tell(kind: Kind, key: string, telling: Telling): void {
    let kept = waiting.get(kind)
    if (kept === undefined) waiting.set(kind, (kept = { tellings: new Map(), more: 0 }))
    const older = kept.tellings.get(key)
    if (older === undefined && kept.tellings.size >= LISTED) kept.more += telling.count
    else kept.tellings.set(key, merged(older, telling))
    if (!sending) void send()
  }

  /** Until nothing waits. Kinds take turns, so that none waits for another's flood. */
  async function send(): Promise<void> {
    sending = true
    // What is told in one go is told in one message.
    await null
    for (let [first] = waiting; first !== undefined && clients.size > 0; [first] = waiting) {
      const wait = dueAt - clock.now() - (PACE.burst - 1) * PACE.every
      if (wait > 0) {
        await clock.sleep(wait)
        continue
      }
      dueAt = Math.max(dueAt, clock.now()) + PACE.every
      const [kind, { tellings, more }] = first
      waiting.delete(kind)
      lastId += 1
      const data = JSON.stringify({ tellings: [...tellings.values()], more } satisfies EventMessage)
      for (const client of clients) client.send(`id: ${lastId}\nevent: ${kind}\ndata: ${data}\n\n`)
    }
    waiting.clear()
    sending = false
  }

  /** While somebody listens; returns how to stop. */
  function begin(): () => void {
    const over = new AbortController()
    const stop = listenTo(pipeline, { tell, now: clock.now, failed: onError })
    void (async () => {
      for (;;) {
        await clock.sleep(HEARTBEAT, over.signal)
        if (over.signal.aborted) return
        for (const client of [...clients]) client.beat()
      }
    })()
    return () => {
      stop()
      over.abort()
    }
  }

  return {
    open(signal) {
      if (closed || clients.size >= CLIENTS) return null
      rest ??= begin()
      const client = createClient({ now: clock.now, lastId, signal, gone: () => leave(client) })
      clients.add(client)
      return client.stream
    },
    close() {
      closed = true
      for (const client of [...clients]) client.end()
    },
  }

  function leave(client: Client): void {
    clients.delete(client)
    if (clients.size > 0) return
    rest?.()
    rest = null
  }
}
