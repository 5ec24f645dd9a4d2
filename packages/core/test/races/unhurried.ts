import type { SqlExecutor } from '../../src/ports.ts'
import type { Random } from '../simulation/random.ts'

/** Lets others go first now and then, in the middle of transactions too: what is only rarely in between is so more often. */
export function unhurried(executor: SqlExecutor, random: Random): SqlExecutor {
  return {
    async run(sql, bindings) {
      for (let turns = random.chance(0.2) ? random.below(6) : 0; turns > 0; turns--) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      return executor.run(sql, bindings)
    },
    transaction: (fn, options) => executor.transaction((tx) => fn(unhurried(tx, random)), options),
  }
}
