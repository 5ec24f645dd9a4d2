import { checkTargets } from '../../src/config.ts'
import { assemblePipeline, type Pipeline } from '../../src/pipeline.ts'
import type { Clock, Store, TargetSource } from '../../src/ports.ts'
import type { Random } from './random.ts'
import type { Receivers } from './receiver.ts'

/** The calls in whose neighbourhood a worker may die. */
export const DEATHS = ['append', 'claim', 'settle', 'renew', 'send', 'write', 'fold'] as const
export type Death = { op: (typeof DEATHS)[number]; when: 'before' | 'after' }

/** One process: it can be killed at any point, and then nothing of it is ever heard again. */
export interface Worker {
  name: string
  pipeline: Pipeline
  alive: boolean
  /** It dies at the next call of that name. */
  doom: Death | null
  kill(): void
  /** Stopped by the operating system for `ms` milliseconds: it does nothing, and then goes on as if no time had passed. */
  freeze(ms: number): void
}

const NEVER = new Promise<never>(() => {})
const CONCURRENCY = 4

export interface WorkerDeps {
  name: string
  store: Store
  targets: TargetSource
  receivers: Receivers
  clock: Clock
  random: Random
  newId: () => string
  told: (line: string) => void
  /** Targets that somebody asked for since their last claim. */
  woken: Set<string>
  /** It used more than its share of slots for failing targets. */
  breached: (problem: string) => void
}

export function createSimulatedWorker(deps: WorkerDeps): Worker {
  const { name, store, targets, receivers, clock, random, newId, told, woken } = deps
  // Its connections die with it.
  const life = new AbortController()
  let thawed = Promise.resolve()
  let freezes = 0
  /** By batch: how often it had been frozen when it began to claim it. */
  const claimed = new Map<string, number>()
  /** What it has in flight to targets that fail, and that nobody woke. */
  const failing = new Set<string>()
  const worker: Worker = {
    name,
    alive: true,
    doom: null,
    freeze(ms) {
      told(`${name} is frozen for ${ms} ms`)
      freezes += 1
      thawed = clock.sleep(ms)
    },
    kill() {
      worker.alive = false
      life.abort()
      told(`${name} is killed`)
    },
  } as Worker

  const mortal = <A extends unknown[], R>(op: string, call: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      await thawed
      if (!worker.alive) return NEVER
      const doomed = worker.doom?.op === op
      if (doomed && worker.doom?.when === 'before') worker.kill()
      if (!worker.alive) return NEVER
      const result = await call(...args)
      if (doomed) worker.kill()
      await thawed
      return worker.alive ? result : NEVER
    }
  }

  async function claim(request: Parameters<Store['claim']>[0]): ReturnType<Store['claim']> {
    const before = freezes
    const batch = await store.claim(request)
    if (batch === null) return null
    claimed.set(batch.id, before)
    if (!woken.delete(batch.target) && batch.state.failures > 0) failing.add(batch.target)
    if (failing.size > CONCURRENCY / 4) deps.breached(`${name} has ${[...failing].join()} in flight at once, which fail`)
    return batch
  }

  function waking(call: (target: string, at: number) => Promise<void>) {
    return (target: string, at: number) => {
      woken.add(target)
      return call(target, at)
    }
  }

  const transport = receivers.transportOf({ wasFrozen: (batchId) => claimed.get(batchId) !== freezes })
  const inbox = store.inbox
  const own: Store = {
    ...store,
    append: mortal('append', store.append),
    collapse: mortal('collapse', store.collapse),
    due: mortal('due', store.due),
    claim: mortal('claim', claim),
    renew: mortal('renew', store.renew),
    settle: mortal('settle', async (receipt, verdict, now) => {
      const settled = await store.settle(receipt, verdict, now)
      failing.delete(receipt.target)
      return settled
    }),
    wake: mortal('wake', waking(store.wake)),
    resume: waking(store.resume),
    forget: mortal('forget', store.forget),
    peek: mortal('peek', store.peek),
    ...(inbox === undefined
      ? undefined
      : { inbox: { write: mortal('write', inbox.write), read: mortal('read', inbox.read), fold: mortal('fold', inbox.fold) } }),
  }

  worker.pipeline = assemblePipeline({
    targets,
    check: checkTargets,
    store: own,
    transport: { send: mortal('send', (request, signal) => transport.send(request, AbortSignal.any([signal, life.signal]))) },
    release: async () => {},
    sources: [],
    notifiers: [],
    logger: { info() {}, warn() {}, error() {} },
    clock: {
      now: clock.now,
      sleep: async (ms, signal) => {
        if (!worker.alive) return NEVER
        await clock.sleep(ms, signal)
        await thawed
        return worker.alive ? undefined : NEVER
      },
    },
    random: random.next,
    newId,
    hmac: () => 'unsigned',
    agent: 'unstale',
    concurrency: CONCURRENCY,
    lease: 10_000,
    retention: 30 * 86_400_000,
  })
  worker.pipeline.on('error', ({ scope, error }) =>
    told(`${name} ${scope} error: ${error instanceof Error ? error.message : String(error)}`),
  )
  return worker
}
