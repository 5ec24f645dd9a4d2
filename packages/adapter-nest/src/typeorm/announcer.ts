/** From what happened to rows to changes, in the transaction in which it happened. */
import type { ChangeEvent, ChangeInput, Interest, Pipeline } from '@unstale/core'
import { rootOf, type Watched } from './entities.ts'
import type { Column, Described, Metadata } from './metadata.ts'
import { nameOf, rowsAt } from './rows.ts'
import { typeormTransaction } from './transaction.ts'
import { dataSourceOf, type QueryRunnerLike } from './types.ts'
import { stateOf, type Values } from './values.ts'

/** One row that was written. */
export interface Draft {
  watched: Watched
  event: ChangeEvent
  /** Its primary key as the driver takes it, or the values of `by`. */
  key: readonly unknown[]
  /** Columns that find it, if not those of its primary key. */
  by?: readonly Column[]
  before?: Values
  /** Of a delete, the last values. What of it is missing and asked for is read when it is published. */
  after: Values
  /** Columns that nobody can read: those of other classes that share the table. */
  absent?: ReadonlySet<string>
}

export interface Announcer {
  dataSource: Described
  watched(metadata: Metadata): Watched | undefined
  /** Null: nobody asked. */
  interest(watched: Watched, event: ChangeEvent): Interest | null
  publish(runner: QueryRunnerLike, drafts: readonly Draft[]): Promise<void>
  /** What was written, and cannot be known one by one. */
  publishAll(runner: QueryRunnerLike, watched: Watched, event: ChangeEvent): Promise<void>
  /** Values that builders are writing, and how many of them: TypeORM tells of them as if they were entities. */
  inBuilders: WeakMap<object, number>
}

export interface AnnouncerOptions {
  pipeline: Pick<Pipeline, 'publish' | 'interest'>
  dataSource: Described
  entities: ReadonlyMap<Metadata, Watched>
  logger: { warn(message: string): void }
}

export function createAnnouncer({ pipeline, dataSource, entities, logger }: AnnouncerOptions): Announcer {
  const warned = new Set<string>()
  const interest: Announcer['interest'] = ({ collection }, event) => pipeline.interest(collection, event)

  async function send(runner: QueryRunnerLike, changes: readonly ChangeInput[]): Promise<void> {
    if (changes.length === 0) return
    // `save(…, { transaction: false })`, and on SQLite what another call has committed meanwhile.
    if (!runner.isTransactionActive) return pipeline.publish(changes)
    return pipeline.publish(changes, { transaction: typeormTransaction(runner) })
  }

  return {
    dataSource,
    interest,
    watched: (metadata) => entities.get(rootOf(metadata)),
    inBuilders: new WeakMap(),
    async publish(runner, drafts) {
      const asked = drafts.filter(({ watched, event }) => interest(watched, event) !== null)
      if (asked.length === 0) return
      const complete = await completed(runner, asked, interest)
      await send(runner, joined(complete.map((draft) => ({ draft, change: toChange(draft, interest) }))))
    },
    async publishAll(runner, { name, collection }, event) {
      if (!warned.has(name)) {
        warned.add(name)
        logger.warn(
          `unstale: ${name} was written in a way that does not tell which items: all of ${collection} is announced, to those that take whole collections; give the primary keys, or leave updateEntity and reload on`,
        )
      }
      await send(runner, [{ collection, event, key: '*' }])
    },
  }
}

/** Reads what is asked for and not known. Rows that are gone are left out. */
async function completed(
  runner: QueryRunnerLike,
  drafts: readonly Draft[],
  interest: Announcer['interest'],
): Promise<readonly Draft[]> {
  const lacking = new Map<string, Draft[]>()
  const wanted = ({ watched, event }: Draft) => watched.select(interest(watched, event)?.fields ?? []).columns
  for (const draft of drafts) {
    const lacks = ({ databaseName }: Column) => !draft.after.has(databaseName) && !draft.absent?.has(databaseName)
    if (draft.event === 'delete' || !wanted(draft).some(lacks)) continue
    const group = JSON.stringify([draft.watched.collection, draft.event, draft.by?.map(({ databaseName }) => databaseName)])
    const some = lacking.get(group)
    if (some === undefined) lacking.set(group, [draft])
    else some.push(draft)
  }
  if (lacking.size === 0) return drafts
  const found = new Map<Draft, Draft | null>()
  for (const group of lacking.values()) {
    const [one] = group as [Draft]
    const { metadata } = one.watched
    const by = one.by ?? metadata.primaryColumns
    const at = await rowsAt(
      runner,
      { metadata, columns: wanted(one), by },
      group.map(({ key }) => key),
    )
    for (const draft of group) {
      const row = at.get(nameOf(draft.key))
      found.set(draft, row === undefined ? null : filled(draft, row.values))
    }
  }
  return drafts.flatMap((draft) => found.get(draft) ?? (found.has(draft) ? [] : [draft]))
}

/** What the entity said is newer than nothing, and what it did not say is what the row has. */
function filled(draft: Draft, row: Values): Draft {
  const after = new Map([...row, ...draft.after])
  // Of a junction's sides nothing but the junction was written.
  return isSide(draft) ? { ...draft, before: after, after } : { ...draft, after }
}

function toChange({ watched, event, before, after }: Draft, interest: Announcer['interest']): ChangeInput {
  const { fields, previous } = interest(watched, event) ?? { fields: [], previous: [] }
  const change: ChangeInput = {
    collection: watched.collection,
    event,
    key: watched.keyOf(after),
    fields: stateOf(watched.select(fields).fields, after),
  }
  if (event !== 'update' || before === undefined) return change
  return { ...change, previous: stateOf(watched.select(previous).fields, before) }
}

/** An item that one save wrote twice is told once; one of whose relations alone were written, only where nothing else was. */
function joined(all: readonly { draft: Draft; change: ChangeInput }[]): ChangeInput[] {
  const changes: ChangeInput[] = []
  const last = new Map<string, number>()
  for (const { draft, change } of [...all].sort((a, b) => Number(isSide(a.draft)) - Number(isSide(b.draft)))) {
    const name = `${change.collection}\u0000${change.key}`
    const place = last.get(name)
    const earlier = place === undefined ? undefined : changes[place]
    if (place === undefined || earlier === undefined || (change.event !== 'update' && !isSide(draft))) {
      last.set(name, changes.push(change) - 1)
    } else if (earlier.event !== 'delete' && !isSide(draft)) {
      const { event, previous } = earlier
      const { previous: _between, ...rest } = change
      changes[place] = { ...rest, event, ...(previous && { previous }) }
    }
  }
  return changes
}

function isSide({ by }: Draft): boolean {
  return by !== undefined
}

const united = new WeakMap<Interest, readonly string[]>()

/** What is asked of both states. */
export function pathsOf(interest: Interest): readonly string[] {
  let paths = united.get(interest)
  if (paths === undefined) {
    paths = [...new Set([...interest.previous, ...interest.fields])]
    united.set(interest, paths)
  }
  return paths
}

/**
 * With what a SELECT locks the rows that the transaction is about to write, so that they are still the same then. An upsert
 * may find none: MySQL would lock the gap, and two that are about to fill it would wait for each other.
 */
export function lockFor(runner: QueryRunnerLike, doing: 'update' | 'delete' | 'upsert'): string {
  const { type } = dataSourceOf(runner).options
  if (type === 'postgres') return doing === 'delete' ? ' FOR UPDATE' : ' FOR NO KEY UPDATE'
  return type === 'better-sqlite3' || doing === 'upsert' ? '' : ' FOR UPDATE'
}
