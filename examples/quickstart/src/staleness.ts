import type { FrontEndKey } from './flushes.ts'

export interface Staleness {
  /** One edit, committed at `at`, made these cached pages old. */
  edited(at: number, pages: readonly { frontEnd: FrontEndKey; paths: readonly string[] }[]): void
  /** Those pages are out of the cache; answers for how long the one that waited longest was old, in milliseconds. */
  dropped(at: number, frontEnd: FrontEndKey, paths: readonly string[]): number | null
  /** Since when each page that is still cached has been old. */
  since(frontEnd: FrontEndKey): Record<string, number>
  figures(): { median: number | null; edits: number }
}

/** Measures how long edits are not seen: from the commit until the last front end has dropped its last old copy. */
export function createStaleness(): Staleness {
  const open = new Map<string, Set<{ at: number; waitsFor: number }>>()
  const tookMs: number[] = []
  const nameOf = (frontEnd: FrontEndKey, path: string) => `${frontEnd} ${path}`

  return {
    edited(at, pages) {
      const names = pages.flatMap(({ frontEnd, paths }) => paths.map((path) => nameOf(frontEnd, path)))
      const edit = { at, waitsFor: names.length }
      for (const name of names) open.set(name, (open.get(name) ?? new Set()).add(edit))
    },
    dropped(at, frontEnd, paths) {
      let oldest: number | null = null
      for (const path of paths) {
        for (const edit of open.get(nameOf(frontEnd, path)) ?? []) {
          oldest = Math.min(oldest ?? edit.at, edit.at)
          if (--edit.waitsFor === 0) tookMs.push(at - edit.at)
        }
        open.delete(nameOf(frontEnd, path))
      }
      return oldest === null ? null : at - oldest
    },
    since(frontEnd) {
      const mine = [...open].filter(([name]) => name.startsWith(`${frontEnd} `))
      return Object.fromEntries(
        mine.map(([name, edits]) => [name.slice(frontEnd.length + 1), Math.min(...[...edits].map(({ at }) => at))]),
      )
    },
    figures() {
      const sorted = tookMs.toSorted((a, b) => a - b)
      return { median: sorted[Math.floor(sorted.length / 2)] ?? null, edits: sorted.length }
    },
  }
}
