/** Which collections and fields may be told to anybody, by Directus's own description of them. */
import type { CollectionOverview, FieldOverview, Relation, Schema } from './host.ts'

export const TARGETS = 'cache_flush_targets'
export const TARGETS_USERS = 'cache_flush_targets_directus_users'

/** What would loop (each flush makes some of them), or holds what is nobody else's business. */
const NEVER: ReadonlySet<string> = new Set([
  'directus_activity',
  'directus_revisions',
  'directus_presets',
  'directus_notifications',
  'directus_sessions',
  'directus_migrations',
  TARGETS,
  TARGETS_USERS,
])

/** Fields that no version marks as secret, and that are. */
const SECRETS: ReadonlySet<string> = new Set([
  'directus_users.password',
  'directus_users.token',
  'directus_users.tfa_secret',
  'directus_users.auth_data',
  'directus_shares.password',
])

const SECRET_SPECIALS: ReadonlySet<string> = new Set(['conceal', 'hash', 'encrypt'])

export function mayAnnounce(collection: string): boolean {
  return !NEVER.has(collection)
}

export function isSecret(collection: string, { field, special, type }: FieldOverview): boolean {
  return type === 'hash' || special.some((one) => SECRET_SPECIALS.has(one)) || SECRETS.has(`${collection}.${field}`)
}

/** One path of a rule, followed through the relations. */
type Followed =
  /** What has to be asked for: the path itself, or several where it ends in `*`. */
  { paths: string[] } | { problem: string }

/** What `ItemsService` has to be asked for so that a path of a rule can be picked from its answer; or why it must not be. */
export function follow(schema: Schema, collection: string, path: string): Followed {
  const overview = schema.collections[collection]
  if (overview === undefined) return { problem: `there is no collection "${collection}"` }
  const dot = path.indexOf('.')
  const head = dot < 0 ? path : path.slice(0, dot)
  if (head === '*')
    return dot < 0 ? { paths: plainFields(collection, overview) } : { problem: `"${path}" has something after "*"` }
  const [name, through] = head.split(':') as [string, string?]
  const field = overview.fields[name]
  if (field === undefined) return { problem: `"${collection}" has no field "${name}"` }
  if (isSecret(collection, field))
    return { problem: `"${collection}.${name}" is concealed, hashed or encrypted, and is never sent` }
  if (dot < 0) return { paths: [path] }
  const related = relatedTo(schema.relations, collection, name, through)
  // A path into a JSON value: all of it has to be read.
  if (related === null) return { paths: [name] }
  const rest = follow(schema, related, path.slice(dot + 1))
  return 'problem' in rest ? rest : { paths: rest.paths.map((one) => `${head}.${one}`) }
}

/** All that the given paths ask for, as far as it is there and no secret. */
export function readablePaths(schema: Schema, collection: string, paths: readonly string[]): string[] {
  const readable = paths.flatMap((path) => {
    const followed = follow(schema, collection, path)
    return 'paths' in followed ? followed.paths : []
  })
  return [...new Set(readable)]
}

function plainFields(collection: string, { fields }: CollectionOverview): string[] {
  return Object.values(fields)
    .filter((field) => field.type !== 'alias' && !isSecret(collection, field))
    .map(({ field }) => field)
}

/** The collection that a relational field leads to; null: it is none. */
function relatedTo(
  relations: readonly Relation[],
  collection: string,
  field: string,
  through: string | undefined,
): string | null {
  for (const relation of relations) {
    if (relation.collection === collection && relation.field === field) return relation.related_collection ?? through ?? null
    if (relation.related_collection === collection && relation.meta?.one_field === field) return relation.collection
  }
  return null
}
