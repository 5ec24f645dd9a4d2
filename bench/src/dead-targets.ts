import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { TargetInput } from '@unstale/core'
import { quietPipeline, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, quantile, ratioOf, type Subject, sampleOf, slowly } from './measure.ts'
import { publishPaced } from './paced.ts'
import type { Row } from './row.ts'
import { tellTrouble } from './senders.ts'
import { withServers } from './servers.ts'
import { type Sink, startSink } from './sink-process.ts'
import { type OnStore, STORES, type StoreName, storesOn } from './stores.ts'

const TARGETS = 1000
/** The first of them: half refuse connections, half take them and never answer. */
const DEAD = 10
/** Nobody listens on the discard port. */
const REFUSING = 'http://127.0.0.1:9/'

/** What the living notice of the dead. */
export const deadTargets: Group = (effort) =>
  withServers(['postgres'], async (urls) => {
    const sink = await startSink()
    const seconds = effort.quick ? 2 : 10
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const alive = targetsOf(sink.origin)
    const some = [...dying(portOf(silent)), ...alive.slice(DEAD)]
    const { memory, postgres } = storesOn(urls)
    const stores: Partial<Record<StoreName, OnStore>> = { memory, ...(postgres && { postgres }) }
    const subjects: Record<string, Subject> = {}
    for (const [name, onStore] of Object.entries(stores)) {
      subjects[name] = () => livingP99(sink, onStore, alive, { dead: 0, seconds })
      subjects[`${name}, some dead`] = () => livingP99(sink, onStore, some, { dead: DEAD, seconds })
    }
    try {
      const p99s: Partial<Record<string, number[]>> = await interleave(subjects, { ...slowly(effort, 3), warmups: 0 })
      return Object.keys(stores).map((name): Row => {
        const [ours, theirs] = [p99s[`${name}, some dead`] ?? [], p99s[name] ?? []]
        return {
          what: `publish to receipt, p99, 10 of 1,000 targets dead: ${STORES[name as StoreName]}`,
          unit: 'ms',
          ours: sampleOf(ours),
          peer: { what: 'the same targets without a dead one', ...sampleOf(theirs) },
          ratio: ratioOf(ours, theirs),
          mark: { atMost: 1.2 },
        }
      })
    } finally {
      silent.close()
      sink.stop()
    }
  })

/** Milliseconds. */
function livingP99(
  sink: Sink,
  onStore: OnStore,
  targets: TargetInput[],
  { dead, seconds }: { dead: number; seconds: number },
): Promise<number> {
  return onStore(async (store) => {
    const pipeline = quietPipeline({ targets, store })
    tellTrouble(pipeline)
    await pipeline.start()
    try {
      const receipts = await publishPaced(pipeline, sink, { perSecond: 200, seconds, targets: TARGETS, dead })
      return quantile(
        receipts.map(({ took }) => took),
        0.99,
      )
    } finally {
      await pipeline.stop({ drain: 0 })
    }
  })
}

function targetsOf(origin: string): TargetInput[] {
  return Array.from({ length: TARGETS }, (_, n) => targetOf(`t${n}`, `${origin}/t${n}`, `posts-${n}`))
}

function dying(port: number): TargetInput[] {
  return Array.from({ length: DEAD }, (_, n) =>
    n % 2 === 0
      ? targetOf(`t${n}`, REFUSING, `posts-${n}`)
      : { ...targetOf(`t${n}`, `http://127.0.0.1:${port}/`, `posts-${n}`), timeout: 2000 },
  )
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('there is no port to listen on')
  return address.port
}
