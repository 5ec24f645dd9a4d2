/** Publishes for a target that is down, and weighs what is kept. */
import { changeOf, quietPipeline, slices, targetOf } from './content.ts'

export interface Hoard {
  items: number
  publishes: number
}

export interface Weighed {
  bytes: number
}

/** Makes `fields` as JSON 200 bytes long, at a key of five digits. */
const PADDING = 109

process.once('message', async ({ items, publishes }: Hoard) => {
  // Nobody listens on the discard port.
  const pipeline = quietPipeline({ targets: [targetOf('down', 'http://127.0.0.1:9/')] })
  await pipeline.start()
  // The first failed attempt, and whatever is loaded for it, is no part of what waits.
  const failed = new Promise((resolve) => pipeline.on('retrying', resolve))
  await pipeline.publish(changeOf(9999))
  await failed

  const before = held()
  const keys = Array.from({ length: items }, (_, index) => index)
  for (let done = 0; done < publishes; done += items) {
    for (const call of slices(keys, 100)) await pipeline.publish(call.map((key) => changeOf(10_000 + key, 'posts', PADDING)))
  }
  keys.length = 0
  const bytes = held() - before
  process.send?.({ bytes } satisfies Weighed, () => process.exit())
})

function held(): number {
  for (let pass = 0; pass < 4; pass++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
