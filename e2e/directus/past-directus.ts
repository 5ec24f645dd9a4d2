/** Looks at a database past Directus, and works in it as somebody does who has it open elsewhere. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Database, installDirectus } from './harness/index.ts'

export type Row = Record<string, unknown>

/** Runs one statement through the drivers that Directus has; answers its rows. */
export async function inDatabase(database: Database, sql: string): Promise<Row[]> {
  if (database.client === 'sqlite3') return inSqlite(database.filename, sql)
  const connection = await toPostgres(database)
  const { rows } = await connection.query(sql).finally(() => connection.end())
  return rows
}

export interface Held {
  /** Resolves once somebody waits for it. */
  awaited(): Promise<void>
  release(): Promise<void>
}

/** Keeps everybody else out of a table of Postgres. */
export async function hold(database: Database, table: string): Promise<Held> {
  const connection = await toPostgres(database)
  await connection.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  const waiting = `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '${table}'::regclass`
  return {
    async awaited() {
      while ((await connection.query(waiting)).rows.length === 0);
    },
    release: () => connection.end(),
  }
}

const driver = async (name: string): Promise<unknown> =>
  createRequire(join((await installDirectus('12')).home, 'package.json'))(name)

async function toPostgres({ client, ...where }: Database): Promise<Postgres> {
  if (client !== 'pg') throw new Error(`not for ${client}`)
  const { Client } = (await driver('pg')) as { Client: new (options: object) => Postgres }
  const connection = new Client(where)
  await connection.connect()
  return connection
}

interface Postgres {
  connect(): Promise<void>
  query(sql: string): Promise<{ rows: Row[] }>
  end(): Promise<void>
}

interface Sqlite {
  configure(option: 'busyTimeout', milliseconds: number): void
  all(sql: string, done: (error: Error | null, rows: Row[]) => void): void
  close(done: () => void): void
}

async function inSqlite(filename: string, sql: string): Promise<Row[]> {
  const { Database: Connection } = (await driver('sqlite3')) as { Database: new (filename: string) => Sqlite }
  const connection = new Connection(filename)
  connection.configure('busyTimeout', 10_000)
  try {
    return await new Promise((resolve, reject) => {
      connection.all(sql, (error, rows) => (error === null ? resolve(rows) : reject(error)))
    })
  } finally {
    await new Promise<void>((resolve) => connection.close(resolve))
  }
}

/** Names of all tables. */
export async function tablesOf(database: Database): Promise<string[]> {
  const rows = await inDatabase(
    database,
    database.client === 'sqlite3'
      ? "SELECT name FROM sqlite_master WHERE type = 'table'"
      : "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  )
  return rows.map(({ name }) => String(name))
}
