import type { TargetRow, TargetRows } from '../ports.ts'

/** A table of targets in this process. */
export function memoryTargets(): TargetRows & { version(): number } {
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
  }
}
