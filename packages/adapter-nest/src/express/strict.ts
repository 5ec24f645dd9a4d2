import type { Problem } from '@unstale/core'

const PROPERTIES: ReadonlySet<string> = new Set(['collection', 'event', 'key', 'fields', 'previous', 'timestamp'])

const MESSAGE = `is not one of ${[...PROPERTIES].join(', ')}`

/** Problems that are looked for: whoever gets so many has another one. */
const ENOUGH = 1_000

/**
 * Properties that no change has. A source in the same process may say more than is asked; what comes from elsewhere, and
 * names a property that nobody reads, has most likely misspelt another.
 */
export function unknownProperties(input: unknown): readonly Problem[] {
  const problems: Problem[] = []
  const list: readonly unknown[] = Array.isArray(input) ? input : [input]
  for (const [index, change] of list.entries()) {
    // What is no object has no properties: it is refused as a whole.
    if (typeof change !== 'object' || change === null || Array.isArray(change)) continue
    for (const name of Object.keys(change)) {
      if (PROPERTIES.has(name)) continue
      problems.push({ path: `${Array.isArray(input) ? `changes[${index}]` : 'change'}.${name}`, message: MESSAGE })
      if (problems.length === ENOUGH) return problems
    }
  }
  return problems
}
