import { memoryStore, type Pipeline, type TargetInput } from '@unstale/core'
import { changesOf, quietPipeline, type SampleChange, slices, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, ratioOf, sampleOf, timed } from './measure.ts'

/** Changes in one call, as of a bulk edit. */
const PER_CALL = 100
const NOWHERE = 'http://127.0.0.1:9/'

/** Match, trim, identity and append, in the caller's call; nobody delivers. */
export const publish: Group = async ({ rounds, quick }) => {
  const few = await loaded(targetsOf(10))
  const lots = await loaded(targetsOf(quick ? 10_000 : 100_000))
  const some = changesOf(1000)
  const inserts = changesOf(quick ? 10_000 : 50_000)
  const edits = Array.from({ length: inserts.length * 4 }, (_, index) => some[index % some.length] as SampleChange)

  const byTargets = await interleave(
    {
      lots: () => perChange(lots, some, quick ? 10 : 100),
      few: () => perChange(few, some, quick ? 10 : 100),
    },
    { rounds, warmups: 2 },
  )
  const rates = await interleave(
    {
      edits: () => publishRate(edits, PER_CALL),
      alone: () => publishRate(edits, 1),
      inserts: () => publishRate(inserts, PER_CALL),
      editsAsText: () => stringifyRate(edits),
      insertsAsText: () => stringifyRate(inserts),
    },
    { rounds, warmups: 2 },
  )
  const stringify = { what: 'JSON.stringify of the same changes', ...sampleOf(rates.editsAsText) }
  return [
    {
      what: `publish with ${quick ? '10,000' : '100,000'} targets of which 2 match`,
      unit: 'µs/change',
      ours: sampleOf(byTargets.lots),
      peer: { what: 'with 10 targets of which 2 match', ...sampleOf(byTargets.few) },
      ratio: ratioOf(byTargets.lots, byTargets.few),
      mark: { atMost: 1.3 },
    },
    {
      what: 'publish, one match, 1,000 items edited over and over, 100 changes a call',
      unit: 'changes/s',
      ours: sampleOf(rates.edits),
      peer: stringify,
      ratio: ratioOf(rates.edits, rates.editsAsText),
      mark: { atLeast: 0.5 },
    },
    {
      what: 'the same, each change published and awaited alone',
      unit: 'changes/s',
      ours: sampleOf(rates.alone),
      peer: stringify,
      ratio: ratioOf(rates.alone, rates.editsAsText),
      mark: null,
    },
    {
      what: 'the same, 50,000 new items that all stay pending, 100 a call',
      unit: 'changes/s',
      ours: sampleOf(rates.inserts),
      peer: { what: 'JSON.stringify of the same changes', ...sampleOf(rates.insertsAsText) },
      ratio: ratioOf(rates.inserts, rates.insertsAsText),
      mark: null,
    },
  ]
}

/** Two that match; of the others every second names the same collection with another event, the rest a collection of their own. */
function targetsOf(count: number): TargetInput[] {
  return Array.from({ length: count }, (_, index) => {
    if (index < 2) return targetOf(`t${index}`, NOWHERE)
    const collection = index % 2 === 0 ? 'posts' : `posts-${index}`
    return { key: `t${index}`, url: NOWHERE, rules: [{ collection, events: ['delete'] as const, payload: ['slug'] }] }
  })
}

async function loaded(targets: readonly TargetInput[]): Promise<Pipeline> {
  const pipeline = quietPipeline({ targets })
  await pipeline.publish({ collection: 'nobody', event: 'update', key: 1 })
  return pipeline
}

/** Microseconds for each change, of changes that are published over and over. */
async function perChange(pipeline: Pipeline, changes: readonly SampleChange[], times: number): Promise<number> {
  const calls = slices(changes, PER_CALL)
  const took = await timed(async () => {
    for (let time = 0; time < times; time++) for (const call of calls) await pipeline.publish(call)
  })
  return (took * 1000) / (changes.length * times)
}

/** Changes per second into an empty store. */
async function publishRate(changes: readonly SampleChange[], perCall: number): Promise<number> {
  const pipeline = quietPipeline({ targets: [targetOf('one', NOWHERE)], store: memoryStore() })
  await pipeline.publish({ collection: 'nobody', event: 'update', key: 1 })
  const calls = slices(changes, perCall)
  const took = await timed(async () => {
    for (const call of calls) await pipeline.publish(call)
  })
  await pipeline.stop()
  return changes.length / (took / 1000)
}

async function stringifyRate(changes: readonly SampleChange[]): Promise<number> {
  let length = 0
  const took = await timed(() => {
    for (const change of changes) length += JSON.stringify(change).length
  })
  if (length === 0) throw new Error('nothing was written')
  return changes.length / (took / 1000)
}
