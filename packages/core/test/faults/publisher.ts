import { PipelineError } from '../../src/index.ts'
import { createBell } from './bell.ts'

/** Publishes one change after another, in several loops at once, and remembers what resolved. */
export interface Publisher {
  /** Ids of the items whose changes were promised to arrive. */
  readonly resolved: ReadonlySet<string>
  readonly rejections: readonly unknown[]
  /** Resolves when so many more publishes that begin from now on have resolved. */
  resolves(count?: number): Promise<void>
  /** Resolves when so many more have been rejected. */
  rejects(count?: number): Promise<void>
  /** Resolves when all that are under way have ended, in whatever way. */
  settles(): Promise<void>
  /** Begins no more, and waits for those under way. */
  stop(): Promise<void>
}

/** An application's pace, in milliseconds. */
const PACE = 3

export function startPublisher(loops: readonly ((id: string) => Promise<unknown>)[]): Publisher {
  const resolved = new Set<string>()
  const rejections: unknown[] = []
  const underWay = new Set<Promise<void>>()
  const bell = createBell()
  let begun = 0
  /** Numbers of those that resolved. */
  let numbers: number[] = []
  let stopped = false

  async function one(publish: (id: string) => Promise<unknown>): Promise<void> {
    const number = begun++
    const id = `item-${number}`
    try {
      await publish(id)
      resolved.add(id)
      numbers.push(number)
    } catch (error) {
      rejections.push(error)
    }
    bell.ring()
  }

  async function loop(publish: (id: string) => Promise<unknown>): Promise<void> {
    while (!stopped) {
      const work = one(publish)
      underWay.add(work)
      await work
      underWay.delete(work)
      await new Promise((resolve) => setTimeout(resolve, PACE))
    }
  }
  const running = loops.map(loop)

  return {
    resolved,
    rejections,
    resolves(count = 1) {
      const from = begun
      numbers = []
      return bell.until(() => numbers.filter((number) => number >= from).length >= count)
    },
    rejects(count = 1) {
      const until = rejections.length + count
      return bell.until(() => rejections.length >= until)
    },
    settles: async () => void (await Promise.all(underWay)),
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  }
}

/** Whether it is what `publish` may reject with while its store is away. */
export function isStoreFailure(error: unknown): boolean {
  return error instanceof PipelineError && error.code === 'STORE_FAILED'
}
