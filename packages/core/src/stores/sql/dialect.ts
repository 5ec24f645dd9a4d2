/** What differs between the databases that the SQL store speaks. */
import { PipelineError } from '../../errors.ts'
import type { SqlValue } from '../../ports.ts'

export type SqlDialect = 'sqlite' | 'postgres' | 'mysql'

export interface Dialect {
  name: SqlDialect
  /** Column types. A `passingId` may be given again once its row is gone. */
  types: { id: string; passingId: string; integer: string; small: string; key: string; text: string }
  /** After the closing bracket of CREATE TABLE. */
  tableOptions(clustered: boolean): string
  /** `CREATE INDEX IF NOT EXISTS` exists; else a table names its indexes itself. */
  separateIndexes: boolean
  /** Appended to a SELECT whose rows are to be changed in the same transaction. */
  forUpdate: string
  /** The same, for rows that are passed over where somebody else has locked them. */
  skipLocked: string
  /** Runs first in a transaction that writes, with the name of a table; null: rows are locked one by one. */
  lockAll: ((table: string) => string) | null
  /**
   * After the name of a table of which rows are locked: finds them by that index. MySQL reads a small table whole, else, and
   * waits for every row on its way.
   */
  by(index: 'PRIMARY' | 'target'): string
  /** Up to WHERE; finds the rows by their primary key, for the same reason. */
  deleteFrom(table: string): string
  /**
   * SELECT (before FOR UPDATE) and DELETE of exactly the rows of these ids, where a transaction of somebody else's may be
   * open beside them: even by its index MySQL reads the whole of a small table.
   */
  idsAmong(table: string, ids: List): string
  deleteAmong(table: string, ids: List): string
  /** How a list of values, all of them texts or all of them integers, stands in a statement. */
  list<T extends SqlValue>(values: readonly T[]): List
  /** After VALUES: rows whose key is there take `columns` of the new ones; without columns they stay. */
  onConflict(key: readonly string[], columns: readonly string[]): string
  /** SELECT of the server's clock as `now`, epoch milliseconds; null: the database runs in this process, on its clock. */
  now: string | null
  /** Rows for one INSERT: SQLite prepares small ones once and calls them often, elsewhere a statement is a round trip. */
  rowsPerInsert: readonly number[]
  /** What takes the place of VALUES where each column is one binding; null: each value is one. */
  atOnce: { rows(columns: Columns): string; bind(columns: Columns, rows: readonly (readonly SqlValue[])[]): SqlValue[] } | null
  /** Entries that are taken in by one transaction, about: few where nothing else of the process can go on meanwhile. */
  portion: number
  /**
   * Whether an append of so many entries takes them in itself, and notes nothing: where a note saves no round trips and waits
   * for no locks, it is written for nothing.
   */
  takesInAtOnce(entries: number): boolean
  /** Batches that are claimed, or settled, by one: a server's round trips and a disk's syncs are what each costs. */
  batches: number
  /** Run once the tables are there; may be repeated. */
  tuning(tables: { arrivals: string }): readonly string[]
}

/** Values in a statement. */
export interface List {
  /** Whether a column has one of them. */
  has(column: string): string
  /** Each as a `?`, with a comma between two. */
  marks: string
  bindings: readonly SqlValue[]
}

/** Columns of a table by name, in order. `json` is never empty. */
export type Columns = Readonly<Record<string, 'integer' | 'text' | 'json'>>

const excluded = (key: readonly string[], columns: readonly string[]): string =>
  columns.length === 0
    ? `ON CONFLICT (${key.join(', ')}) DO NOTHING`
    : `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`

/**
 * An array of Postgres as one parameter. JSON has no control characters: with one between two texts none has to be escaped,
 * and Postgres takes them apart several times as fast.
 */
const ARRAY = { integer: '?::bigint[]', text: '?::text[]', json: "string_to_array(?, chr(31), '')" } as const

function toArray(type: keyof typeof ARRAY, values: readonly (SqlValue | undefined)[]): string {
  if (type === 'json') return values.join('\u001f')
  return `{${values.map(type === 'text' ? toElement : (value) => value ?? 'NULL').join(',')}}`
}

function toElement(value: SqlValue | undefined): string {
  return value == null ? 'NULL' : `"${String(value).replaceAll(/["\\]/g, '\\$&')}"`
}

const plain = {
  by: () => '',
  deleteFrom: (table: string) => `DELETE FROM ${table}`,
  idsAmong: (table: string, ids: List) => `SELECT id FROM ${table} WHERE ${ids.has('id')} ORDER BY id`,
  deleteAmong: (table: string, ids: List) => `DELETE FROM ${table} WHERE ${ids.has('id')}`,
  list: marked,
}

/** One `?` each, and padded to few different lengths, so that statements are prepared once. */
function marked<T extends SqlValue>(values: readonly T[]): List {
  const length = 2 ** Math.ceil(Math.log2(values.length))
  const bindings = Array.from({ length }, (_, n) => values[n] ?? (values[0] as T))
  const marks = Array(length).fill('?').join(', ')
  return { has: (column) => `${column} IN (${marks})`, marks, bindings }
}

/** Looks each of the ids up, once. */
function lookedUp(table: string, { marks }: List): string {
  const ids = `SELECT ${marks.replace('?', '? AS id').replaceAll(', ', ' UNION SELECT ')}`
  return `FROM (${ids}) AS k STRAIGHT_JOIN ${table} AS x FORCE INDEX (PRIMARY) ON x.id = k.id`
}

const dialects: Record<SqlDialect, Dialect> = {
  sqlite: {
    name: 'sqlite',
    types: {
      id: 'INTEGER PRIMARY KEY AUTOINCREMENT',
      // Without a table of its own that every INSERT writes, too.
      passingId: 'INTEGER PRIMARY KEY',
      integer: 'INTEGER',
      small: 'INTEGER',
      key: 'TEXT',
      text: 'TEXT',
    },
    tableOptions: (clustered) => (clustered ? ' WITHOUT ROWID' : ''),
    separateIndexes: true,
    forUpdate: '',
    skipLocked: '',
    ...plain,
    // Changes nothing; a transaction that began by reading could not write any more once another one had.
    lockAll: (table) => `UPDATE ${table} SET version = version WHERE 1 = 0`,
    onConflict: excluded,
    now: null,
    rowsPerInsert: [64, 16, 4, 1],
    atOnce: null,
    portion: 500,
    // Of a few, a note has fewer pages to sync; many would take long.
    takesInAtOnce: (entries) => entries >= 100 && entries <= 2_000,
    batches: 2,
    tuning: () => [],
  },
  postgres: {
    name: 'postgres',
    types: {
      id: 'BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY',
      passingId: 'BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY',
      integer: 'BIGINT',
      small: 'SMALLINT',
      key: 'VARCHAR(300) COLLATE "C"',
      text: 'TEXT',
    },
    tableOptions: () => '',
    separateIndexes: true,
    forUpdate: ' FOR UPDATE',
    skipLocked: ' FOR UPDATE SKIP LOCKED',
    ...plain,
    // One parameter, and one text for any number of values.
    list(values) {
      const type = typeof values[0] === 'string' ? 'text' : 'integer'
      return { has: (column) => `${column} = ANY(${ARRAY[type]})`, marks: '?', bindings: [toArray(type, values)] }
    },
    lockAll: null,
    onConflict: excluded,
    now: 'SELECT FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS now',
    rowsPerInsert: [500],
    // A dozen parameters instead of thousands, and a text that is the same for any number of rows.
    atOnce: {
      rows: (columns) =>
        `SELECT * FROM unnest(${Object.values(columns)
          .map((type) => ARRAY[type])
          .join(', ')})`,
      bind: (columns, rows) =>
        Object.values(columns).map((type, place) =>
          toArray(
            type,
            rows.map((row) => row[place]),
          ),
        ),
    },
    portion: 10_000,
    takesInAtOnce: () => false,
    batches: 8,
    // What is there for a moment is not worth being compressed.
    tuning: ({ arrivals }) => [`ALTER TABLE ${arrivals} ALTER COLUMN body SET STORAGE EXTERNAL`],
  },
  mysql: {
    name: 'mysql',
    types: {
      id: 'BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY',
      passingId: 'BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY',
      integer: 'BIGINT',
      small: 'SMALLINT',
      key: 'VARCHAR(300)',
      text: 'LONGTEXT',
    },
    tableOptions: () => ' ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin',
    separateIndexes: false,
    forUpdate: ' FOR UPDATE',
    skipLocked: ' FOR UPDATE SKIP LOCKED',
    by: (index) => ` FORCE INDEX (${index})`,
    deleteFrom: (table) => `DELETE x FROM ${table} AS x FORCE INDEX (PRIMARY)`,
    idsAmong: (table, ids) => `SELECT x.id ${lookedUp(table, ids)}`,
    deleteAmong: (table, ids) => `DELETE x ${lookedUp(table, ids)}`,
    list: marked,
    lockAll: null,
    onConflict: (key, columns) => {
      const set = columns.length === 0 ? [`${key[0]} = ${key[0]}`] : columns.map((column) => `${column} = VALUES(${column})`)
      return `ON DUPLICATE KEY UPDATE ${set.join(', ')}`
    },
    now: 'SELECT FLOOR(UNIX_TIMESTAMP(SYSDATE(3)) * 1000) AS now',
    rowsPerInsert: [500],
    atOnce: null,
    portion: 10_000,
    takesInAtOnce: () => false,
    batches: 8,
    tuning: () => [],
  },
}

/** Throws STORE_UNSUPPORTED for any other name. */
export function dialectOf(name: string): Dialect {
  if (Object.hasOwn(dialects, name)) return dialects[name as SqlDialect]
  const supported = Object.keys(dialects).join(', ')
  throw new PipelineError('STORE_UNSUPPORTED', `the SQL store does not speak ${JSON.stringify(name)}; it speaks ${supported}`)
}

/** From the name under which Knex knows a database. */
export function knexDialect(knex: { client?: { dialect?: string; driverName?: string } }): SqlDialect {
  const known: Record<string, SqlDialect> = {
    sqlite3: 'sqlite',
    'better-sqlite3': 'sqlite',
    postgresql: 'postgres',
    mysql: 'mysql',
  }
  const { dialect, driverName } = knex.client ?? {}
  // Knex takes them for Postgres, whose locks they have not.
  const name = driverName === 'cockroachdb' || driverName === 'pg-redshift' ? driverName : String(dialect)
  return (Object.hasOwn(known, name) ? known[name] : undefined) ?? dialectOf(name).name
}
