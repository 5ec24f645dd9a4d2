import { createHash } from 'node:crypto'
import { delimiter, dirname, join } from 'node:path'
import type { Installation } from './install.ts'

export type Database =
  | { client: 'sqlite3'; filename: string }
  | { client: 'pg' | 'mysql'; host: string; port: number; user: string; password: string; database: string }

/** The administrator that every Directus here is made with. */
export const admin = { email: 'admin@example.com', password: 'password', token: 'administrators-token' } as const

/** The database that a url of Postgres, MySQL or MariaDB names. */
export function databaseOf(url: string): Database {
  const { protocol, hostname, port, username, password, pathname } = new URL(url)
  const client = protocol.startsWith('postgres') ? 'pg' : 'mysql'
  return {
    client,
    host: hostname,
    port: Number(port || (client === 'pg' ? 5432 : 3306)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  }
}

export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8)
}

/** What a Directus is told, whatever it is started for. Nothing of the caller's own but where programs and homes are. */
export function environmentOf({ node }: Installation, folder: string, database: Database): Record<string, string> {
  const own = ['HOME', 'TMPDIR', 'LANG', 'TZ', 'SYSTEMROOT'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  return {
    ...Object.fromEntries(own),
    PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`,
    NODE_ENV: 'production',
    SECRET: 'a-secret-for-trying-things-out-0123456789',
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    ADMIN_TOKEN: admin.token,
    LOG_LEVEL: 'info',
    TELEMETRY: 'false',
    PRESSURE_LIMITER_ENABLED: 'false',
    RATE_LIMITER_ENABLED: 'false',
    PACKAGE_FILE_LOCATION: folder,
    EXTENSIONS_PATH: join(folder, 'extensions'),
    STORAGE_LOCAL_ROOT: join(folder, 'uploads'),
    TEMP_PATH: join(folder, 'temporary'),
    ...variablesOf(database),
  }
}

function variablesOf({ client, ...where }: Database): Record<string, string> {
  const pairs = Object.entries(where).map(([name, value]) => [`DB_${name.toUpperCase()}`, String(value)])
  return { DB_CLIENT: client, ...Object.fromEntries(pairs) }
}
