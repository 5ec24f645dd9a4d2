/** How the appends of one process share a commit. */
import { PipelineError } from '../errors.ts'
import type { AppendResult } from '../ports.ts'
import type { Entry } from '../types.ts'
import { type GroupOptions, groupOf } from './group.ts'

export const NOTHING: AppendResult = Object.freeze({ overflowed: Object.freeze([]), collapsible: Object.freeze([]) })

export interface AppendQueue {
  append(entries: readonly Entry[]): Promise<AppendResult>
  /** Resolves when nothing waits. */
  drained(): Promise<void>
}

type Appends = GroupOptions<readonly Entry[], AppendResult>

export interface AppendQueueOptions {
  /** For messages. */
  store: string
  /** Commits several appends as if one came after the other. Null: they have to be committed one by one. */
  commit: Appends['run']
  concernsAll: Appends['concernsAll']
}

/** Entries that share a commit, about. */
const GROUP = 2_000
/** Entries that may wait for a store that is slow or gone; what would wait behind them is refused. */
const WAITING = 100_000

export function appendQueue({ store, commit, concernsAll }: AppendQueueOptions): AppendQueue {
  const group = groupOf({ run: commit, sizeOf: ({ length }) => length, most: GROUP, concernsAll })
  return {
    append(entries) {
      if (entries.length === 0) return Promise.resolve(NOTHING)
      const waiting = group.waiting()
      if (waiting < WAITING) return group.add(entries)
      const message = `the ${store} store could not append: ${waiting} entries wait for it already; it is slow or gone`
      return Promise.reject(new PipelineError('STORE_FAILED', message))
    },
    drained: group.drained,
  }
}
