import { checkTargets, parseTargets, type TargetInput } from './config.ts'
import { kindOf, PipelineError } from './errors.ts'
import type { Store, TargetRow, TargetRows, TargetSource, TargetSwap } from './ports.ts'
import type { Target } from './types.ts'

/** The targets that a store holds itself: managed at run time, and the same for every process on that store. */
export interface TargetTable extends TargetSource {
  /** The rows themselves, as they were put. */
  readonly table: { rows: TargetRows & TargetSwap; version: number }
  /**
   * Creates the target of that key, or replaces it: then it keeps its `uid`, and with it what waits for it. Every process
   * on the store sees it within a second, and tries an edited one at once; pipelines that were given this table have it
   * when this resolves. Rejects with CONFIG_INVALID, naming every problem.
   *
   * With `was` only if the row of that key is still the one that `table.rows.read()` answered, `null`: if there is still
   * none. False: somebody else came first, and nothing was done. Rejects with STORE_UNSUPPORTED where the store cannot
   * tell, as one that others wrote may.
   */
  put(target: TargetInput, options?: { was?: TargetRow | null }): Promise<boolean>
  /**
   * Removes a target, with what waits for it. False: there was none of that key; with `was`: or it is no longer the row
   * that `table.rows.read()` answered.
   */
  delete(key: string, options?: { was?: TargetRow }): Promise<boolean>
  /** All targets by key, as they are now; those with problems are left out. */
  list(): Promise<readonly Target[]>
}

/**
 * The table of targets in a store: `createPipeline({ store, targets: targetTable(store) })`. Throws STORE_UNSUPPORTED if the
 * store has none.
 */
export function targetTable({ name, targets }: Store): TargetTable {
  if (targets === undefined) throw new PipelineError('STORE_UNSUPPORTED', `the ${name} store holds no targets of its own`)
  const held = targets
  const watching = new Set<() => unknown>()
  const changed = () => Promise.all([...watching].map((tell) => tell()))
  let version = 0

  async function load(): Promise<readonly unknown[]> {
    const read = await held.read()
    version = read.version
    return read.rows.map(toInput)
  }

  async function swap(key: string, was: TargetRow | null, now: TargetRow | null): Promise<boolean> {
    if (held.swap === undefined) {
      const message = `the ${name} store cannot change a target only if it is as it was: put or delete it without "was"`
      throw new PipelineError('STORE_UNSUPPORTED', message)
    }
    return held.swap(key, was, now)
  }

  return {
    get table() {
      return { rows: held, version }
    },
    load,
    watch(tell) {
      watching.add(tell)
      return () => watching.delete(tell)
    },
    async put(target, { was } = {}) {
      const key = (target as Partial<TargetInput> | null)?.key
      if (typeof key !== 'string' || key === '') {
        throw new PipelineError('CONFIG_INVALID', `key: a target of a table needs one, a text, not ${kindOf(key)}`)
      }
      parseTargets([target])
      const { uid = crypto.randomUUID(), ...rest } = target
      const row = { key, uid, target: rest }
      if (was === undefined) await held.put(row)
      else if (!(await swap(key, was, row))) return false
      await changed()
      return true
    },
    async delete(key, { was } = {}) {
      const deleted = was === undefined ? await held.delete(key) : await swap(key, was, null)
      if (deleted) await changed()
      return deleted
    },
    list: async () => checkTargets((await held.read()).rows.map(toInput)).targets,
  }
}

function toInput({ key, uid, target }: TargetRow): unknown {
  return { ...(target as object), key, uid }
}
