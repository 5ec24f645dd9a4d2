import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBell } from './bell.ts'

/** Where targets get their requests: each path is a target, and every request is answered 200. */
export interface Sink {
  url(path: string): string
  /** Ids of the items that have arrived. */
  arrived(path: string): ReadonlySet<string>
  /** Resolves when all of them have arrived at each of the paths. */
  has(paths: readonly string[], ids: Iterable<string>): Promise<void>
  close(): void
}

export async function createSink(): Promise<Sink> {
  const all = new Map<string, Set<string>>()
  const bell = createBell()
  const at = (path: string): Set<string> => {
    const ids = all.get(path) ?? new Set()
    all.set(path, ids)
    return ids
  }
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part
    for (const { fields } of JSON.parse(text) as { fields: { id: string } }[]) at(String(request.url)).add(fields.id)
    response.end()
    bell.ring()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: (path) => `${origin}${path}`,
    arrived: at,
    async has(paths, ids) {
      const wanted = [...ids]
      for (const path of paths) await bell.until(() => wanted.every((id) => at(path).has(id)))
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
