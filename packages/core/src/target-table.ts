import { checkTargets, parseTargets, type TargetInput } from './config.ts'
import { kindOf, PipelineError } from './errors.ts'
import type { Store, TargetRow, TargetRows, TargetSource } from './ports.ts'
import type { Target } from './types.ts'

/** The targets that a store holds itself: managed at run time, and the same for every process on that store. */
export interface TargetTable extends TargetSource {
  /**
   * Creates the target of that key, or replaces it: then it keeps its `uid`, and with it what waits for it. Every process
   * on the store sees it within a second, and tries an edited one at once; pipelines that were given this table have it
   * when this resolves. Rejects with CONFIG_INVALID, naming every problem.
   */
  put(target: TargetInput): Promise<void>
  /** Removes a target, with what waits for it. False: there was none of that key. */
  delete(key: string): Promise<boolean>
  /** All targets by key, as they are now; those with problems are left out. */
  list(): Promise<readonly Target[]>
}

/**
 * The table of targets in a store: `createPipeline({ store, targets: targetTable(store) })`. Throws STORE_UNSUPPORTED if the
 * store has none.
 */
export function targetTable({ name, targets }: Store): TargetTable {
  if (targets === undefined) throw new PipelineError('STORE_UNSUPPORTED', `the ${name} store holds no targets of its own`)
  const held: TargetRows = targets
  const watching = new Set<() => unknown>()
  const changed = () => Promise.all([...watching].map((tell) => tell()))
  let version = 0

  async function load(): Promise<readonly unknown[]> {
    const read = await held.read()
    version = read.version
    return read.rows.map(toInput)
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
    async put(target) {
      const key = (target as Partial<TargetInput> | null)?.key
      if (typeof key !== 'string' || key === '') {
        throw new PipelineError('CONFIG_INVALID', `key: a target of a table needs one, a text, not ${kindOf(key)}`)
      }
      parseTargets([target])
      const { uid = crypto.randomUUID(), ...rest } = target
      await held.put({ key, uid, target: rest })
      await changed()
    },
    async delete(key) {
      const deleted = await held.delete(key)
      if (deleted) await changed()
      return deleted
    },
    list: async () => checkTargets((await held.read()).rows.map(toInput)).targets,
  }
}

function toInput({ key, uid, target }: TargetRow): unknown {
  return { ...(target as object), key, uid }
}
