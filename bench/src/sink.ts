/**
 * The receiving process of the delivery figures, the same for us and for every peer: it verifies each request, parses its
 * body and marks each item once. What was not verified or was there before does not count.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { SECRET, TOKEN } from './content.ts'
import { monotonic } from './measure.ts'

/** Told by the parent before each measurement. */
export interface Expect {
  /** Items in all, over all targets. */
  count: number
  /** No key is larger. */
  maxKey: number
  /** Whether to answer when each item arrived. */
  times?: boolean
}

/** One request, by the clock of `monotonic`. */
export interface Arrival {
  keys: readonly number[]
  at: number
}

export type SinkMessage =
  | { kind: 'listening'; port: number }
  | { kind: 'expecting' }
  | { kind: 'done'; requests: number; refused: number; twice: number; arrivals: readonly Arrival[] }

const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64')
const bearer = Buffer.from(`Bearer ${TOKEN}`)

let expected: Expect = { count: 0, maxKey: 0 }
let marks = new Map<string, Uint8Array>()
let counts = { marked: 0, requests: 0, refused: 0, twice: 0 }
let arrivals: Arrival[] = []

function isFromSender({ headers }: IncomingMessage, body: Buffer): boolean {
  const given = headers['webhook-signature']
  if (typeof given !== 'string') return same(Buffer.from(headers.authorization ?? ''), bearer)
  const signature = createHmac('sha256', key)
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`)
    .update(body)
    .digest('base64')
  return same(Buffer.from(given), Buffer.from(`v1,${signature}`))
}

const same = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other)

interface Item {
  fields: { id: number }
}

function mark(target: string, items: readonly Item[]): void {
  let marked = marks.get(target)
  if (marked === undefined) {
    marked = new Uint8Array(expected.maxKey + 1)
    marks.set(target, marked)
  }
  for (const { fields } of items) {
    if (marked[fields.id] !== 0) {
      counts.twice++
      continue
    }
    marked[fields.id] = 1
    counts.marked++
  }
}

function receive(request: IncomingMessage, body: Buffer): boolean {
  counts.requests++
  if (!isFromSender(request, body)) {
    counts.refused++
    return false
  }
  const parsed = JSON.parse(body.toString())
  const items: Item[] = Array.isArray(parsed) ? parsed : [parsed]
  mark(request.url ?? '', items)
  if (expected.times) arrivals.push({ keys: items.map(({ fields }) => fields.id), at: monotonic() })
  return true
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const [only, second] = chunks
    const accepted = receive(request, second === undefined && only !== undefined ? only : Buffer.concat(chunks))
    response.writeHead(accepted ? 200 : 401).end()
    if (counts.marked !== expected.count) return
    const { requests, refused, twice } = counts
    counts.marked = 0
    send({ kind: 'done', requests, refused, twice, arrivals })
  })
})

function send(message: SinkMessage): void {
  process.send?.(message)
}

process.on('message', (message: Expect) => {
  expected = message
  marks = new Map()
  counts = { marked: 0, requests: 0, refused: 0, twice: 0 }
  arrivals = []
  send({ kind: 'expecting' })
})
process.on('disconnect', () => process.exit())

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) send({ kind: 'listening', port: address.port })
})
