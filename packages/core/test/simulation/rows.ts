import type { TargetInput } from '../../src/config.ts'
import type { Rule, Target } from '../../src/types.ts'
import type { Random } from './random.ts'

/** Every version of a target's row, newest last. */
export interface Row {
  uid: string
  versions: { since: number; input: TargetInput & { uid: string; rules: Rule[] } }[]
}

/** A target as somebody may have written it. */
export function newVersion(uid: string, random: Random): TargetInput & { uid: string; rules: Rule[]; format: Target['format'] } {
  const rules: Rule[] = Array.from({ length: 1 + random.below(2) }, () => ({
    collection: random.pick(['posts', 'posts', 'pages', '*']),
    events: random.pick([
      ['create', 'update', 'delete'],
      ['create', 'update', 'delete'],
      ['update'],
      ['create', 'delete'],
    ] as const),
    payload: random.pick([['v'], ['v', 'slug'], [], ['*']]),
    ...(random.chance(0.4) ? { filter: { status: { _eq: 'published' } } } : undefined),
    ...(random.chance(0.5) ? { previous: ['slug'] } : undefined),
  }))
  const quiet = random.below(150)
  return {
    uid,
    key: uid,
    url: `http://${uid}.test/`,
    rules,
    format: random.chance(0.2) ? 'single' : 'batch',
    window: { quiet, max: quiet + random.below(300), size: 1 + random.below(8) },
    ...(random.chance(0.1) ? { maxPending: 3 } : undefined),
    ...(random.chance(0.1) ? { wholeCollection: true } : undefined),
  }
}

/** Makes rules ask for what is long. */
export function weigh(rules: readonly Rule[], random: Random): void {
  for (const rule of rules) if (random.chance(0.7)) rule.payload = [...rule.payload, 'text']
}
