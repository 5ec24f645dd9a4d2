import type { Directus } from './harness/index.ts'

/** What the extension has complained of, a line each, from that position of the log on. */
export function linesOf(directus: Directus, since = 0): string[] {
  return sayings(directus, since).filter((line) => !/\bINFO\b/.test(line))
}

/** All that it has said. */
export function sayings(directus: Directus, since = 0): string[] {
  return directus
    .log()
    .slice(since)
    .split('\n')
    .filter((line) => line.includes('unstale: '))
}
