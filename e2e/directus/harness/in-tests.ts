/** For test files: what is started here ends, and is removed, with the file that asked for it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { type Api, api } from '../../../examples/directus/src/api.ts'
import { type Directus, type DirectusOptions, startInstances } from '../../../examples/directus/src/directus.ts'
import { createReceiver, type Receiver, type Script } from '../../receiver.ts'
import { createDatabase, type OwnDatabase } from './databases.ts'

type Cleanup = () => unknown
const cleanups: Cleanup[] = []

// Registered here, when the file is read: inside of a hook, where one may want to start something, it would be forgotten.
afterAll(async () => {
  for (const clean of cleanups.reverse()) await clean()
}, 60_000)

export type InTestsOptions = Omit<DirectusOptions, 'folder' | 'database' | 'port'> & {
  /** Url of a Postgres, MySQL or MariaDB, where it gets a new database. Default: an SQLite file of its own. */
  server?: string
}

export interface DirectusInTests extends Directus {
  /** As the administrator. */
  api: Api
  /** The database on the server that was named. */
  own?: OwnDatabase
}

/**
 * Starts a Directus in a new folder with a new database: at the top of a test file, or in `beforeAll` with minutes of time,
 * since it may have to be installed.
 */
export async function directusInTests(options: InTestsOptions = {}): Promise<DirectusInTests> {
  const [directus] = await instancesInTests(1, options)
  if (directus === undefined) throw new Error('one was asked for')
  return directus
}

/** As `directusInTests`: several on one database. */
export async function instancesInTests(count: number, options: InTestsOptions = {}): Promise<DirectusInTests[]> {
  const { server, ...others } = options
  const folder = await mkdtemp(join(tmpdir(), 'unstale-directus-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  const own = server === undefined ? undefined : await createDatabase(server, options.version)
  if (own) cleanups.push(() => own.drop().catch(unlessGone))
  const servers = await startInstances(count, { ...others, folder, ...(own && { database: own.database }) })
  // The last is done first: they end before their database goes.
  cleanups.push(() => Promise.all(servers.map((one) => one.kill())))
  return Promise.all(
    servers.map(async (one) => Object.assign(one, { api: api(one.url, await one.token()), ...(own && { own }) })),
  )
}

export async function receiverInTests(script?: Script): Promise<Receiver> {
  const receiver = await createReceiver(script)
  cleanups.push(() => receiver.close())
  return receiver
}

/** A server that this file has ended before has taken its databases along. */
function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ECONNREFUSED') throw error
}
