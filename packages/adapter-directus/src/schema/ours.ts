/** Tells our collections from those that somebody made for something else, and that have our names by chance. */
import { TARGETS } from '../fields.ts'
import type { Schema } from '../host.ts'

/** Fields without which a collection of that name is none of ours: those that the original has. */
export function neededIn(collection: string): readonly string[] {
  return collection === TARGETS
    ? ['id', 'status', 'url', 'auth_header', 'api_key', 'schema']
    : ['cache_flush_targets_id', 'directus_users_id']
}

/** Whether there are targets in the Studio; a foreign collection is neither read nor minded. */
export function hasTargets(schema: Schema): boolean {
  const there = schema.collections[TARGETS]
  return there !== undefined && neededIn(TARGETS).every((name) => there.fields[name] !== undefined)
}
