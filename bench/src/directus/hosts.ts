/** Three of the same Directus: with no extension, with ours, and with a stand-in for a plain one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Api, api } from '../../../examples/directus/src/api.ts'
import { type Database, type Directus, startDirectus } from '../../../examples/directus/src/directus.ts'
import { createCollection } from '../../../examples/directus/src/schema.ts'

export const HOSTS = ['none', 'ours', 'standIn'] as const
export type HostName = (typeof HOSTS)[number]

export interface Host {
  api: Api
  /** The published targets are these, from now on. */
  setTargets(urls: readonly string[]): Promise<void>
}

const EXTENSIONS: Record<HostName, string[]> = {
  none: [],
  ours: [join(import.meta.dirname, '../../../packages/adapter-directus')],
  standIn: [join(import.meta.dirname, 'stand-in')],
}

/** `databaseFor` answers a new, empty database; undefined: an SQLite file. */
export async function withHosts<T>(
  databaseFor: (name: HostName) => Promise<Database | undefined>,
  use: (hosts: Record<HostName, Host>) => Promise<T>,
): Promise<T> {
  const started: Directus[] = []
  const folder = await mkdtemp(join(tmpdir(), 'unstale-bench-'))
  try {
    const hosts = {} as Record<HostName, Host>
    for (const name of HOSTS) {
      const database = await databaseFor(name)
      const directus = await startDirectus({
        folder: join(folder, name),
        extensions: EXTENSIONS[name],
        ...(database && { database }),
        env: { LOG_LEVEL: 'error', LOGGER_HTTP_USE_LOGGER: 'false' },
      })
      started.push(directus)
      hosts[name] = await hostOf(name, api(directus.url, await directus.token()))
    }
    return await use(hosts)
  } finally {
    await Promise.all(started.map((directus) => directus.kill()))
    await rm(folder, { recursive: true, force: true })
  }
}

async function hostOf(name: HostName, client: Api): Promise<Host> {
  const text = (field: string) => ({ field, type: 'string' })
  await createCollection(client, { name: 'posts', fields: [text('title'), text('slug'), text('status')] })
  if (name === 'standIn') {
    const fields = [text('status'), text('url'), text('api_key')]
    await createCollection(client, { name: 'cache_flush_targets', key: 'uuid', fields })
  }
  return { api: client, setTargets: (urls) => (name === 'none' ? Promise.resolve() : setTargets(name, client, urls)) }
}

async function setTargets(name: HostName, client: Api, urls: readonly string[]): Promise<void> {
  const targets = client.items('cache_flush_targets')
  const old = await targets.list<{ id: string }>({ fields: 'id', limit: -1 })
  if (old.length > 0) await targets.removeMany(old.map(({ id }) => id))
  const schema = [{ collection: 'posts', events: ['create', 'update', 'delete'], payload: ['title', 'slug'] }]
  for (const url of urls) {
    const row = { status: 'published', url, api_key: 'key', ...(name === 'ours' && { schema }) }
    const { id } = await targets.create<{ id: string }>(row)
    // An edit of a target is followed a moment later.
    while (name === 'ours' && (await client.raw(`/unstale/targets/${id}/test`, { method: 'POST' })).status === 404);
  }
}
