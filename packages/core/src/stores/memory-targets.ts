import type { TargetRow, TargetRows, TargetSwap } from '../ports.ts'

/** A table of targets in this process. */
export function memoryTargets(): TargetRows & Required<TargetSwap> & { version(): number } {
  const rows = new Map<string, TargetRow>()
  let version = 0
  return {
    version: () => version,
    read: async () => ({ rows: structuredClone([...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1))), version }),
    async put({ key, uid, target }) {
      rows.set(key, { key, uid: rows.get(key)?.uid ?? uid, target: structuredClone(target) })
      version += 1
    },
    async delete(key) {
      if (!rows.delete(key)) return false
      version += 1
      return true
    },
    async swap(key, was, now) {
      if (textOf(rows.get(key) ?? null) !== textOf(was)) return false
      if (now !== null) rows.set(key, { key, uid: was?.uid ?? now.uid, target: structuredClone(now.target) })
      else if (!rows.delete(key)) return true
      version += 1
      return true
    },
  }
}

/** Rows are the same if they are the same JSON. */
function textOf(row: Omit<TargetRow, 'key'> | null): string | null {
  return row === null ? null : JSON.stringify([row.uid, row.target])
}
