import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Database, databaseOf } from '../../../examples/directus/src/environment.ts'
import { type DirectusVersion, installDirectus } from '../../../examples/directus/src/install.ts'

export interface OwnDatabase {
  /** For `startDirectus`. */
  database: Database
  /** For who connects by himself. */
  url: string
  /** Runs SQL in it, as somebody who goes past Directus. */
  sql(text: string): Promise<void>
  /** Removes it. End what is connected to it first. */
  drop(): Promise<void>
}

/** A new database on a server of Postgres, MySQL or MariaDB, through the drivers that Directus has. */
export async function createDatabase(serverUrl: string, version: DirectusVersion = '12'): Promise<OwnDatabase> {
  const { home } = await installDirectus(version)
  const name = `directus_${randomBytes(6).toString('hex')}`
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href
  const run = serverUrl.startsWith('postgres') ? runInPostgres : runInMysql
  await run(home, serverUrl, `CREATE DATABASE ${name}`)
  return {
    database: databaseOf(url),
    url,
    sql: (text) => run(home, url, text),
    drop: () => run(home, serverUrl, `DROP DATABASE ${name}`),
  }
}

type Run = (home: string, url: string, text: string) => Promise<void>

interface Connection {
  query(text: string): Promise<unknown>
  end(): Promise<void>
}

const runInPostgres: Run = async (home, connectionString, text) => {
  const pg = createRequire(join(home, 'package.json'))('pg') as {
    Client: new (options: object) => Connection & { connect(): Promise<void> }
  }
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(text).finally(() => client.end())
}

const runInMysql: Run = async (home, url, text) => {
  const mysql = createRequire(join(home, 'package.json'))('mysql2/promise') as {
    createConnection(url: string): Promise<Connection>
  }
  const connection = await mysql.createConnection(url)
  await connection.query(text).finally(() => connection.end())
}
