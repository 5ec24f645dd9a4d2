/** Reads rows as entities would have them. */
import type { Builder, Column, Described, Metadata } from './metadata.ts'
import { dataSourceOf, type QueryRunnerLike } from './types.ts'
import type { Values } from './values.ts'

export interface Row {
  /** Its primary key, or what it was found by, as the driver gave it, and takes it. */
  key: readonly unknown[]
  values: Values
}

/** Rows that are found by one statement. */
const PORTION = 500

export interface Reading {
  metadata: Metadata
  columns: readonly Column[]
  /** The columns that are the key of each row. */
  by: readonly Column[]
  /** The columns that find it, if those are others. */
  where?: readonly Column[]
  lock?: string
}

/** Rows of which the columns `where`, or `by`, have one of these values. */
export async function rowsBy(
  runner: QueryRunnerLike,
  { metadata, columns, by, where: finding = by, lock = '' }: Reading,
  wanted: readonly (readonly unknown[])[],
): Promise<Row[]> {
  const { driver } = dataSourceOf(runner) as Described
  const table = metadata.tablePath
    .split('.')
    .map((name) => name && driver.escape(name))
    .join('.')
  const names = finding.map(({ databaseName }) => driver.escape(databaseName))
  const read = [...new Set([...columns, ...by])]
  const rows: Row[] = []
  const all = [...new Map(wanted.map((key) => [nameOf(key), key])).values()]
  for (let start = 0; start < all.length; start += PORTION) {
    const some = all.slice(start, start + PORTION)
    let n = 0
    const mark = () => driver.createParameter(`unstale_${n}`, n++)
    const where =
      names.length === 1
        ? `${names[0]} IN (${some.map(mark).join(', ')})`
        : some.map(() => `(${names.map((name) => `${name} = ${mark()}`).join(' AND ')})`).join(' OR ')
    const sql = `SELECT ${listOf(driver, read)} FROM ${table} WHERE ${where}${lock}`
    rows.push(...toRows(driver, by, columns, await runner.query(sql, some.flat(), true)))
  }
  return rows
}

/** As `rowsBy`, by the name of the key that was wanted: the database may write one otherwise (a uuid in small letters). */
export async function rowsAt(
  runner: QueryRunnerLike,
  reading: Reading,
  wanted: readonly (readonly unknown[])[],
): Promise<ReadonlyMap<string, Row>> {
  const rows = new Map((await rowsBy(runner, reading, wanted)).map((row) => [nameOf(row.key), row]))
  const names = new Set(wanted.map(nameOf))
  if ([...rows.keys()].every((name) => names.has(name))) return rows
  for (const key of wanted) {
    if (rows.has(nameOf(key))) continue
    const [row] = await rowsBy(runner, reading, [key])
    if (row !== undefined) rows.set(nameOf(key), row)
  }
  return rows
}

/** Rows that the statement of a builder is about to change. */
export async function rowsOf(
  builder: Builder,
  runner: QueryRunnerLike,
  columns: readonly Column[],
  lock: string,
): Promise<Row[]> {
  const { driver } = dataSourceOf(runner) as Described
  const { expressionMap } = builder
  const { metadata } = expressionMap.mainAlias as { metadata: Metadata }
  const withs = (expressionMap.commonTableExpressions ?? []).length > 0 ? builder.createCteExpression() : ''
  const order = `${builder.createOrderByExpression?.() ?? ''}${builder.createLimitExpression?.() ?? ''}`
  const where = builder.replacePropertyNamesForTheWholeQuery(`${builder.createWhereExpression()}${order}`)
  const table = builder.getTableName(builder.getMainTableName())
  const text = `${withs}SELECT ${listOf(driver, columns)} FROM ${table}${where}${lock}`
  const [sql, parameters] = driver.escapeQueryWithParameters(text, builder.getParameters(), expressionMap.nativeParameters ?? {})
  return toRows(driver, metadata.primaryColumns, columns, await runner.query(sql, parameters, true))
}

/** Equal for equal keys. */
export function nameOf(key: readonly unknown[]): string {
  return key.length === 1 ? String(key[0]) : JSON.stringify(key.map(String))
}

/** A primary key as the driver takes it; null where a part of it is not known. */
export function rawKey(runner: QueryRunnerLike, columns: readonly Column[], values: Values): readonly unknown[] | null {
  const { driver } = dataSourceOf(runner) as Described
  const key = columns.map((column) => {
    const value = values.get(column.databaseName)
    return value === undefined || value === null ? undefined : driver.preparePersistentValue(value, column)
  })
  return key.includes(undefined) ? null : key
}

function listOf(driver: Described['driver'], columns: readonly Column[]): string {
  return columns
    .map((column) => {
      const name = driver.escape(column.databaseName)
      const read = driver.wrapWithJsonFunction?.(name, column) ?? name
      return read === name ? name : `${read} AS ${name}`
    })
    .join(', ')
}

function toRows(
  driver: Described['driver'],
  by: readonly Column[],
  columns: readonly Column[],
  { records = [] }: { records?: unknown[] },
): Row[] {
  return (records as Record<string, unknown>[]).map((record) => ({
    key: by.map(({ databaseName }) => record[databaseName]),
    values: new Map(
      columns.map((column) => {
        const { databaseName, isVirtual, referencedColumn } = column
        // A foreign key is what it refers to.
        const typed = isVirtual && referencedColumn !== undefined ? referencedColumn : column
        return [databaseName, driver.prepareHydratedValue(record[databaseName], typed)]
      }),
    ),
  }))
}
