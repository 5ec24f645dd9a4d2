import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Item {
  fields: { id: string; value: number }
  previous?: { value: number }
}

/** One request. Instants are those of this process. */
export interface Arrival {
  /** Of its batch. */
  id: string
  /** Name of the process that sent it. */
  sender: string
  at: number
  /** Whether its changes were taken. */
  accepted: boolean
  /** `none`: the sender did not wait for it. */
  answer: 'none' | 'sent' | 'reset'
}

export interface Sink {
  url: string
  /** Per item: the newest value that was answered 2xx, and every old value that was announced. */
  items: Map<string, { newest: number; replaced: Set<number> }>
  /** In order. */
  arrivals: readonly Arrival[]
  counts: { overlaps: number; outOfOrder: number; changedBatches: number }
  close(): void
}

/** The header by which senders say who they are. */
export const SENDER = 'sender'

/** One target: answers 200, 503 or a reset, by chance, and keeps the books. `onArrival`: one is in flight. */
export async function createSink(random: () => number, onArrival: (arrival: Arrival) => void): Promise<Sink> {
  const items: Sink['items'] = new Map()
  const arrivals: Arrival[] = []
  const counts = { overlaps: 0, outOfOrder: 0, changedBatches: 0 }
  /** Batch id → its items and old values, which never change. */
  const batches = new Map<string, string>()
  const accepted = new Set<string>()
  const inFlight = new Set<Arrival>()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { 'webhook-id': id, [SENDER]: sender } = request.headers
    const arrival: Arrival = { id: String(id), sender: String(sender), at: Date.now(), accepted: false, answer: 'none' }
    for (const other of inFlight) {
      counts.overlaps++
      const age = arrival.at - other.at
      console.log(`overlap: ${arrival.id} of ${sender} while ${other.id} of ${other.sender} had been in flight for ${age} ms`)
    }
    arrivals.push(arrival)
    inFlight.add(arrival)
    response.once('finish', () => {
      arrival.answer = 'sent'
    })
    // A sender that was killed is not in flight any more.
    response.once('close', () => inFlight.delete(arrival))
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part
    onArrival(arrival)
    const content = JSON.parse(text) as Item[]
    const named = JSON.stringify(content.map(({ fields, previous }) => [fields.id, previous?.value ?? null]).sort())
    if ((batches.get(arrival.id) ?? named) !== named) counts.changedBatches++
    batches.set(arrival.id, named)

    await new Promise((resolve) => setTimeout(resolve, random() * 20))
    const chance = random()
    const reset = () => {
      arrival.answer = 'reset'
      // Its sender may try again before we hear that the connection is closed.
      inFlight.delete(arrival)
      request.socket.destroy()
    }
    if (chance < 0.04) return reset()
    if (chance < 0.12) return void response.writeHead(503).end()
    accept(arrival, content)
    // Taken, but its sender does not hear of it.
    if (chance < 0.16) return reset()
    response.writeHead(200).end()
  }

  function accept(arrival: Arrival, content: readonly Item[]): void {
    const again = accepted.has(arrival.id)
    accepted.add(arrival.id)
    arrival.accepted = true
    for (const { fields, previous } of content) {
      const item = items.get(fields.id) ?? { newest: -1, replaced: new Set<number>() }
      items.set(fields.id, item)
      if (fields.value < item.newest && !again) counts.outOfOrder++
      item.newest = Math.max(item.newest, fields.value)
      if (previous !== undefined) item.replaced.add(previous.value)
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/flush`,
    items,
    arrivals,
    counts,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
