import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { bootstrap, prepareFolder } from './bootstrap.ts'
import { admin, type Database, environmentOf } from './environment.ts'
import { placeExtensions } from './extensions.ts'
import { type DirectusVersion, installDirectus } from './install.ts'
import { type Served, serveSomewhere } from './serve.ts'

export { type Database, databaseOf } from './environment.ts'

export interface DirectusOptions {
  /** Default '12'. */
  version?: DirectusVersion
  /** Where its extensions and uploads are; made if it is missing, kept afterwards. */
  folder: string
  /** Default: the SQLite file `data.db` in `folder`. Bootstrapped if it is empty. */
  database?: Database
  /** Folders of built extensions, which are copied. Without it, those in the folder stay as they are. */
  extensions?: readonly string[]
  /** Further variables of its environment, which win. */
  env?: Record<string, string>
  /** Default: any that is free, and the same again after a restart. */
  port?: number
  /** Milliseconds that a start or a stop may take. Default 60,000. */
  patienceMs?: number
  /** Is given what it says as it says it. */
  onText?: (text: string) => void
}

export interface Directus extends Served {
  /** Its exact version. */
  version: string
  folder: string
  database: Database
  adminEmail: string
  adminPassword: string
}

/** Starts a real Directus, which ends with this process. Resolves when it answers. */
export async function startDirectus(options: DirectusOptions): Promise<Directus> {
  const start = await prepare(options)
  return start(options.port ?? 0)
}

/** Starts several on one database and in one folder, all at once; on free ports. */
export async function startInstances(count: number, options: Omit<DirectusOptions, 'port'>): Promise<Directus[]> {
  const start = await prepare(options)
  const started = await Promise.allSettled(Array.from({ length: count }, () => start(0)))
  const failed = started.find((one) => one.status === 'rejected')
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  if (failed === undefined) return servers
  await Promise.all(servers.map((server) => server.kill()))
  throw failed.reason
}

/** All that has to be there before one starts. */
async function prepare(options: DirectusOptions): Promise<(port: number) => Promise<Directus>> {
  const { version = '12', extensions, patienceMs = 60_000, onText } = options
  const installation = await installDirectus(version)
  const folder = resolve(options.folder)
  const database = options.database ?? { client: 'sqlite3', filename: join(folder, 'data.db') }
  await mkdir(folder, { recursive: true })
  await prepareFolder(folder)
  if (extensions !== undefined) await placeExtensions(extensions, join(folder, 'extensions'))
  await bootstrap(installation, folder, database)
  const env = { ...environmentOf(installation, folder, database), ...options.env }

  return async (port) =>
    Object.assign(await serveSomewhere(installation, { folder, env, port, patienceMs, onText }), {
      version: installation.version,
      folder,
      database,
      adminEmail: admin.email,
      adminPassword: admin.password,
    })
}
