/** Values of an entity's columns, from entities and from rows, and the fields that they become. */
import type { Column, Driver, Metadata } from './metadata.ts'

/** What is known of a row, by column as the database names it. */
export type Values = ReadonlyMap<string, unknown>

export type State = Readonly<Record<string, unknown>>

/** A property that is announced: a column, or a relation under whose name its foreign key stands. */
export interface Field {
  path: string
  /** Of a relation to a composite key there are several. */
  columns: readonly string[]
}

export function fieldsOf(metadata: Metadata, driver: Driver): Field[] {
  const readable = (column: Column) =>
    column.isSelect && column.isVirtualProperty !== true && !(driver.spatialTypes ?? []).includes(column.type)
  const fields = new Map<string, Field>()
  for (const column of metadata.columns) {
    if (readable(column) && !column.isVirtual) {
      fields.set(column.propertyPath, { path: column.propertyPath, columns: [column.databaseName] })
    }
  }
  for (const { propertyPath, isManyToOne, isOneToOneOwner, joinColumns } of metadata.relations) {
    if ((isManyToOne || isOneToOneOwner) && joinColumns.every(readable)) {
      fields.set(propertyPath, { path: propertyPath, columns: joinColumns.map((column) => column.databaseName) })
    }
  }
  return [...fields.values()]
}

/** The fields whose values are known, those of embedded entities nested. */
export function stateOf(fields: readonly Field[], values: Values): State {
  const state: Record<string, unknown> = {}
  for (const { path, columns } of fields) {
    const value = columns.length === 1 ? sendable(values.get(columns[0] as string)) : joined(columns, values)
    if (value === undefined) continue
    const names = path.split('.')
    const last = names.pop() as string
    let holder = state
    for (const name of names) holder = (holder[name] ??= {}) as Record<string, unknown>
    holder[last] = value
  }
  return state
}

/** As the key of the item that it refers to. */
function joined(columns: readonly string[], values: Values): unknown {
  const parts = columns.map((column) => values.get(column))
  if (parts.includes(undefined)) return undefined
  return parts.includes(null) ? null : parts.map(textOf).join(',')
}

/** What JSON carries. Bytes stay unknown. */
function sendable(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return typeof value === 'function' || value instanceof Uint8Array ? undefined : value
}

/** A value as a key, or a part of one. */
export function textOf(value: unknown): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString()
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : undefined
}

/** The value of a column in an entity; undefined: it does not say. */
export function valueIn(entity: unknown, column: Column): unknown {
  const { relationMetadata: relation, referencedColumn } = column
  if (relation === undefined) return column.getEntityValue(entity)
  const related = relation.getEntityValue(entity)
  if (relation.isLazy && column.isVirtual) {
    // To look at the property itself would load it.
    return typeof related === 'object' && related !== null ? referencedColumn?.getEntityValue(related) : related
  }
  const value = column.getEntityValue(entity)
  return value === undefined && related === null ? null : value
}

/** What an entity says of the columns; expressions of SQL (functions) say nothing. */
export function valuesIn(entity: unknown, columns: readonly Column[]): Map<string, unknown> {
  const values = new Map<string, unknown>()
  if (entity === undefined || entity === null) return values
  for (const column of columns) {
    const value = valueIn(entity, column)
    if (value !== undefined && typeof value !== 'function') values.set(column.databaseName, value)
  }
  return values
}
