import { quietPipeline, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, quantile, type Subject, sampleOf, slowly } from './measure.ts'
import { publishPaced } from './paced.ts'
import type { Row } from './row.ts'
import { tellTrouble } from './senders.ts'
import { withServers } from './servers.ts'
import { type Sink, startSink } from './sink-process.ts'
import { type OnStore, STORES, type StoreName, storeNames, storesOn } from './stores.ts'

const TARGETS = 20

/** How long after its window a change arrives, at a pace that no store minds. */
export const latency: Group = (effort) =>
  withServers(['redis', 'postgres', 'mysql'], async (urls) => {
    const sink = await startSink()
    const seconds = effort.quick ? 1 : 5
    const stores = storesOn(urls)
    const subjects: Record<string, Subject> = {}
    for (const [name, onStore] of Object.entries(stores)) subjects[name] = () => lateness(sink, onStore, seconds)
    try {
      const late: Partial<Record<StoreName, number[]>> = await interleave(subjects, { ...slowly(effort, 3), warmups: 0 })
      return storeNames(stores).map((name): Row => {
        const sample = sampleOf(late[name] ?? [])
        return {
          what: `receipt after its window, p99 at 200 changes/s: ${STORES[name]}`,
          unit: 'ms',
          ours: sample,
          peer: null,
          ratio: sample,
          mark: { atMost: 25 },
        }
      })
    } finally {
      sink.stop()
    }
  })

function lateness(sink: Sink, onStore: OnStore, seconds: number): Promise<number> {
  const targets = Array.from({ length: TARGETS }, (_, n) => targetOf(`t${n}`, `${sink.origin}/t${n}`, `posts-${n}`))
  return onStore(async (store) => {
    const pipeline = quietPipeline({ targets, store })
    tellTrouble(pipeline)
    await pipeline.start()
    try {
      const receipts = await publishPaced(pipeline, sink, { perSecond: 200, seconds, targets: TARGETS })
      return quantile(
        receipts.map(({ late }) => late),
        0.99,
      )
    } finally {
      await pipeline.stop()
    }
  })
}
