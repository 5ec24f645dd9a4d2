import type { Store } from '../../ports.ts'
import type { Calls } from './calls.ts'
import { fromSafe, instant } from './entry-text.ts'
import { dueScript, peekScript } from './lua/figures.ts'

/** Targets that the first page names, and each further one. Those that this process does not know are skipped. */
const PAGE = [200, 2_000] as const

/** What `due` and `peek` answer. Which targets are known is decided here: they may be many, and are asked for every second. */
export function readiness({ run }: Calls): Pick<Store, 'due' | 'peek'> {
  let asked: readonly string[] = []
  let set = new Set<string>()

  /** A pipeline asks with the same list until it has loaded another. */
  function known(targets: readonly string[]): ReadonlySet<string> {
    if (targets !== asked) {
      asked = targets
      set = new Set(targets)
    }
    return set
  }

  return {
    async due({ now, targets, limit, failingLimit }) {
      const mine = known(targets)
      const due: string[] = []
      let failing = 0
      const take = (flat: readonly string[], slow: readonly unknown[]) => {
        for (let n = 0; n < flat.length && due.length < limit; n += 2) {
          const target = fromSafe(flat[n] ?? '')
          if (!mine.has(target) || Number(flat[n + 1]) > now) continue
          if (Number(slow[n / 2]) === 1 && ++failing > failingLimit) continue
          due.push(target)
        }
      }
      let closer: [string[], unknown[]] = [[], []]
      for (let [from, size] = [0, PAGE[0] as number]; ; from += size, size = PAGE[1]) {
        const args = [instant(now), String(from), String(size)]
        const [page, far, slow, farSlow] = (await run('look for what is due', dueScript, args)) as [
          string[],
          string[],
          unknown[],
          unknown[],
        ]
        if (from === 0) closer = [far, farSlow]
        take(page, slow)
        if (due.length >= limit || page.length < 2 * size) break
      }
      // They count as due now, and so for not longer than any other.
      take(...closer)
      return due
    },

    async peek({ now, targets }) {
      const mine = known(targets)
      let next = Infinity
      let version = 0
      for (let [from, size] = [0, PAGE[0] as number]; ; from += size, size = PAGE[1]) {
        const args = [instant(now), String(from), String(size)]
        const [targetsVersion, page, far] = (await run('peek', peekScript, args)) as [string, string[], string[]]
        version = Number(targetsVersion)
        for (const flat of [page, far]) {
          for (let n = 0; n < flat.length; n += 2) {
            if (mine.has(fromSafe(flat[n] ?? ''))) next = Math.min(next, Number(flat[n + 1]))
          }
        }
        if (next !== Infinity || page.length < 2 * size) break
      }
      return { nextDueAt: next === Infinity ? null : next, inbox: false, targets: version }
    },
  }
}
