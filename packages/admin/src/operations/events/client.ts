/** One who listens: a stream that never holds more than a few messages. */

export interface Client {
  readonly stream: ReadableStream<Uint8Array>
  send(message: string): void
  /** Shows that it is still there, and ends what is not, or has been for too long. */
  beat(): void
  end(): void
}

export interface ClientDeps {
  now(): number
  /** The id of the last message before it came. */
  lastId: number
  /** Its request. */
  signal: AbortSignal
  /** Called once, when it takes nothing more. */
  gone(): void
}

/** Messages that wait for one that is slow; further ones are counted and dropped. */
const WAITING = 64
/** Milliseconds after which it has to ask anew, with the rights that it has then. */
const LONGEST = 3_600_000
/** Milliseconds without taking anything after which it is given up. */
const PATIENCE = 60_000

export function createClient({ now, lastId, signal, gone }: ClientDeps): Client {
  const encoder = new TextEncoder()
  const openedAt = now()
  let takenAt = openedAt
  let lost = 0
  let over = false
  let controller: ReadableStreamDefaultController<Uint8Array>

  const put = (text: string) => controller.enqueue(encoder.encode(text))

  function end(): void {
    if (over) return
    over = true
    signal.removeEventListener('abort', end)
    gone()
    // One that was cancelled is closed already.
    try {
      controller.close()
    } catch {}
  }

  /** Messages were dropped: what it shows may be old. */
  function tellLost(): void {
    if (lost === 0) return
    put(`event: lost\ndata: ${JSON.stringify({ messages: lost })}\n\n`)
    lost = 0
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given
        // Nothing is repeated for who comes back: it reads the state anew when it is told that it is connected.
        put(`retry: 3000\nid: ${lastId}\nevent: open\ndata: ${JSON.stringify({ at: openedAt })}\n\n`)
      },
      pull() {
        takenAt = now()
        tellLost()
      },
      cancel: end,
    },
    { highWaterMark: WAITING },
  )
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) queueMicrotask(end)

  return {
    stream,
    send(message) {
      if ((controller.desiredSize ?? 0) > 0) put(message)
      else lost += 1
    },
    beat() {
      const full = (controller.desiredSize ?? 0) <= 0
      if (now() - openedAt >= LONGEST || (full && now() - takenAt >= PATIENCE)) end()
      else if (!full) put(': still here\n\n')
    },
    end,
  }
}
