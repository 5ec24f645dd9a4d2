import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Item {
  fields: { id: string; value: number }
  previous?: { value: number }
}

export interface Sink {
  url: string
  /** Per item: the newest value that was answered 2xx, and every old value that was announced. */
  arrived: Map<string, { newest: number; replaced: Set<number> }>
  counts: { requests: number; accepted: number; duplicates: number; overlaps: number; outOfOrder: number; changedBatches: number }
  close(): void
}

/** One target: answers 200, 503 or a reset, by chance, and keeps the books. `onRequest`: one is in flight. */
export async function createSink(random: () => number, onRequest: () => void): Promise<Sink> {
  const arrived: Sink['arrived'] = new Map()
  const counts = { requests: 0, accepted: 0, duplicates: 0, overlaps: 0, outOfOrder: 0, changedBatches: 0 }
  /** Batch id → its items and old values, which never change. */
  const batches = new Map<string, string>()
  const accepted = new Set<string>()
  /** Batch ids and instants of arrival. */
  const inFlight = new Set<{ id: string; at: number }>()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    counts.requests++
    const id = String(request.headers['webhook-id'])
    const at = Date.now()
    for (const other of inFlight) {
      counts.overlaps++
      console.log(`overlap: ${id} arrived while ${other.id} had been in flight for ${at - other.at} ms`)
    }
    const flight = { id, at }
    inFlight.add(flight)
    // A sender that was killed is not in flight any more.
    response.once('close', () => inFlight.delete(flight))
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part
    onRequest()
    const items = JSON.parse(text) as Item[]
    const content = JSON.stringify(items.map(({ fields, previous }) => [fields.id, previous?.value ?? null]).sort())
    if ((batches.get(id) ?? content) !== content) counts.changedBatches++
    batches.set(id, content)

    await new Promise((resolve) => setTimeout(resolve, random() * 20))
    const chance = random()
    const reset = () => {
      // Its sender may try again before we hear that the connection is closed.
      inFlight.delete(flight)
      request.socket.destroy()
    }
    if (chance < 0.04) return reset()
    if (chance < 0.12) return void response.writeHead(503).end()
    accept(id, items)
    // Taken, but its sender does not hear of it.
    if (chance < 0.16) return reset()
    response.writeHead(200).end()
  }

  function accept(id: string, items: readonly Item[]): void {
    const again = accepted.has(id)
    accepted.add(id)
    counts.accepted++
    if (again) counts.duplicates++
    for (const { fields, previous } of items) {
      const item = arrived.get(fields.id) ?? { newest: -1, replaced: new Set<number>() }
      arrived.set(fields.id, item)
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
    arrived,
    counts,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
