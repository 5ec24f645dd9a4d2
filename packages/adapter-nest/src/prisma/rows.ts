/** Reads what is going to be changed. */
import type { Model, Row } from './models.ts'
import type { Provider } from './types.ts'
import { type Args, selecting } from './widened.ts'

/** How rows are reached in the transaction of an operation. */
export interface Reading {
  model: Model
  args: Args
  provider: Provider
  /** Reads rows as they are, past other extensions. */
  read(args: object): Promise<Row[]>
  readOne(args: object): Promise<Row | null>
  query(sql: string, bindings: readonly unknown[]): Promise<unknown>
}

/** Rows that are changed in one step. */
const PORTION = 1_000

/** SQLite has one writer: what it has read stays so until it commits, or it cannot write. */
const LOCKS: ReadonlySet<Provider> = new Set(['postgresql', 'cockroachdb', 'mysql'])

/** The row of a `where` that names one; none if there is none. */
export async function lockOne(reading: Reading, fields: readonly string[]): Promise<Row | null> {
  const { model, args, provider, readOne } = reading
  const where = args['where'] as Row
  const wanted = selecting([...model.key, ...fields])
  if (!LOCKS.has(provider)) return readOne({ where, ...wanted })
  const key = model.key.every((field) => isPlain(where[field])) ? where : await readOne({ where, ...selecting(model.key) })
  if (key === null) return null
  await lock(reading, [key])
  const [row] = await reading.read({ where: whereIn(model, [key]), ...wanted })
  return row ?? null
}

/** The keys of what a `where` matches, in portions; at least one, which may be empty. */
export async function portions({ model, args, read }: Reading): Promise<readonly (readonly Row[])[]> {
  const { where, limit } = args as { where?: object; limit?: number }
  const keys = await read({ ...(where && { where }), ...(limit !== undefined && { take: limit }), ...selecting(model.key) })
  const found: Row[][] = []
  for (let from = 0; from < keys.length; from += PORTION) found.push(keys.slice(from, from + PORTION))
  return found.length > 0 ? found : [[]]
}

/** Of these rows, those that match: they are locked, and stay as they are read. */
export async function lockSome(reading: Reading, keys: readonly Row[], fields: readonly string[]): Promise<Row[]> {
  if (keys.length === 0) return []
  const { model, args, provider, read } = reading
  if (LOCKS.has(provider)) await lock(reading, keys)
  return read({ where: among(model, args, keys), ...selecting([...model.key, ...fields]) })
}

/** What the operation's own `where` matches of these rows. */
export function among(model: Model, args: Args, keys: readonly Row[]): object {
  return { AND: [args['where'] ?? {}, whereIn(model, keys)] }
}

export function whereIn({ key }: Model, rows: readonly Row[]): object {
  const [field] = key
  if (key.length === 1 && field !== undefined) return { [field]: { in: rows.map((row) => row[field]) } }
  return { OR: rows.map((row) => Object.fromEntries(key.map((field) => [field, row[field]]))) }
}

/** In one order, so that two who lock the same rows do not wait for each other. */
async function lock({ model, provider, query }: Reading, keys: readonly Row[]): Promise<void> {
  const { key, columns, table } = model
  let n = 0
  const marks = keys.map(() => `(${key.map(() => (provider === 'mysql' ? '?' : `$${++n}`)).join(', ')})`)
  const names = columns.join(', ')
  const values = keys.flatMap((row) => key.map((field) => row[field]))
  await query(`SELECT 1 FROM ${table} WHERE (${names}) IN (${marks.join(', ')}) ORDER BY ${names} FOR UPDATE`, values)
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
}
