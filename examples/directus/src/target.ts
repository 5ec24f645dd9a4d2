import { setTimeout as later } from 'node:timers/promises'
import type { Api } from './api.ts'

const id = '5f0c8a52-6f2b-4b1e-9d39-3f1f6e6a7c03'

/** Whom Unstale tells, and of what: one row, which can be edited in the Studio like any other. */
export async function createTarget(client: Api, url: string, apiKey: string): Promise<void> {
  await collectionIsThere(client, 'cache_flush_targets')
  const row = {
    status: 'published',
    url,
    auth_header: 'bearer',
    api_key: apiKey,
    schema: [
      // With a rename comes the slug that was replaced: the page at the old address has to go as well.
      { collection: 'posts', events: ['create', 'update', 'delete'], payload: ['slug', 'title'], previous: ['slug'] },
      { collection: 'authors', events: ['update'], payload: ['name'] },
    ],
  }
  const targets = client.items('cache_flush_targets')
  const existing = await targets.list({ filter: { id: { _eq: id } } })
  // The front end may be on another port than the last time.
  if (existing.length > 0) await targets.update(id, { url, api_key: apiKey })
  else await targets.create({ id, ...row })
}

/** The extension makes its collections while Directus starts. */
async function collectionIsThere(client: Api, name: string): Promise<void> {
  const lastTry = Date.now() + 20_000
  for (;;) {
    const response = await client.raw(`/collections/${name}`)
    await response.text()
    if (response.ok) return
    if (Date.now() > lastTry) throw new Error(`There is no collection ${name}: Directus has not loaded the extension.`)
    await later(100)
  }
}
