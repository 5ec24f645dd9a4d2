/** Announces what an UPDATE, a DELETE, a soft delete or a restore of a builder changes. */
import type { ChangeEvent } from '@unstale/core'
import { type Announcer, type Draft, lockFor, pathsOf } from './announcer.ts'
import type { Announce, Execute } from './builders.ts'
import type { Watched } from './entities.ts'
import { joinsWatched, sidesOf } from './junctions.ts'
import type { Builder, Column, ExecuteResult, Metadata } from './metadata.ts'
import { nameOf, type Row, rawKey, rowsAt, rowsBy, rowsOf } from './rows.ts'
import type { QueryRunnerLike } from './types.ts'
import { type Values, valuesIn } from './values.ts'

const EVENTS: Readonly<Record<string, ChangeEvent>> = {
  update: 'update',
  delete: 'delete',
  'soft-delete': 'delete',
  restore: 'create',
}

export const changeAnnounced: Announce = (announcer, builder, metadata, execute) => {
  if (metadata.isJunction) return junctionAnnounced(announcer, builder, metadata, execute)
  const event = EVENTS[builder.expressionMap.queryType]
  const watched = announcer.watched(metadata)
  if (event === undefined || watched === undefined) return null
  const interest = announcer.interest(watched, event)
  if (interest === null) return null
  if (writesWithin(builder)) {
    return async (runner) => {
      const result = await execute()
      await announcer.publishAll(runner, watched, event)
      return result
    }
  }
  return async (runner) => {
    const { columns } = watched.select(pathsOf(interest))
    const { seen, before } = await rowsBefore(builder, runner, metadata, columns)
    const moved = movedBy(builder, runner, metadata)
    const learnt = learnKeys(builder, metadata, event === 'delete' ? columns : metadata.primaryColumns)
    const result = await execute().finally(learnt.restore)
    const names = new Set(seen.map((row) => nameOf(moved(row))))
    const others = learnt.rows(result).filter(({ key }) => !names.has(nameOf(key)))
    const reading = { moved, watched, columns: watched.select(interest.fields).columns }
    await announcer.publish(runner, await draftsOf(event, reading, runner, before, others))
    return result
  }
}

/** Whether a statement that it begins with (WITH …) may write: then it must not be read with beforehand. */
function writesWithin({ expressionMap }: Builder): boolean {
  return (expressionMap.commonTableExpressions ?? []).some(({ queryBuilder }) => {
    if (typeof queryBuilder === 'string') return !/^\s*select\b/i.test(queryBuilder)
    return (queryBuilder as Builder).expressionMap.queryType !== 'select'
  })
}

interface Reading {
  /** The key that a row has afterwards. */
  moved(row: Row): readonly unknown[]
  watched: Watched
  columns: readonly Column[]
}

/** `others`: rows that were changed and not seen before, since another transaction had just written them. */
async function draftsOf(
  event: ChangeEvent,
  { moved, watched, columns }: Reading,
  runner: QueryRunnerLike,
  before: readonly Row[],
  others: readonly Row[],
): Promise<Draft[]> {
  const draft = (key: Row['key'], after: Values, was?: Values): Draft => ({
    watched,
    event,
    key,
    after,
    ...(was && { before: was }),
  })
  if (event === 'delete') return [...before, ...others].map(({ key, values }) => draft(key, values))
  const reading = { metadata: watched.metadata, columns, by: watched.metadata.primaryColumns }
  const kept = await rowsAt(runner, reading, before.map(moved))
  const drafts = before.flatMap((was): Draft[] => {
    const row = kept.get(nameOf(moved(was)))
    if (row && nameOf(was.key) === nameOf(moved(was))) return [draft(row.key, row.values, was.values)]
    // The update gave it another key: one item is gone, and there is a new one.
    const gone: Draft = { ...draft(was.key, was.values), event: 'delete' }
    return row === undefined ? [gone] : [gone, { ...draft(row.key, row.values), event: 'create' }]
  })
  const told = new Set(drafts.map(({ key }) => nameOf(key)))
  const rest = others.map(({ key }) => key).filter((key) => !told.has(nameOf(key)))
  const found = rest.length === 0 ? [] : await rowsBy(runner, reading, rest)
  return [...drafts, ...found.map(({ key, values }) => draft(key, values))]
}

/** The key that a row has once the builder has run: usually the one that it had. */
function movedBy(builder: Builder, runner: QueryRunnerLike, { primaryColumns }: Metadata): (row: Row) => readonly unknown[] {
  const { queryType, valuesSet } = builder.expressionMap
  const set = queryType === 'update' ? valuesIn(valuesSet, primaryColumns) : new Map<string, unknown>()
  if (set.size === 0) return ({ key }) => key
  return ({ key }) =>
    primaryColumns.map((column, place) => (set.has(column.databaseName) ? rawKey(runner, [column], set)?.[0] : key[place]))
}

/** The rows that the statement finds, and those of them that it changes. */
async function rowsBefore(
  builder: Builder,
  runner: QueryRunnerLike,
  { deleteDateColumn }: Metadata,
  columns: readonly Column[],
): Promise<{ seen: readonly Row[]; before: readonly Row[] }> {
  const { queryType } = builder.expressionMap
  const lock = lockFor(runner, queryType === 'delete' ? 'delete' : 'update')
  const soft = queryType === 'soft-delete' || queryType === 'restore' ? deleteDateColumn : undefined
  const seen = await rowsOf(builder, runner, soft === undefined ? columns : [...new Set([...columns, soft])], lock)
  if (soft === undefined) return { seen, before: seen }
  // What is deleted already is not deleted again.
  const isToChange = ({ values }: Row) => (values.get(soft.databaseName) == null) === (queryType === 'soft-delete')
  return { seen, before: seen.filter(isToChange) }
}

interface Learnt {
  /** Whether the rows are all that were written. */
  tells: boolean
  restore(): void
  rows(result: ExecuteResult): readonly Row[]
}

/** On Postgres a statement tells which rows it has touched, if it is asked to. */
export function learnKeys(builder: Builder, metadata: Metadata, columns: readonly Column[]): Learnt {
  const { expressionMap } = builder
  const dataSource = (builder.dataSource ?? builder.connection) as NonNullable<Builder['dataSource']>
  const { primaryColumns } = metadata
  const { returning } = expressionMap
  const free = returning === undefined || returning === '' || (Array.isArray(returning) && returning.length === 0)
  // With entities TypeORM itself reads what the statement answers.
  if (dataSource.options.type !== 'postgres' || expressionMap.whereEntities.length > 0)
    return { tells: false, restore: () => {}, rows: () => [] }
  if (free) expressionMap.returning = [...new Set([...primaryColumns, ...columns])].map(({ propertyPath }) => propertyPath)
  return {
    tells: free,
    restore: () => {
      if (free) expressionMap.returning = returning
    },
    rows(result) {
      const records = Array.isArray(result.raw) ? (result.raw as Record<string, unknown>[]) : []
      if (free) result.raw = []
      return records
        .filter((record) => primaryColumns.every(({ databaseName }) => record[databaseName] !== undefined))
        .map((record) => ({
          key: primaryColumns.map(({ databaseName }) => record[databaseName]),
          values: new Map(
            columns
              .filter(({ databaseName }) => record[databaseName] !== undefined)
              .map((column) => [
                column.databaseName,
                dataSource.driver.prepareHydratedValue(record[column.databaseName], column),
              ]),
          ),
        }))
    },
  }
}

/** A relation that loses items: the rows that join them tell which. */
function junctionAnnounced(announcer: Announcer, builder: Builder, metadata: Metadata, execute: Execute): ReturnType<Announce> {
  const { queryType } = builder.expressionMap
  if (queryType !== 'delete' || !joinsWatched(announcer, metadata)) return null
  return async (runner) => {
    const rows = await rowsOf(builder, runner, metadata.columns, lockFor(runner, 'delete'))
    const result = await execute()
    const joined = rows.map(({ values }) =>
      Object.fromEntries(metadata.columns.map(({ propertyName, databaseName }) => [propertyName, values.get(databaseName)])),
    )
    await announcer.publish(runner, sidesOf(announcer, runner, metadata, joined))
    return result
  }
}
