/** The rows of `cache_flush_targets` as targets. */
import {
  checkTargets,
  PipelineError,
  type RuleInput,
  type Store,
  type TargetInput,
  type TargetSource,
  toTarget,
} from '@unstale/core'
import type { Knex } from 'knex'
import { TARGETS } from '../fields.ts'
import type { Row, Schema, Services } from '../host.ts'
import type { Reader } from '../reader.ts'
import type { Settings } from '../settings.ts'
import { keysOf } from './keys.ts'
import { checkRules } from './rules.ts'
import { decrypted } from './secrets.ts'

export interface RowSource extends TargetSource {
  /**
   * The targets as `load` answers them, for somebody else than the pipeline: which list that has is not touched. With an id:
   * of the rows, that one alone.
   */
  read(id?: string): Promise<readonly unknown[]>
  /** What is wrong with each row, by id, as of the last load. */
  problems: ReadonlyMap<string, readonly string[]>
  /** Loads anew, in this process and (where the store is shared) in all others. */
  changed(): Promise<void>
}

export interface RowSourceParts {
  database: Knex
  reader: Pick<Reader, 'schemaWith'>
  services: Pick<Services, 'ItemsService'>
  settings: Pick<Settings, 'format' | 'window' | 'horizon' | 'timeout'>
  store: Pick<Store, 'targets' | 'durable'>
  /** Targets that are written in code. */
  more: readonly TargetInput[]
  /** Told of the problems of all rows, after each load. */
  told(problems: ReadonlyMap<string, readonly string[]>): void
}

/** Milliseconds after which the rows are read anew in any case: somebody may have edited them past Directus. */
const ANYHOW = 60_000
/** The same where other instances have no way of telling. */
const ALONE = 1_000

export function rowSource(parts: RowSourceParts): RowSource {
  const { database, reader, settings, store, more, told } = parts
  const rows = store.durable ? store.targets : undefined
  const listeners = new Set<() => void>()
  let problems = new Map<string, string[]>()
  // Its version is what all instances see within a second of an edit.
  const table = rows === undefined ? undefined : { rows, version: -1 }

  async function read(found: Map<string, string[]>, id?: string): Promise<readonly unknown[]> {
    const schema = await reader.schemaWith(TARGETS)
    return [...more, ...(schema === undefined ? [] : await loadRows(schema, found, id))]
  }

  async function load(): Promise<readonly unknown[]> {
    const version = rows === undefined ? 0 : (await rows.read()).version
    const found = new Map<string, string[]>()
    const targets = await read(found)
    if (table !== undefined) table.version = version
    problems = found
    told(problems)
    return targets
  }

  async function loadRows(schema: Schema, found: Map<string, string[]>, id?: string): Promise<unknown[]> {
    const all = (await database(TARGETS)
      .select('*')
      .where(id === undefined ? {} : { id })) as Row[]
    const { rows: readable, unreadable } = await decrypted(parts, schema, all)
    return readable.map((row) => {
      const id = String(row['id'])
      const wrong = (unreadable.get(id) ?? []).map(
        (name) => `${name}: cannot be decrypted: SECRET is not what it was; set it anew`,
      )
      // Called without its key it answers 401, so that what changes is kept until somebody has set it anew.
      const keyless = unreadable.get(id)?.includes('api_key') ? { ...row, auth_header: 'no-auth' } : row
      const target = toRowTarget(keyless, schema, settings, wrong)
      if (wrong.length > 0) found.set(id, wrong)
      return target
    })
  }

  return {
    load,
    read: (id) => read(new Map(), id),
    ...(table === undefined ? undefined : { table }),
    watch(changed) {
      listeners.add(changed)
      const timer = setInterval(changed, table === undefined ? ALONE : ANYHOW)
      timer.unref()
      return () => {
        listeners.delete(changed)
        clearInterval(timer)
      }
    },
    get problems() {
      return problems
    },
    async changed() {
      for (const listener of listeners) listener()
      // The row says nothing: that it was put is what others notice.
      await rows?.put({ key: 'directus', uid: 'directus', target: null })
    },
  }
}

/** A row that is no target keeps its uid: what waits for it is not forgotten. `wrong` is told what was left out. */
export function toRowTarget(
  row: Row,
  schema: Schema,
  { format, window, horizon, timeout }: RowSourceParts['settings'],
  wrong: string[],
): unknown {
  try {
    const { rules, ...target } = toTarget(
      {
        ...row,
        signing_keys: keysOf(row, Date.now()),
        wholeCollection: row['whole_collection'] === true || row['whole_collection'] === 1,
        window: row['window'] ?? window,
        retry: row['retry'] ?? (horizon === null ? undefined : { horizon }),
        timeout: row['timeout'] ?? timeout,
      },
      { defaultFormat: format },
    )
    const checked = checkRules(schema, (rules ?? []) as RuleInput[])
    const whole = { ...target, rules: checked.rules }
    // The pipeline leaves out what is wrong with it, too, but tells only the log.
    const problems = checkTargets([whole]).problems.map(({ path, message }) => `${nameOf(path)}: ${message}`)
    wrong.push(...checked.problems, ...problems)
    return whole
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    wrong.push(error.message)
    return leftOut(row)
  }
}

/** As a draft it takes nothing and keeps what it has. */
function leftOut({ id, url }: Row): unknown {
  return {
    uid: String(id),
    key: String(id),
    url: typeof url === 'string' && url !== '' ? url : 'https://invalid.invalid/',
    status: 'draft',
    rules: [],
  }
}

/** Where in the row it is: what a target calls rules is `schema` there. */
function nameOf(path: string): string {
  return path
    .replace(/^targets\[0\]\.?/, '')
    .replace(/^rules/, 'schema')
    .replace(/^auth\.name/, 'auth_header')
    .replace(/^auth\.(token|value)/, 'api_key')
}
