/** One process of the torture: `node child.ts <task as JSON>`. It is killed, never stopped. */
import { createPipeline, type Pipeline, type Store, type TargetInput, type Verdict } from '../../src/index.ts'
import { SENDER } from './sink.ts'
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
  /** Milliseconds. */
  lease: number
}

export type Said =
  | 'ready'
  /** `publish` has resolved for this value of this item. */
  | { key: string; value: number }
  /** From now on it may hold the batch of this target… */
  | { claiming: string }
  /** …and now it does hold this one, or none. */
  | { claimed: string | null; target: string; reclaimed: boolean }
  /** It does not hold this batch any more. `ok`: it did until now. */
  | { settled: string; verdict: Verdict['kind']; ok: boolean }

const items = 8

function toTarget(url: string, index: number, sender: string): TargetInput {
  return {
    key: `target-${index}`,
    url,
    auth: { type: 'header', name: SENDER, value: sender },
    rules: [{ collection: 'items', events: ['update'], payload: ['value'], previous: ['value'] }],
    // Small batches and short waits: more moments at which to be killed.
    window: { quiet: 20, max: 60, size: 100 },
    retry: { delays: [20, 50, 100], then: [{ every: 200, within: Number.POSITIVE_INFINITY }] },
  }
}

async function run(task: Task): Promise<void> {
  const opened = await stores[task.store]!.open(task.place)
  const pipeline = createPipeline({
    store: telling(opened.store),
    targets: task.urls.map((url, index) => toTarget(url, index, task.name)),
    network: { allow: ['127.0.0.0/8'] },
    lease: task.lease,
    notifiers: [],
    logger: { info() {}, warn() {}, error: console.error },
  })
  pipeline.on('error', ({ scope, error }) => console.error(`${task.name}: ${scope}:`, error))
  if (task.role === 'worker') {
    await pipeline.start()
    say('ready')
  } else await publish(task, pipeline, opened)
}

/** Says what it holds. */
function telling(store: Store): Store {
  return {
    ...store,
    async claim(request) {
      const { target } = request
      say({ claiming: target })
      const batch = await store.claim(request)
      say({ claimed: batch?.id ?? null, target, reclaimed: batch?.reclaimed ?? false })
      return batch
    },
    async settle(receipt, verdict, now) {
      const settled = await store.settle(receipt, verdict, now)
      say({ settled: receipt.batchId, verdict: verdict.kind, ok: settled.ok })
      return settled
    },
  }
}

function say(said: Said): void {
  process.send?.(said)
}

/** Counts each of its items up, one after another. */
async function publish(task: Task, pipeline: Pipeline, { write }: Opened): Promise<never> {
  // Loads the targets: in a transaction there may be no second connection to do it with.
  await pipeline.tick()
  say('ready')
  for (let value = 1; ; value++) {
    for (let item = 0; item < items; item++) {
      const key = `${task.name}-${item}`
      const change = { collection: 'items', event: 'update', key, fields: { value }, previous: { value: value - 1 } } as const
      if (task.transactional && write) await write(key, value, (transaction) => pipeline.publish(change, { transaction }))
      else {
        await pipeline.publish(change)
        say({ key, value })
      }
    }
    // Faster than this, it would be the backlog that is tested.
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

// A parent that is gone must not leave anybody behind.
process.once('disconnect', () => process.exit(1))
await run(JSON.parse(process.argv[2]!) as Task)
