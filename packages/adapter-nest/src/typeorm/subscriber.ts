/** What TypeORM tells of `save`, `remove`, `softRemove` and `recover`: with entities, and with the rows as they were. */
import type { ChangeEvent } from '@unstale/core'
import { type Announcer, type Draft, lockFor, pathsOf } from './announcer.ts'
import type { Watched } from './entities.ts'
import { sidesOf } from './junctions.ts'
import type { Column, Metadata, Relation } from './metadata.ts'
import { nameOf, rawKey, rowsAt } from './rows.ts'
import type { QueryRunnerLike } from './types.ts'
import { type Values, valueIn, valuesIn } from './values.ts'

interface EntityEvent {
  queryRunner: QueryRunnerLike
  metadata: Metadata
  entity?: unknown
  /** The row as it was; null or absent where TypeORM did not look. */
  databaseEntity?: unknown
  /** A single key as it is, else by property. */
  entityId?: unknown
  /** What an update has written. */
  updatedColumns?: readonly Column[]
  updatedRelations?: readonly Relation[]
}

type Handler = (event: EntityEvent) => Promise<void> | undefined

export type Subscriber = Readonly<
  Record<
    | 'beforeUpdate'
    | 'beforeRemove'
    | 'beforeSoftRemove'
    | 'beforeRecover'
    | 'afterInsert'
    | 'afterUpdate'
    | 'afterRemove'
    | 'afterSoftRemove'
    | 'afterRecover',
    Handler
  >
>

/** What the events of one call have in common: TypeORM tells them one after the other, and waits for what they answered. */
interface Gathered<T> {
  all: T[]
  done: Promise<void>
}

export function createSubscriber(announcer: Announcer): Subscriber {
  /** Others may write between two statements of a transaction. */
  const isShared = announcer.dataSource.options.type !== 'better-sqlite3'
  /** Rows that were read before they were written, by collection and key. */
  const seen = new WeakMap<QueryRunnerLike, Map<string, Values>>()
  const look = gathering<{ watched: Watched; columns: readonly Column[]; key: readonly unknown[] }>(async (runner, all) => {
    const known = seen.get(runner) ?? new Map<string, Values>()
    seen.set(runner, known)
    for (const columns of new Set(all.map((one) => one.columns))) {
      const some = all.filter((one) => one.columns === columns)
      const { watched } = some[0] as (typeof all)[number]
      const { metadata } = watched
      const reading = { metadata, columns, by: metadata.primaryColumns, lock: lockFor(runner, 'update') }
      const keys = some.map(({ key }) => key)
      for (const [name, row] of await rowsAt(runner, reading, keys)) known.set(placeOf(watched, name), row.values)
    }
  })
  const announce = gathering<Draft>(async (runner, drafts) => {
    seen.delete(runner)
    await announcer.publish(runner, drafts)
  })

  const announceWhole = gathering<{ watched: Watched; event: ChangeEvent }>(async (runner, all) => {
    const each = new Map(all.map((one) => [`${one.event} ${one.watched.collection}`, one]))
    for (const { watched, event } of each.values()) await announcer.publishAll(runner, watched, event)
  })

  /** TypeORM has looked at the row, but without a lock, and not at every foreign key. */
  function before(event: ChangeEvent): Handler {
    return ({ queryRunner, metadata, entity, databaseEntity, entityId }) => {
      const watched = announcer.watched(metadata)
      const interest = watched && announcer.interest(watched, event)
      if (!watched || !interest) return
      const values = valuesIn(databaseEntity, metadata.columns)
      const key = keyIn(queryRunner, metadata, [databaseEntity, entityId, entity])
      if (key === null) return
      const absent = absentIn(metadata, watched)
      const lacks = ({ databaseName }: Column) => !values.has(databaseName) && !absent.has(databaseName)
      const { columns } = watched.select(pathsOf(interest))
      // What another transaction has written since then is an old value, too.
      const matters = isShared && (event === 'delete' || interest.previous.length > 0)
      return matters || columns.some(lacks) ? look(queryRunner, { watched, columns, key }) : undefined
    }
  }

  function after(change: ChangeEvent, write: (values: Map<string, unknown>, event: EntityEvent) => Values): Handler {
    return (event) => {
      const { queryRunner, metadata, entity, databaseEntity, entityId } = event
      if (metadata.isJunction) {
        const sides = sidesOf(announcer, queryRunner, metadata, [entityId])
        return sides.length === 0 ? undefined : announce(queryRunner, ...sides)
      }
      const watched = announcer.watched(metadata)
      if (watched === undefined || announcer.interest(watched, change) === null) return
      // A builder's, or a child's whose parent was saved: announced where they are executed.
      if (typeof entity === 'object' && entity !== null && announcer.inBuilders.has(entity)) return
      if (entity == null && (change === 'update' || (databaseEntity == null && entityId == null))) return
      const key = keyIn(queryRunner, metadata, [databaseEntity, entityId, entity])
      if (key === null) return announceWhole(queryRunner, { watched, event: change })
      const looked = seen.get(queryRunner)?.get(placeOf(watched, nameOf(key)))
      const old = new Map([
        ...valuesIn(keyed(metadata, entityId), metadata.primaryColumns),
        ...valuesIn(databaseEntity, metadata.columns),
        ...(looked ?? []),
      ])
      const known = databaseEntity != null || looked !== undefined
      const draft = { watched, event: change, key, after: write(new Map(old), event), absent: absentIn(metadata, watched) }
      return announce(queryRunner, known ? { ...draft, before: old } : draft)
    }
  }

  return {
    beforeUpdate: before('update'),
    beforeRemove: before('delete'),
    beforeSoftRemove: before('delete'),
    beforeRecover: before('create'),
    afterInsert: after('create', inserted),
    afterUpdate: after('update', overlaid),
    afterRemove: after('delete', (values, { entity, metadata }) => new Map([...valuesIn(entity, metadata.columns), ...values])),
    afterSoftRemove: after(
      'delete',
      (values, { entity, metadata }) => new Map([...valuesIn(entity, metadata.columns), ...values]),
    ),
    afterRecover: after('create', recovered),
  }
}

/** Gathers what is added until everything that is ready has run, and then works on it; whoever added waits for that. */
function gathering<T>(
  work: (runner: QueryRunnerLike, all: readonly T[]) => Promise<void>,
): (runner: QueryRunnerLike, ...more: T[]) => Promise<void> {
  const open = new WeakMap<QueryRunnerLike, Gathered<T>>()
  return (runner, ...more) => {
    let current = open.get(runner)
    if (current === undefined) {
      const all: T[] = []
      const done = Promise.resolve().then(() => {
        open.delete(runner)
        return work(runner, all)
      })
      // If another subscriber throws, TypeORM waits for nobody.
      done.catch(() => {})
      current = { all, done }
      open.set(runner, current)
    }
    current.all.push(...more)
    return current.done
  }
}

/** What TypeORM inserts, it has put into the entity; a foreign key that it was not given is null. */
function inserted(_: Map<string, unknown>, { entity, metadata }: EntityEvent): Values {
  const values = valuesIn(entity, metadata.columns)
  for (const { databaseName, isVirtual, isNullable, relationMetadata, default: byDefault } of metadata.columns) {
    const isNull = isVirtual && isNullable && relationMetadata !== undefined && byDefault == null
    if (isNull && !values.has(databaseName)) values.set(databaseName, null)
  }
  return values
}

/**
 * Only what TypeORM says that it has written: of the rest an entity may say null, and the row has a value. A foreign key may
 * have been written because another item's list has gained or lost this one; of that it says nothing.
 */
function overlaid(values: Map<string, unknown>, { entity, metadata, updatedColumns, updatedRelations }: EntityEvent): Values {
  for (const { joinColumns, inverseRelation } of metadata.relations) {
    if (inverseRelation !== undefined) for (const { databaseName } of joinColumns) values.delete(databaseName)
  }
  const written = [...(updatedColumns ?? []), ...(updatedRelations ?? []).flatMap(({ joinColumns }) => joinColumns)]
  return overlay(values, entity, [...written, ...metadata.columns.filter(isWrittenAnyway)])
}

function isWrittenAnyway({ isUpdateDate, isVersion, asExpression }: Column): boolean {
  return isUpdateDate || isVersion || asExpression !== undefined
}

/** Of an entity that is recovered nothing else is written. */
function recovered(values: Map<string, unknown>, { entity, metadata }: EntityEvent): Values {
  const { deleteDateColumn, columns } = metadata
  if (deleteDateColumn !== undefined) values.set(deleteDateColumn.databaseName, null)
  return overlay(values, entity, columns.filter(isWrittenAnyway))
}

function overlay(values: Map<string, unknown>, entity: unknown, columns: readonly Column[]): Values {
  for (const column of columns) {
    const value = valueIn(entity, column)
    if (typeof value === 'function') values.delete(column.databaseName)
    else if (value !== undefined) values.set(column.databaseName, value)
  }
  return values
}

function keyIn(runner: QueryRunnerLike, metadata: Metadata, from: readonly unknown[]): readonly unknown[] | null {
  const { primaryColumns } = metadata
  for (const one of from) {
    const key = rawKey(runner, primaryColumns, valuesIn(keyed(metadata, one), primaryColumns))
    if (key !== null) return key
  }
  return null
}

/** A single key, as if it were in an entity. */
function keyed({ primaryColumns }: Metadata, entity: unknown): unknown {
  if (entity === undefined || entity === null || (typeof entity === 'object' && !(entity instanceof Date))) return entity
  const names = primaryColumns[0]?.propertyPath.split('.') ?? []
  return names.reduceRight<unknown>((value, name) => ({ [name]: value }), entity)
}

/** Columns of other classes that share the table. */
function absentIn(metadata: Metadata, watched: Watched): ReadonlySet<string> {
  if (metadata === watched.metadata) return NONE
  const own = new Set(metadata.columns.map(({ databaseName }) => databaseName))
  return new Set(watched.metadata.columns.map(({ databaseName }) => databaseName).filter((name) => !own.has(name)))
}

const NONE: ReadonlySet<string> = new Set()

function placeOf({ collection }: Watched, name: string): string {
  return `${collection}\u0000${name}`
}
