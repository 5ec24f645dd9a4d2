/** Which collections and fields may be told to anybody, by Directus's own description of them. */
import { RELATED_KEY, SECRET_FIELDS, UNTOLD_COLLECTIONS } from '@unstale/core'
import type { CollectionOverview, FieldOverview, Relation, Row, Schema } from './host.ts'

export const TARGETS = 'cache_flush_targets'
export const TARGETS_USERS = 'cache_flush_targets_directus_users'

const SECRET_SPECIALS: ReadonlySet<string> = new Set(['conceal', 'hash', 'encrypt'])

export function mayAnnounce(collection: string): boolean {
  return !UNTOLD_COLLECTIONS.has(collection)
}

export function isSecret(collection: string, { field, special, type }: FieldOverview): boolean {
  return (
    type === 'hash' || special.some((one) => SECRET_SPECIALS.has(one)) || SECRET_FIELDS.get(collection)?.includes(field) === true
  )
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

/** A step of a path to a related item: `author` of `author.name`, and the collection it leads to; null: it is none. */
function stepOf(schema: Schema, collection: string, path: string): { head: string; rest: string; related: string } | null {
  const dot = path.indexOf('.')
  if (dot < 0) return null
  const head = path.slice(0, dot)
  const [name, through] = head.split(':') as [string, string?]
  const related = relatedTo(schema.relations, collection, name, through)
  return related === null ? null : { head, rest: path.slice(dot + 1), related }
}

/** Paths to the keys of the items through which these lead. */
export function keyPaths(schema: Schema, collection: string, paths: readonly string[]): string[] {
  const keys = paths.flatMap((path): string[] => {
    const step = stepOf(schema, collection, path)
    const primary = step === null ? undefined : schema.collections[step.related]?.primary
    if (step === null || primary === undefined) return []
    return [primary, ...keyPaths(schema, step.related, [step.rest])].map((one) => `${step.head}.${one}`)
  })
  return [...new Set(keys)]
}

/** Gives related items their keys, for who asks for the key alone, and finds those of several collections under their paths. */
export function withKeys(schema: Schema, collection: string, row: Row, paths: readonly string[]): Row {
  const whole: Row = { ...row }
  const byHead = Map.groupBy(
    paths.flatMap((path) => stepOf(schema, collection, path) ?? []),
    ({ head }) => head,
  )
  for (const [head, steps] of byHead) {
    const related = steps[0]?.related as string
    const rests = steps.map(({ rest }) => rest)
    const [name] = head.split(':') as [string]
    const marked = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(marked)
      if (typeof value !== 'object' || value === null) return value
      const item = withKeys(schema, related, value as Row, rests)
      const primary = schema.collections[related]?.primary as string
      return primary in item ? { ...item, [RELATED_KEY]: item[primary] } : item
    }
    whole[head] = marked(row[name])
  }
  return whole
}
