import { monitorEventLoopDelay } from 'node:perf_hooks'
import { changesOf, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, sampleOf, slowly } from './measure.ts'
import type { Row } from './row.ts'
import { throughUs } from './senders.ts'
import { startSink } from './sink-process.ts'
import { type OnStore, STORES, storesOn } from './stores.ts'

/** Milliseconds between two looks at the clock. */
const RESOLUTION = 1

/** How long nothing else could run, while 500 callers publish and all of it is delivered. */
export const stall: Group = async (effort) => {
  const changes = changesOf(effort.quick ? 10_000 : 200_000, (key) => `posts-${key % 20}`)
  const sink = await startSink()
  const targets = Array.from({ length: 20 }, (_, n) => targetOf(`t${n}`, `${sink.origin}/t${n}`, `posts-${n}`))
  const stallOn = (onStore: OnStore): Promise<number> =>
    onStore(async (store) => {
      const delays = monitorEventLoopDelay({ resolution: RESOLUTION })
      delays.enable()
      await throughUs(sink, { changes, targets, callers: 500, store })
      delays.disable()
      return Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION)
    })
  const { sqlite } = storesOn({})
  try {
    const { stalls } = await interleave({ stalls: () => stallOn(sqlite) }, slowly(effort, 5))
    const sample = sampleOf(stalls)
    const row: Row = {
      what: `stall of the event loop, p99, 500 callers publish: ${STORES.sqlite}`,
      unit: 'ms',
      ours: sample,
      peer: null,
      ratio: sample,
      mark: { atMost: 5 },
    }
    return [row]
  } finally {
    sink.stop()
  }
}
