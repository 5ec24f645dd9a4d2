/** Which models are announced, under which names, and what of them. */
import { type ItemKey, PipelineError } from '@unstale/core'
import type { Provider } from './types.ts'

export interface WatchedModel {
  /** Default: the name of its table (`@@map`), else the model's. */
  collection?: string
  /** The field that is its primary key, or several: their values with commas between. Default `id`. */
  key?: string | readonly string[]
  /** The fields that may be announced. Default: all but relations and `Bytes`. */
  fields?: readonly string[]
}

export type Row = Readonly<Record<string, unknown>>

/** What is known of a model that is announced. */
export interface Model {
  name: string
  collection: string
  key: readonly string[]
  /** Fields that may be announced. */
  fields: readonly string[]
  /** Its table and the columns of its key, as SQL has them. */
  table: string
  columns: readonly string[]
}

/** The data model that every generated client holds. Which fields are its primary key is not in it. */
export type DataModel = Readonly<
  Record<
    string,
    {
      dbName?: string | null
      schema?: string | null
      fields: readonly { name: string; kind: string; type: string; dbName?: string | null }[]
    }
  >
>

/** By the model's name. Throws CONFIG_INVALID, naming every problem. */
export function watchedModels(
  known: DataModel,
  models: 'all' | readonly string[] | Readonly<Record<string, WatchedModel>>,
  provider: Provider,
): ReadonlyMap<string, Model> {
  const problems: string[] = []
  const asked = askedOf(known, models)
  const watched = new Map<string, Model>()
  for (const [name, options] of Object.entries(asked)) {
    if (Object.hasOwn(known, name)) watched.set(name, watch(known, name, options, provider, problems))
    else problems.push(`the client has no model ${JSON.stringify(name)}: models are named as in the schema (Post, not post)`)
  }
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', `announceModels: ${problems.join('; ')}`)
  return watched
}

function askedOf(known: DataModel, models: unknown): Readonly<Record<string, WatchedModel>> {
  const unnamed = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]))
  if (models === 'all') return unnamed(Object.keys(known))
  if (Array.isArray(models)) return unnamed(models)
  if (typeof models === 'object' && models !== null) return models as Readonly<Record<string, WatchedModel>>
  const message = "announceModels: models has to be 'all', an array of models' names, or { Post: { collection, key, fields } }"
  throw new PipelineError('CONFIG_INVALID', message)
}

function watch(known: DataModel, name: string, options: WatchedModel, provider: Provider, problems: string[]): Model {
  const { fields, dbName, schema } = known[name] as DataModel[string]
  const scalars = fields.filter(({ kind, type }) => (kind === 'scalar' || kind === 'enum') && type !== 'Bytes')
  const names = scalars.map((field) => field.name)
  const key = typeof options.key === 'string' ? [options.key] : (options.key ?? ['id'])
  for (const field of key) {
    if (names.includes(field)) continue
    problems.push(
      `the model ${name} has no field ${field}: name its primary key, models: { ${name}: { key: '…' } }, or leave it out`,
    )
  }
  for (const field of options.fields ?? []) {
    if (!names.includes(field)) problems.push(`the model ${name} has no field ${field} that can be announced`)
  }
  const quoted = (name: string) =>
    provider === 'mysql' ? `\`${name.replaceAll('`', '``')}\`` : `"${name.replaceAll('"', '""')}"`
  return {
    name,
    collection: options.collection ?? dbName ?? name,
    key,
    fields: options.fields ?? names,
    table: [...(schema ? [schema] : []), dbName ?? name].map(quoted).join('.'),
    columns: key.map((field) => quoted(scalars.find(({ name }) => name === field)?.dbName ?? field)),
  }
}

/** Fields of a model in which something lies that somebody asked for. */
export function fieldsFor({ fields }: Model, paths: readonly string[]): readonly string[] {
  if (paths.includes('*')) return fields
  return fields.filter((field) => paths.some((path) => path === field || path.startsWith(`${field}.`)))
}

/** The item's key; undefined where the row does not hold it. */
export function keyOf({ key }: Model, row: Row): ItemKey | undefined {
  const parts = key.map((field) => row[field])
  if (parts.some((part) => part === undefined || part === null)) return undefined
  const [one] = parts
  return parts.length === 1 && typeof one === 'number' ? one : parts.map(textOf).join(',')
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value)
}

/** The given fields of a row, as JSON carries them. */
export function stateOf(row: Row, fields: readonly string[]): Row {
  return Object.fromEntries(fields.filter((field) => row[field] !== undefined).map((field) => [field, sendable(row[field])]))
}

function sendable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sendable)
  return typeof value === 'bigint' ? String(value) : value
}
