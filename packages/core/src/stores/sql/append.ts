/** How entries join the pending sets of their targets, and how the appends of a process share a commit. */
import type { AppendResult } from '../../ports.ts'
import type { Entry } from '../../types.ts'
import { noteAppend, noteRemoved } from '../lane.ts'
import { addEntry } from '../pending.ts'
import { concernsAll } from './failure.ts'
import { buryOldest, loadParts, lockLanes, saveParts } from './lanes.ts'
import { type Session, type StoredLane, select, writeLanes } from './rows.ts'

export const NOTHING: AppendResult = Object.freeze({ overflowed: Object.freeze([]), collapsible: Object.freeze([]) })

/** Several appends in one transaction, as if one came after the other. Null: something overflows, so that they have to. */
export async function appendAll(session: Session, appends: readonly (readonly Entry[])[]): Promise<AppendResult | null> {
  const created = new Map<string, number>()
  for (const { target, at } of appends.flat()) if (!created.has(target)) created.set(target, at)
  const lanes = await lockLanes(session, created.keys(), created)
  const parts = await loadParts(session, lanes.values(), appends.flat())
  const over = new Map<string, Entry>()
  for (const entries of appends) {
    const touched = new Map<string, Entry>()
    for (const entry of entries) {
      const part = parts.get(entry.target)
      if (part === undefined) throw new Error('a lane was created and is not there')
      const { lane, pending } = part
      const added = addEntry(pending, entry, lane.nextOrder)
      if (added) lane.nextOrder += 1
      noteAppend(lane, entry, added)
      touched.set(entry.target, entry)
    }
    for (const [target, entry] of touched) if ((lanes.get(target)?.pending ?? 0) > entry.maxPending) over.set(target, entry)
    if (over.size > 0 && appends.length > 1) return null
  }
  await saveParts(session, parts.values())
  const result = over.size === 0 ? NOTHING : await overflow(session, over, lanes)
  await writeLanes(session, [...lanes.values()])
  return result
}

async function overflow(
  session: Session,
  over: ReadonlyMap<string, Entry>,
  lanes: ReadonlyMap<string, StoredLane>,
): Promise<AppendResult> {
  const overflowed: { target: string; count: number }[] = []
  const collapsible: { target: string; collections: readonly string[] }[] = []
  for (const [target, entry] of over) {
    const lane = lanes.get(target) as StoredLane
    const count = lane.pending - entry.maxPending
    if (entry.collapsible) {
      const rows = await select(
        session,
        `SELECT DISTINCT collection FROM ${session.tables.entries} WHERE lane = ? AND flying = 0`,
        [lane.id],
      )
      collapsible.push({ target, collections: rows.map(({ collection }) => String(collection)).sort() })
    } else {
      await buryOldest(session, lane, count, 'overflow', entry.at)
      noteRemoved(lane, entry.maxPending)
      overflowed.push({ target, count })
    }
  }
  return { overflowed, collapsible }
}

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

/**
 * While one commit runs, further appends gather and go with the next, in call order. A group that fails, or for which
 * `commit` answers null, is committed one by one, so that nobody fails for another's sake.
 */
export function appendQueue(commit: (appends: readonly (readonly Entry[])[]) => Promise<AppendResult | null>): AppendQueue {
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    // Those who call in one go share a commit from the first on.
    await Promise.resolve()
    while (waiting.length > 0) {
      const group = nextGroup()
      let together: AppendResult | null = null
      let failure: unknown
      if (group.length > 1) {
        try {
          together = await commit(group.map(({ entries }) => entries))
        } catch (error) {
          if (concernsAll(error)) failure = error
        }
      }
      for (const one of group) {
        if (failure !== undefined) one.reject(failure)
        else if (together !== null) one.resolve(together)
        else await commit([one.entries]).then((result) => one.resolve(result ?? NOTHING), one.reject)
      }
    }
    running = undefined
  }

  function nextGroup(): Waiting[] {
    let [count, entries] = [0, 0]
    while (count < waiting.length && (count === 0 || entries < 2_000)) entries += waiting[count++]?.entries.length ?? 0
    const group = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return group
  }

  return {
    append(entries) {
      if (entries.length === 0) return Promise.resolve(NOTHING)
      return new Promise((resolve, reject) => {
        waiting.push({ entries, resolve, reject })
        running ??= run()
      })
    },
    drained: async () => running,
  }
}
