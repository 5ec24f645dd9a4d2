import type { TargetRow, TargetRows, TargetSwap } from '../../ports.ts'
import type { Calls } from './calls.ts'
import { fromSafe, toSafe } from './entry-text.ts'
import { deleteTargetScript, putTargetScript, readTargetsScript, swapTargetScript } from './lua/targets.ts'

/** The store's own targets; every process hears of a change at once, or at its next look. */
export function targetRows({ run }: Calls, channel: string, sender: string): TargetRows & Required<TargetSwap> {
  return {
    async read() {
      const [version, flat] = (await run('read its targets', readTargetsScript, [])) as [string, string[]]
      const rows = []
      for (let n = 0; n < flat.length; n += 3) {
        const [key = '', uid = '', target = 'null'] = flat.slice(n, n + 3)
        rows.push({ key: fromSafe(key), uid: fromSafe(uid), target: JSON.parse(target) as unknown })
      }
      rows.sort((a, b) => (a.key < b.key ? -1 : 1))
      return { rows, version: Number(version) }
    },
    async put({ key, uid, target }) {
      await run('put a target', putTargetScript, [toSafe(key), toSafe(uid), JSON.stringify(target), channel, sender])
    },
    async delete(key) {
      return Number(await run('delete a target', deleteTargetScript, [toSafe(key), channel, sender])) === 1
    },
    async swap(key, was, now) {
      const args = [toSafe(key), channel, sender, ...toArgs(was), ...toArgs(now)]
      return Number(await run('change a target', swapTargetScript, args)) === 1
    },
  }
}

function toArgs(row: Omit<TargetRow, 'key'> | null): string[] {
  return row === null ? ['0', '', ''] : ['1', toSafe(row.uid), JSON.stringify(row.target)]
}
