/** How the appends of one process share a commit. */
import { PipelineError } from '../errors.ts'
import type { AppendResult } from '../ports.ts'
import type { Entry } from '../types.ts'

export const NOTHING: AppendResult = Object.freeze({ overflowed: Object.freeze([]), collapsible: Object.freeze([]) })

interface Waiting {
  entries: readonly Entry[]
  resolve(result: AppendResult): void
  reject(error: unknown): void
}

export interface AppendQueue {
  append(entries: readonly Entry[]): Promise<AppendResult>
  /** Resolves when nothing waits. */
  drained(): Promise<void>
}

export interface AppendQueueOptions {
  /** For messages. */
  store: string
  /**
   * Commits several appends as if one came after the other; answers for all of them, or for each. Null: they have to be
   * committed one by one.
   */
  commit(appends: readonly (readonly Entry[])[]): Promise<AppendResult | readonly AppendResult[] | null>
  /** Whether every other append would fail now, too. */
  concernsAll(error: unknown): boolean
}

/** Entries that share a commit, about. */
const GROUP = 2_000
/** Entries that may wait for a store that is slow or gone; what would wait behind them is refused. */
const WAITING = 100_000

/**
 * While one commit runs, further appends gather and go with the next, in call order. A group that fails is committed one
 * by one, so that nobody fails for another's sake; unless all would fail: then everyone who waits is told.
 */
export function appendQueue({ store, commit, concernsAll }: AppendQueueOptions): AppendQueue {
  let waiting: Waiting[] = []
  let size = 0
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    // Those who call in one go share a commit from the first on.
    await Promise.resolve()
    while (waiting.length > 0) await settle(nextGroup())
    running = undefined
  }

  async function settle(group: readonly Waiting[]): Promise<void> {
    if (group.length > 1) {
      try {
        const together = await commit(group.map(({ entries }) => entries))
        if (together !== null) return void group.forEach(({ resolve }, n) => void resolve(resultOf(together, n)))
      } catch (error) {
        if (concernsAll(error)) return refuse([...group, ...takeAll()], error)
      }
    }
    for (const [index, { entries, resolve, reject }] of group.entries()) {
      try {
        resolve(resultOf(await commit([entries]), 0))
      } catch (error) {
        if (concernsAll(error)) return refuse([...group.slice(index), ...takeAll()], error)
        reject(error)
      }
    }
  }

  function refuse(all: readonly Waiting[], error: unknown): void {
    for (const { reject } of all) reject(error)
  }

  function takeAll(): Waiting[] {
    const all = waiting
    waiting = []
    size = 0
    return all
  }

  function nextGroup(): Waiting[] {
    let [count, entries] = [0, 0]
    while (count < waiting.length && (count === 0 || entries < GROUP)) entries += waiting[count++]?.entries.length ?? 0
    const group = waiting.slice(0, count)
    waiting = waiting.slice(count)
    size -= entries
    return group
  }

  return {
    append(entries) {
      if (entries.length === 0) return Promise.resolve(NOTHING)
      if (size >= WAITING) {
        const message = `the ${store} store could not append: ${size} entries wait for it already; it is slow or gone`
        return Promise.reject(new PipelineError('STORE_FAILED', message))
      }
      return new Promise((resolve, reject) => {
        waiting.push({ entries, resolve, reject })
        size += entries.length
        running ??= run()
      })
    },
    drained: async () => running,
  }
}

function resultOf(answer: AppendResult | readonly AppendResult[] | null, n: number): AppendResult {
  return (isEach(answer) ? answer[n] : answer) ?? NOTHING
}

function isEach(answer: AppendResult | readonly AppendResult[] | null): answer is readonly AppendResult[] {
  return Array.isArray(answer)
}
