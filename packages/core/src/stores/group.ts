/** How calls of one process share a transaction. */
import { setImmediate } from 'node:timers/promises'

interface Waiting<Q, R> {
  request: Q
  resolve(result: R): void
  reject(error: unknown): void
}

export interface GroupOptions<Q, R> {
  /** Does several requests as if one came after the other. Null: they have to be done one by one. */
  run(requests: readonly Q[]): Promise<readonly R[] | null>
  /** How much a request counts for, and how much of it one group may have, about. */
  sizeOf(request: Q): number
  most: number
  /** Two requests of one key are in no group together. */
  keyOf?(request: Q): string
  /** Whether every other request would fail now, too. */
  concernsAll(error: unknown): boolean
}

export interface Group<Q, R> {
  add(request: Q): Promise<R>
  /** How much waits. */
  waiting(): number
  /** Resolves when nothing waits. */
  drained(): Promise<void>
}

/** Answers that are given in one go: those who awaited them go on at once, and nothing else of the process can. */
const ANSWERS = 32

/**
 * While one group runs, further requests gather and go with the next, in call order. A group that fails is done one by one, so
 * that nobody fails for another's sake; unless all would fail: then everyone who waits is told.
 */
export function groupOf<Q, R>({ run, sizeOf, most, keyOf, concernsAll }: GroupOptions<Q, R>): Group<Q, R> {
  let waiting: Waiting<Q, R>[] = []
  let size = 0
  let running: Promise<void> | undefined

  async function runAll(): Promise<void> {
    // Those who call in one go share a group from the first on.
    await Promise.resolve()
    while (waiting.length > 0) await settle(nextGroup())
    running = undefined
  }

  async function settle(group: readonly Waiting<Q, R>[]): Promise<void> {
    if (group.length > 1) {
      try {
        const results = await run(group.map(({ request }) => request))
        if (results !== null) return await answer(group, results)
      } catch (error) {
        if (concernsAll(error)) return refuse([...group, ...takeAll()], error)
      }
    }
    for (const [index, { request, resolve, reject }] of group.entries()) {
      try {
        const [result] = (await run([request])) ?? []
        resolve(result as R)
      } catch (error) {
        if (concernsAll(error)) return refuse([...group.slice(index), ...takeAll()], error)
        reject(error)
      }
    }
  }

  async function answer(group: readonly Waiting<Q, R>[], results: readonly R[]): Promise<void> {
    for (const [n, { resolve }] of group.entries()) {
      if (n > 0 && n % ANSWERS === 0) await setImmediate()
      resolve(results[n] as R)
    }
  }

  function refuse(all: readonly Waiting<Q, R>[], error: unknown): void {
    for (const { reject } of all) reject(error)
  }

  function takeAll(): Waiting<Q, R>[] {
    const all = waiting
    waiting = []
    size = 0
    return all
  }

  function nextGroup(): Waiting<Q, R>[] {
    let [count, sum] = [0, 0]
    const keys = new Set<string>()
    for (const { request } of waiting) {
      const key = keyOf?.(request)
      if (count > 0 && (sum >= most || (key !== undefined && keys.has(key)))) break
      if (key !== undefined) keys.add(key)
      sum += sizeOf(request)
      count += 1
    }
    const group = waiting.slice(0, count)
    waiting = waiting.slice(count)
    size -= sum
    return group
  }

  return {
    add: (request) =>
      new Promise((resolve, reject) => {
        waiting.push({ request, resolve, reject })
        size += sizeOf(request)
        running ??= runAll()
      }),
    waiting: () => size,
    drained: async () => running,
  }
}
