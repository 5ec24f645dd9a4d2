/** Which entities are announced, under which names, and what of them. */
import { type ItemKey, PipelineError } from '@unstale/core'
import type { Column, Described, Metadata } from './metadata.ts'
import { type Field, fieldsOf, type State, stateOf, textOf, type Values } from './values.ts'

/** An entity as TypeORM takes it: its class, its `EntitySchema`, or its name. */
export type EntityRef = string | (abstract new (...args: never[]) => unknown) | { readonly options: { readonly name: string } }

export interface WatchedEntity {
  entity: EntityRef
  /** Default: the name of its table. */
  collection?: string
  /** Default: the value of the primary column; of several, their values in the order of declaration, with commas between. */
  key?(entity: State): ItemKey | null | undefined
  /** The properties that may be announced, by path (`title`, `address.city`). Default: all. Columns with `select: false` never are. */
  fields?: readonly string[]
}

/** What is known of an entity that is announced. */
export interface Watched {
  /** For messages. */
  name: string
  collection: string
  metadata: Metadata
  /** What has to be read for these paths: fields, and the columns of these and of the key. */
  select(paths: readonly string[]): Selection
  keyOf(values: Values): ItemKey
}

export interface Selection {
  fields: readonly Field[]
  columns: readonly Column[]
}

/** By the entity at the root of a table: classes that share one table are one collection. */
export function watchedEntities(
  dataSource: Described,
  entities: 'all' | readonly (EntityRef | WatchedEntity)[],
): ReadonlyMap<Metadata, Watched> {
  if (entities !== 'all' && !Array.isArray(entities)) {
    throw invalid(
      "entities: has to be 'all' or an array of entity classes, schemas, names or { entity, collection, key, fields }",
    )
  }
  const known = (metadata: Metadata) => metadata.tableType === 'regular' || metadata.tableType === 'entity-child'
  const asked =
    entities === 'all'
      ? dataSource.entityMetadatas.filter(known).map((metadata) => ({ metadata, options: {} }))
      : entities.map((one: EntityRef | WatchedEntity, index) => {
          const options = isOptions(one) ? one : { entity: one }
          return { metadata: metadataOf(dataSource, options.entity, `entities[${index}]`), options }
        })
  const watched = new Map<Metadata, Watched>()
  for (const { metadata, options } of asked) {
    const root = rootOf(metadata)
    if (!watched.has(root)) watched.set(root, watch(dataSource, root, options))
  }
  return watched
}

/** Of entities that inherit one table, the one that has all of its columns. */
export function rootOf(metadata: Metadata): Metadata {
  return metadata.parentEntityMetadata === undefined ? metadata : rootOf(metadata.parentEntityMetadata)
}

function isOptions(one: EntityRef | WatchedEntity): one is WatchedEntity {
  return typeof one === 'object' && one !== null && 'entity' in one
}

function metadataOf(dataSource: Described, entity: EntityRef, path: string): Metadata {
  if (dataSource.hasMetadata(entity)) return dataSource.getMetadata(entity)
  const named = typeof entity === 'string' ? entity : typeof entity === 'function' ? entity.name : entity?.options?.name
  const fix = 'add it to `entities` of the DataSource, or take it out here'
  throw invalid(`${path}: the DataSource knows no entity ${named ? JSON.stringify(named) : 'of that kind'}: ${fix}`)
}

function watch(dataSource: Described, metadata: Metadata, options: Partial<WatchedEntity>): Watched {
  const { name } = metadata
  const { collection = metadata.tableName, key } = options
  const all = fieldsOf(metadata, dataSource.driver)
  const announced = options.fields === undefined ? all : options.fields.map((path) => named(all, path, name))
  const selections = new WeakMap<readonly string[], Selection>()

  function select(paths: readonly string[]): Selection {
    let known = selections.get(paths)
    if (known === undefined) {
      const fields = announced.filter(({ path }) => paths.some((asked) => concerns(asked, path)))
      const names = new Set((key === undefined ? fields : all).flatMap((field) => field.columns))
      const columns = metadata.columns.filter(
        (column) => names.has(column.databaseName) || metadata.primaryColumns.includes(column),
      )
      known = { fields, columns }
      selections.set(paths, known)
    }
    return known
  }

  function keyOf(values: Values): ItemKey {
    const picked =
      key === undefined
        ? metadata.primaryColumns.map(({ databaseName }) => textOf(values.get(databaseName)))
        : [key(stateOf(all, values))]
    const [one] = picked
    const whole = picked.length === 1 ? one : picked.every((part) => part !== undefined) ? picked.join(',') : undefined
    if ((typeof whole === 'string' && whole !== '') || (typeof whole === 'number' && Number.isFinite(whole))) return whole
    const from = key === undefined ? 'its primary column has no value' : 'its option key(entity) answered none'
    throw new PipelineError(
      'CHANGE_INVALID',
      `an entity ${name} has no key: ${from}, and it takes a non-empty string or a number`,
    )
  }

  return { name, collection, metadata, select, keyOf }
}

function named(all: readonly Field[], path: string, entity: string): Field {
  const found = all.find((field) => field.path === path)
  if (found !== undefined) return found
  const message = `fields: ${entity} has no property ${JSON.stringify(path)} that can be announced: name its columns by property path`
  throw invalid(message)
}

/** Whether a path that somebody asked for is that of a field, lies in it, or around it. */
function concerns(asked: string, path: string): boolean {
  if (asked === '*' || asked === path || asked.startsWith(`${path}.`)) return true
  return path.startsWith(`${asked.endsWith('.*') ? asked.slice(0, -2) : asked}.`)
}

function invalid(message: string): PipelineError {
  return new PipelineError('CONFIG_INVALID', message)
}
