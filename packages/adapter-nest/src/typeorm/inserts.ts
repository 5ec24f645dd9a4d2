/** Announces what an INSERT of a builder adds, and what an upsert finds there. */
import type { ChangeEvent } from '@unstale/core'
import { type Announcer, type Draft, lockFor, pathsOf } from './announcer.ts'
import type { Announce } from './builders.ts'
import { type Candidates, candidatesOf } from './candidates.ts'
import type { Watched } from './entities.ts'
import { joinsWatched, sidesOf } from './junctions.ts'
import type { Builder, ExecuteResult, Metadata } from './metadata.ts'
import { nameOf, type Row, rawKey } from './rows.ts'
import { learnKeys } from './statements.ts'
import type { QueryRunnerLike } from './types.ts'
import { type Values, valuesIn } from './values.ts'

export const insertAnnounced: Announce = (announcer, builder, metadata, execute) => {
  const { valuesSet, insertFromSelect, onUpdate, onIgnore, onConflict } = builder.expressionMap
  const written = [valuesSet ?? []].flat() as unknown[]
  if (written.length === 0 && !insertFromSelect) return null
  if (metadata.isJunction) {
    if (!joinsWatched(announcer, metadata)) return null
    return async (runner) => {
      const result = await execute()
      await announcer.publish(runner, sidesOf(announcer, runner, metadata, written))
      return result
    }
  }
  const watched = announcer.watched(metadata)
  const mayUpdate = Boolean(onUpdate || onConflict)
  if (watched === undefined || !concerns(announcer, watched, mayUpdate)) return null
  const meets = mayUpdate || Boolean(onIgnore)
  return async (runner) => {
    const { isWhole, lookUp } = meets ? candidatesOf(builder, runner, watched.metadata, written) : NO_CANDIDATES
    const { columns } = watched.select(bothOf(announcer, watched))
    const before = await lookUp(columns, lockFor(runner, 'upsert'))
    const keys = keysAnswered(builder, metadata)
    const result = await execute().finally(keys.restore)
    const found: Found[] = [...(await lookUp(columns)), ...keys.of(result).map((key) => ({ key }))]
    const all = found.length > 0 || isWhole || keys.tells ? found : identified(runner, metadata, result, written)
    const some = all.filter((one) => one !== null)
    const isWell = keys.tells || isWhole || (some.length > 0 && some.length === all.length && some.length >= written.length)
    if (isWell) await announcer.publish(runner, toDrafts(watched, some, before, mayUpdate))
    else await announcer.publishAll(runner, watched, 'create')
    return result
  }
}

/** A row that was written; of one that was not read the values are still to come. */
type Found = Pick<Row, 'key'> & { values?: Values }

/** What has to be read of a row that may have been there. */
function bothOf(announcer: Announcer, watched: Watched): readonly string[] {
  const [created, updated] = [announcer.interest(watched, 'create'), announcer.interest(watched, 'update')]
  return [...(created?.fields ?? []), ...(updated === null ? [] : pathsOf(updated))]
}

function concerns(announcer: Announcer, watched: Watched, mayUpdate: boolean): boolean {
  const events: readonly ChangeEvent[] = mayUpdate ? ['create', 'update'] : ['create']
  return events.some((event) => announcer.interest(watched, event) !== null)
}

const NO_CANDIDATES: Candidates = { isWhole: false, lookUp: async () => [] }

/** What was there is updated or left alone. What nobody could look for, and only the statement itself has told, may be either. */
function toDrafts(watched: Watched, found: readonly Found[], before: readonly Row[], mayUpdate: boolean): Draft[] {
  const there = new Map(before.map((row) => [nameOf(row.key), row.values]))
  const byName = new Map<string, Found>()
  for (const one of found) if (!byName.has(nameOf(one.key))) byName.set(nameOf(one.key), one)
  return [...byName].flatMap(([name, { key, values }]) => {
    const was = there.get(name)
    const created: Draft = { watched, event: 'create', key, after: values ?? NOTHING }
    const updated: Draft = { ...created, event: 'update', ...(was && { before: was }) }
    if (was !== undefined) return mayUpdate ? [updated] : []
    return mayUpdate && values === undefined ? [updated, created] : [created]
  })
}

const NOTHING: Values = new Map()

interface KeysAnswered {
  /** Whether the keys are those of all rows that were written. */
  tells: boolean
  restore(): void
  of(result: ExecuteResult): Row['key'][]
}

/** The keys that the database answers, where it does. */
function keysAnswered(builder: Builder, metadata: Metadata): KeysAnswered {
  const { updateEntity, insertFromSelect } = builder.expressionMap
  const { primaryColumns } = metadata
  const answered = (raw: unknown) =>
    (Array.isArray(raw) ? (raw as Record<string, unknown>[]) : [])
      .map((record) => primaryColumns.map(({ databaseName }) => record[databaseName]))
      .filter((key) => !key.includes(undefined))
  // TypeORM asks for generated keys itself, if it may put them into what was given.
  if (updateEntity && !insertFromSelect) return { tells: false, restore: () => {}, of: ({ raw }) => answered(raw) }
  const learnt = learnKeys(builder, metadata, primaryColumns)
  return { ...learnt, of: (result) => learnt.rows(result).map(({ key }) => key) }
}

/** The key of each of the values, as TypeORM knows it or as it was given. */
function identified(
  runner: QueryRunnerLike,
  { primaryColumns }: Metadata,
  { identifiers = [] }: ExecuteResult,
  written: readonly unknown[],
): (Found | null)[] {
  const keyIn = (from: unknown) => rawKey(runner, primaryColumns, valuesIn(from, primaryColumns))
  return written.map((one, place) => {
    const key = keyIn(identifiers[place]) ?? keyIn(one)
    return key && { key }
  })
}
