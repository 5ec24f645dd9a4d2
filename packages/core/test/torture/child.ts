/** One process of the torture: `node child.ts <task as JSON>`. It is killed, never stopped. */
import { createPipeline, type Pipeline, type TargetInput } from '../../src/index.ts'
import { type Opened, stores } from './stores.ts'

export interface Task {
  role: 'publisher' | 'worker'
  /** Never given twice: its items are its own. */
  name: string
  store: string
  place: string
  /** Of the targets. */
  urls: string[]
  /** Publishers: write in transactions of their own, through the inbox. */
  transactional: boolean
}

/** It is at work; or `publish` has resolved for this value of this item. */
export type Said = 'ready' | { key: string; value: number }

const items = 8

function toTarget(url: string, index: number): TargetInput {
  return {
    key: `target-${index}`,
    url,
    rules: [{ collection: 'items', events: ['update'], payload: ['value'], previous: ['value'] }],
    // Small batches and short waits: more moments at which to be killed.
    window: { quiet: 20, max: 60, size: 100 },
    retry: { delays: [20, 50, 100], then: [{ every: 200, within: Number.POSITIVE_INFINITY }] },
  }
}

async function run(task: Task): Promise<void> {
  const opened = await stores[task.store]!.open(task.place)
  const pipeline = createPipeline({
    store: opened.store,
    targets: task.urls.map(toTarget),
    network: { allow: ['127.0.0.0/8'] },
    lease: 2000,
    notifiers: [],
    logger: { info() {}, warn() {}, error: console.error },
  })
  pipeline.on('error', ({ scope, error }) => console.error(`${task.name}: ${scope}:`, error))
  if (task.role === 'worker') {
    await pipeline.start()
    process.send?.('ready' satisfies Said)
  } else await publish(task, pipeline, opened)
}

/** Counts each of its items up, one after another. */
async function publish(task: Task, pipeline: Pipeline, { write }: Opened): Promise<never> {
  // Loads the targets: in a transaction there may be no second connection to do it with.
  await pipeline.tick()
  process.send?.('ready' satisfies Said)
  for (let value = 1; ; value++) {
    for (let item = 0; item < items; item++) {
      const key = `${task.name}-${item}`
      const change = { collection: 'items', event: 'update', key, fields: { value }, previous: { value: value - 1 } } as const
      if (task.transactional && write) await write(key, value, (transaction) => pipeline.publish(change, { transaction }))
      else {
        await pipeline.publish(change)
        process.send?.({ key, value } satisfies Said)
      }
    }
    // Faster than this, it would be the backlog that is tested.
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

// A parent that is gone must not leave anybody behind.
process.once('disconnect', () => process.exit(1))
await run(JSON.parse(process.argv[2]!) as Task)
