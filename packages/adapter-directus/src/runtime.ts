/** What runs between the start and the stop of a Directus server, and how the rest of the extension reaches it. */
import {
  createPipeline,
  type DeliveryLog,
  deliveryLog,
  logNotifier,
  type Notifier,
  type Pipeline,
  type Source,
  type Store,
  type TargetInput,
} from '@unstale/core'
import { othersBeside } from './beside.ts'
import type { Captured } from './capture/capture.ts'
import { TARGETS, TARGETS_USERS } from './fields.ts'
import { flushThrough } from './flush.ts'
import type { HostContext, Schema } from './host.ts'
import { createHydrate } from './hydrate.ts'
import { createOutbox } from './outbox.ts'
import { createPeople } from './people.ts'
import { cachePurge } from './purge.ts'
import { createReader, type Reader } from './reader.ts'
import type { FlushReport } from './routes/answers.ts'
import { type RowSource, rowSource } from './rows/source.ts'
import { hasTargets } from './schema/ours.ts'
import { prepare } from './schema/prepare.ts'
import type { Settings } from './settings.ts'
import { current } from './shared.ts'

export interface RuntimeOptions {
  /** Targets that are written in code, besides those of the Studio. */
  targets?: readonly TargetInput[]
  /** Further sources of changes. */
  sources?: readonly Source[]
  /** Who else hears of attempts and incidents. */
  notifiers?: readonly Notifier[]
}

export interface Runtime {
  pipeline: Pipeline
  store: Store
  log: DeliveryLog
  rows: RowSource
  reader: Reader
  captured: Captured
  settings: Settings
  host: HostContext
  flush(options: FlushOptions): Promise<FlushReport>
  stop(drain: number): Promise<void>
}

export interface FlushOptions {
  /** Ids of targets. Default: all that are published. */
  targets?: readonly string[]
  /** Default: each collection that the rules of a target name. */
  collection?: string
  /** Keys of items of that collection. Default: all of its items. */
  keys?: readonly (string | number)[]
}

/** Announces items anew, as if they had been updated. Rejects while the extension is not running. */
export function flush(options: FlushOptions): Promise<FlushReport> {
  return current().flush(options)
}

/** Starts to deliver. Null: it cannot, and has said why. */
export async function startRuntime(host: HostContext, settings: Settings, options: RuntimeOptions): Promise<Runtime | null> {
  const { database } = host
  const unsupported = unsupportedDatabase(host)
  if (unsupported !== null) {
    host.logger.error(`unstale: ${unsupported}; nothing is announced, and the rest of Directus is not touched`)
    return null
  }
  let stopping = false
  // Directus takes the database away before it lets anybody stop: what fails then is done after the next start.
  const unlessStopping = (tell: (line: string) => void) => (line: string) => void (stopping || tell(line))
  const logger = {
    info: (line: string) => host.logger.info(line),
    warn: unlessStopping((line) => host.logger.warn(line)),
    error: unlessStopping((line) => host.logger.error(line)),
  }
  const store = await prepare(host, settings)
  for (const line of await othersBeside(host)) logger.warn(`unstale: ${line}`)
  const report = (error: unknown) => logger.error(`unstale: ${error instanceof Error ? error.message : String(error)}`)
  const reader = createReader(host)
  const people = createPeople(host)
  const log = deliveryLog(store, settings.log)
  const rows = rowSource({
    database,
    reader: { schemaWith: async (name) => onlyOurs(await reader.schemaWith(name)) },
    services: host.services,
    settings,
    store,
    more: options.targets ?? [],
    told: news((problems) => {
      for (const [id, list] of problems) logger.warn(`unstale: target ${id}: left out: ${list.join('; ')}`)
      people.problems(problems).catch(report)
    }),
  })
  const interest: Captured['interest'] = (collection, event) => pipeline.interest(collection, event)
  const hydrate = createHydrate({ interest, reader, purge: cachePurge(host, settings) })
  const pipeline = createPipeline({
    targets: rows,
    store,
    log,
    sources: [
      { subscribe: () => () => {}, hydrate: async (changes) => (await hydrate(changes)).changes as typeof changes },
      ...(options.sources ?? []),
    ],
    notifiers: [logNotifier(logger), people.notifier, ...(options.notifiers ?? [])],
    network: settings.network,
    logger,
    ...(settings.lease === undefined ? undefined : { lease: settings.lease }),
    ...(settings.concurrency === undefined ? undefined : { concurrency: settings.concurrency }),
  })
  await pipeline.start()
  const captured: Captured = {
    ...createOutbox({ database, pipeline, durable: store.durable, hydrate, report }),
    interest,
    reader,
    targetsChanged: () => void rows.changed().catch(report),
    isTarget: (collection) => collection === TARGETS || collection === TARGETS_USERS,
    report,
  }
  return {
    pipeline,
    store,
    log,
    rows,
    reader,
    captured,
    settings,
    host,
    flush: (wanted) => flushThrough({ pipeline, rows, reader }, wanted),
    async stop(drain) {
      stopping = true
      await pipeline.stop({ drain })
      await store.close()
    },
  }
}

/** The databases that the store speaks; CockroachDB looks like Postgres and is none. */
function unsupportedDatabase({ env, database }: HostContext): string | null {
  const client = String(env['DB_CLIENT'] ?? database.client?.driverName)
  if (/^(sqlite3|better-sqlite3|pg|mysql|mysql2|mariadb|postgres(ql)?)$/.test(client)) return null
  return `Directus runs on ${client}, and Unstale on Postgres, MySQL, MariaDB and SQLite`
}

type Problems = ReadonlyMap<string, readonly string[]>

/** Rows are loaded over and over: each problem is told when it is new. */
function news(tell: (problems: Problems) => void): (problems: Problems) => void {
  let known: Problems = new Map()
  return (problems) => {
    const isNew = ([id, list]: [string, readonly string[]]) => known.get(id)?.join() !== list.join()
    const fresh = new Map([...problems].filter(isNew))
    known = new Map(problems)
    if (fresh.size > 0) tell(fresh)
  }
}

/** Rows of a collection that has our name by chance are no targets. */
function onlyOurs(schema: Schema | undefined): Schema | undefined {
  return schema !== undefined && hasTargets(schema) ? schema : undefined
}
