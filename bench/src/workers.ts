import { fork } from 'node:child_process'
import { once } from 'node:events'
import { changesOf, inLanes, quietPipeline, slices, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, ratioOf, type Subject, sampleOf, slowly } from './measure.ts'
import type { Row } from './row.ts'
import { expectOf, tellTrouble } from './senders.ts'
import { withServers } from './servers.ts'
import { type Sink, startSink } from './sink-process.ts'
import { type Database, onTables } from './stores.ts'
import type { Work } from './worker-process.ts'

const TARGETS = 20
const PROCESSES = [1, 2, 4] as const

/** How fast processes that share a database deliver what waits in it. */
export const workers: Group = (effort) =>
  withServers(['postgres'], async ({ postgres }) => {
    if (postgres === undefined) return []
    const database: Database = { client: 'pg', url: postgres }
    const sink = await startSink()
    const count = effort.quick ? 4000 : 100_000
    const subjects: Record<string, Subject> = {}
    for (const processes of PROCESSES) subjects[processes] = () => drainRate(sink, database, { processes, count })
    try {
      const rates: Partial<Record<string, number[]>> = await interleave(subjects, slowly(effort, 3))
      const alone = rates['1'] ?? []
      return PROCESSES.slice(1).map((processes): Row => {
        const ours = rates[processes] ?? []
        return {
          what: `delivered by ${processes} worker processes that share one Postgres`,
          unit: 'changes/s',
          ours: sampleOf(ours),
          peer: { what: 'one worker process', ...sampleOf(alone) },
          ratio: ratioOf(ours, alone),
          mark: null,
        }
      })
    } finally {
      sink.stop()
    }
  })

function drainRate(sink: Sink, database: Database, { processes, count }: { processes: number; count: number }): Promise<number> {
  return onTables(database, async (store) => {
    const targets = Array.from({ length: TARGETS }, (_, n) => targetOf(`t${n}`, `${sink.origin}/t${n}`, `posts-${n}`))
    const publisher = quietPipeline({ targets, store })
    tellTrouble(publisher)
    const changes = changesOf(count, (key) => `posts-${key % TARGETS}`)
    await inLanes(slices(changes, 100), 10, (call) => publisher.publish(call))
    // What was noted is pending before anybody starts.
    await store.stats(['t0'])

    const work: Work = { database, targets }
    const children = await Promise.all(
      Array.from({ length: processes }, async () => {
        const child = fork(new URL('worker-process.ts', import.meta.url))
        child.send(work)
        await once(child, 'message')
        return child
      }),
    )
    try {
      return await sink.rateOf(expectOf(count), () => children.forEach((child) => void child.send('start')))
    } finally {
      await Promise.all(
        children.map(async (child) => {
          child.send('stop')
          await once(child, 'exit')
        }),
      )
      await publisher.stop()
    }
  })
}
