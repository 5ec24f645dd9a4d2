import type { Clock, Transport, TransportAnswer } from '../../src/ports.ts'
import type { Random } from './random.ts'

export interface ReceivedEvent {
  collection: string
  event: string
  id: string | number
  timestamp: number
  fields: Record<string, unknown>
  previous?: Record<string, unknown>
}

/** One POST as it came in. */
export interface Received {
  url: string
  id: string
  seq: number
  at: number
  /** It was answered with a 2xx. */
  took: boolean
  /** Characters of its body. */
  length: number
  events: readonly ReceivedEvent[]
}

export type Mood = 'fine' | 'error' | 'large' | 'poison' | 'busy' | 'silent' | 'reset' | 'lost' | 'gone' | 'refuses'
export const MOODS: readonly Mood[] = [
  'fine',
  'fine',
  'fine',
  'error',
  'large',
  'poison',
  'busy',
  'silent',
  'reset',
  'lost',
  'gone',
  'refuses',
]

/** Who sends. */
export interface Sender {
  /** Whether it was stopped and continued since it claimed that batch: then it may overlap its successor. */
  wasFrozen(batchId: string): boolean
}

export interface Receivers {
  transportOf(sender: Sender): Transport
  log: readonly Received[]
  /** Urls to which two requests were under way at once, of senders that were not frozen. */
  overlaps: readonly string[]
  setMood(url: string, mood: Mood): void
}

/** Every front end of the world: each url has a mood, and answers with it. */
export function createReceivers(clock: Clock, random: Random): Receivers {
  const moods = new Map<string, Mood>()
  const log: Received[] = []
  const busy = new Map<string, Set<() => boolean>>()
  const overlaps: string[] = []

  async function answer(mood: Mood, received: Received, poisonous: boolean): Promise<TransportAnswer> {
    const took = (): TransportAnswer => {
      received.took = true
      return { kind: 'response', status: 200 }
    }
    switch (mood) {
      case 'fine':
        return took()
      case 'error':
        return { kind: 'response', status: random.pick([500, 503, 301, 404, 401]) }
      case 'large':
        return received.events.length > 2 ? { kind: 'response', status: 413 } : took()
      case 'poison':
        return poisonous ? { kind: 'response', status: random.pick([400, 422]) } : took()
      case 'busy':
        return { kind: 'response', status: 429, retryAfter: String(random.below(40)) }
      case 'reset':
        return { kind: 'network', message: 'reset', unsent: true }
      case 'lost':
        // It took the request, and its answer was lost.
        received.took = true
        return { kind: 'network', message: 'the answer was lost' }
      case 'gone':
        return { kind: 'response', status: 410 }
      case 'refuses':
        return { kind: 'response', status: 400 }
      case 'silent':
        return new Promise(() => {})
    }
  }

  return {
    log,
    overlaps,
    setMood: (url, mood) => moods.set(url, mood),
    transportOf: (sender) => ({
      async send({ url, body, headers }, signal) {
        const wasFrozen = () => sender.wasFrozen(headers['webhook-id'] as string)
        const others = busy.get(url) ?? new Set()
        if (!wasFrozen() && [...others].some((other) => !other())) overlaps.push(url)
        busy.set(url, others.add(wasFrozen))
        const parsed = JSON.parse(body) as unknown
        const raw = (Array.isArray(parsed) ? parsed : [parsed]) as { fields: { id: string | number } }[]
        const received: Received = {
          url,
          id: headers['webhook-id'] as string,
          seq: Number(headers['unstale-seq']),
          at: clock.now(),
          took: false,
          length: body.length,
          // Long texts are not worth being kept.
          events: raw.map(({ fields: { id }, ...event }) => ({ ...event, fields: {}, id }) as never),
        }
        log.push(received)
        const aborted = new Promise<TransportAnswer>((resolve) => {
          signal.addEventListener('abort', () => resolve({ kind: 'aborted', message: 'aborted' }), { once: true })
        })
        try {
          if (random.chance(0.5)) await clock.sleep(random.below(400), signal)
          const mood = moods.get(url) ?? 'fine'
          const poisonous = received.events.some(({ id }) => String(id) === '3')
          return await Promise.race([answer(mood, received, poisonous), aborted])
        } finally {
          others.delete(wasFrozen)
        }
      },
    }),
  }
}
