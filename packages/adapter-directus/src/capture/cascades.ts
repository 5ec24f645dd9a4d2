/** What the database does on its own when an item is deleted, and tells nobody. */
import type { Schema } from '../host.ts'

export interface Cascade {
  /** The collection whose items hold the key of the deleted one, and in which field. */
  collection: string
  field: string
  /** What becomes of them. */
  event: 'update' | 'delete'
}

const cached = new WeakMap<object, Map<string, readonly Cascade[]>>()

/** The relations through which deleting an item of `collection` changes others. */
export function cascadesOf(schema: Schema, collection: string): readonly Cascade[] {
  let known = cached.get(schema)
  if (known === undefined) {
    known = new Map()
    cached.set(schema, known)
  }
  let cascades = known.get(collection)
  if (cascades === undefined) {
    cascades = schema.relations.flatMap(({ collection: many, field, related_collection, schema: foreignKey }): Cascade[] => {
      if (related_collection !== collection) return []
      const rule = foreignKey?.on_delete?.toUpperCase()
      if (rule === 'CASCADE') return [{ collection: many, field, event: 'delete' }]
      return rule === 'SET NULL' || rule === 'SET DEFAULT' ? [{ collection: many, field, event: 'update' }] : []
    })
    known.set(collection, cascades)
  }
  return cascades
}

/** Whether somebody wants to hear of something that deleting an item of `collection` leads to. */
export function leadsTo(
  schema: Schema,
  collection: string,
  wanted: (cascade: Cascade) => boolean,
  visited: Set<string> = new Set(),
): boolean {
  if (visited.has(collection)) return false
  visited.add(collection)
  return cascadesOf(schema, collection).some(
    (cascade) => wanted(cascade) || (cascade.event === 'delete' && leadsTo(schema, cascade.collection, wanted, visited)),
  )
}
