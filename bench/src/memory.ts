import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Group } from './group.ts'
import { sampleOf } from './measure.ts'
import type { Hoard, Weighed } from './memory-process.ts'

/** Bytes that pending changes hold while a target is down, each measured in a process of its own. */
export const memory: Group = async ({ quick }) => {
  const scale = quick ? 0.1 : 1
  const distinct: number[] = []
  const updates: number[] = []
  // Memory hardly varies from run to run.
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const items = 100_000 * scale
    distinct.push((await weigh({ items, publishes: items })).bytes / items)
    const some = (await weigh({ items: 1000, publishes: 100_000 * scale })).bytes
    const tenfold = (await weigh({ items: 1000, publishes: 1_000_000 * scale })).bytes
    updates.push(tenfold / some)
  }
  return [
    {
      what: 'memory per pending change, 100,000 items of 200 bytes, target down',
      unit: 'bytes',
      ours: sampleOf(distinct),
      peer: null,
      ratio: sampleOf(distinct),
      mark: { atMost: 600 },
    },
    {
      what: 'memory after 1,000,000 updates of 1,000 items, against that after 100,000',
      unit: '×',
      ours: sampleOf(updates),
      peer: null,
      ratio: sampleOf(updates),
      mark: { atMost: 1.2 },
    },
  ]
}

async function weigh(hoard: Hoard): Promise<Weighed> {
  const child = fork(new URL('memory-process.ts', import.meta.url), { execArgv: [...process.execArgv, '--expose-gc'] })
  child.send(hoard)
  const [weighed] = (await once(child, 'message')) as [Weighed]
  child.kill()
  return weighed
}
