/** What every figure is measured with: the same changes, the same kind of target. */
import { createPipeline, memoryStore, type Pipeline, type PipelineOptions, type TargetInput } from '@unstale/core'

export interface SampleChange {
  collection: string
  event: 'update'
  key: number
  fields: { slug: string; title: string; status: string; body: string }
  timestamp: number
}

export const SECRET: string = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
export const TOKEN = 'bench-token'
const TIMESTAMP = Date.now()

/** A change whose event is 218 bytes of JSON on the wire, as long as its key has five digits. */
export function changeOf(key: number, collection = 'posts', padding = 52): SampleChange {
  return {
    collection,
    event: 'update',
    key,
    fields: { slug: `post-${key}`, title: `Post number ${key}`, status: 'published', body: 'x'.repeat(padding) },
    timestamp: TIMESTAMP,
  }
}

/** The same as it is on the wire, for those who post it themselves. */
export function wireOf({ collection, event, key, fields, timestamp }: SampleChange): WireEvent {
  return { collection, event, fields: { id: key, ...fields }, timestamp }
}

export type WireEvent = Omit<SampleChange, 'key' | 'fields'> & { fields: { id: number } & SampleChange['fields'] }

export function changesOf(count: number, collectionOf: (key: number) => string = () => 'posts'): SampleChange[] {
  return Array.from({ length: count }, (_, key) => changeOf(10_000 + key, collectionOf(key)))
}

export function targetOf(key: string, url: string, collection = 'posts'): TargetInput {
  return {
    key,
    url,
    secrets: [SECRET],
    rules: [{ collection, events: ['create', 'update', 'delete'], payload: ['slug', 'title', 'status', 'body'] }],
  }
}

/** A pipeline that may call this machine, and says nothing. */
export function quietPipeline(options: Pick<PipelineOptions, 'targets'> & Partial<PipelineOptions>): Pipeline {
  return createPipeline({
    store: memoryStore(),
    network: { allow: ['127.0.0.0/8'] },
    notifiers: [],
    logger: { info() {}, warn() {}, error() {} },
    ...options,
  })
}

/** In slices of `size`, made beforehand: cutting is not what is measured. */
export function slices<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
}

/** Calls `work` for every item, `width` at a time. */
export async function inLanes<T>(items: readonly T[], width: number, work: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < items.length) await work(items[next++] as T)
  }
  await Promise.all(Array.from({ length: width }, lane))
}
