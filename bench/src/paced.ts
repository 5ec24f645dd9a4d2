/** Publishes at a steady pace and tells when each change arrived. */
import { setTimeout } from 'node:timers/promises'
import { DEFAULT_WINDOW, type Pipeline } from '@unstale/core'
import { changeOf } from './content.ts'
import { monotonic } from './measure.ts'
import type { Arrival } from './sink.ts'
import type { Sink } from './sink-process.ts'

export interface Pace {
  perSecond: number
  seconds: number
  /** Each change is for one of so many targets, of the collections `posts-0`, `posts-1`, … */
  targets: number
  /** The first targets, which are dead: what is for them is not waited for. Default none. */
  dead?: number
}

/** Of one change. */
export interface Receipt {
  publishedAt: number
  /** Milliseconds from the call of `publish` to the receiver's having verified and parsed it. */
  took: number
  /** Of these, the milliseconds after the window of its batch had closed: its last change is long enough ago, or its first. */
  late: number
}

/** A second that nothing is told of: the first batches pay for connections and compilers. */
const WARMUP = 1

export async function publishPaced(
  pipeline: Pipeline,
  sink: Sink,
  { perSecond, seconds, targets, dead = 0 }: Pace,
): Promise<Receipt[]> {
  const pick = picking(targets)
  const changes = Array.from({ length: perSecond * (seconds + WARMUP) }, (_, n) => {
    const target = pick()
    return { target, change: changeOf(10_000 + n, `posts-${target}`) }
  })
  const publishedAt = new Map<number, number>()
  const living = changes.filter(({ target }) => target >= dead)
  const arrivals = await sink.arrivalsOf({ count: living.length, maxKey: 10_000 + changes.length }, () =>
    atPace(changes, perSecond, ({ change }) => {
      publishedAt.set(change.key, monotonic())
      return pipeline.publish(change)
    }),
  )
  const from = (publishedAt.get(10_000) ?? 0) + WARMUP * 1000
  return receiptsOf(arrivals, publishedAt).filter(({ publishedAt: at }) => at >= from)
}

/** What each request tells of the changes in it, which were published at the instants given by key. */
export function receiptsOf(arrivals: readonly Arrival[], publishedAt: ReadonlyMap<number, number>): Receipt[] {
  return arrivals.flatMap(({ keys, at }) => {
    const published = keys.map((key) => publishedAt.get(key) ?? Number.NaN)
    const closed = Math.min(Math.max(...published) + DEFAULT_WINDOW.quiet, Math.min(...published) + DEFAULT_WINDOW.max)
    return published.map((publishedAt) => ({ publishedAt, took: at - publishedAt, late: at - closed }))
  })
}

/** Open loop: a slow publish holds up none that comes after it. */
async function atPace<T>(items: readonly T[], perSecond: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const from = monotonic()
  const running: Promise<unknown>[] = []
  for (const [n, item] of items.entries()) {
    const wait = from + (n * 1000) / perSecond - monotonic()
    if (wait > 0) await setTimeout(wait)
    running.push(work(item))
  }
  await Promise.all(running)
}

/** The same targets in every run, in no order. */
function picking(count: number): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
}
