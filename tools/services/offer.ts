import { once } from 'node:events'
import { statfs } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'
import type { TestProject } from 'vitest/node'
import { findService, type Missing, type Service, type ServiceName } from './index.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where test files ask for a server. */
    services: string
  }
}

/** Runs once for all test files: the first that asks for a server has it started, and they share it. What they skip is told here, once. */
export default async function offerServices(project: TestProject): Promise<() => Promise<void>> {
  const asked = new Map<ServiceName, Promise<Service | Missing>>()
  const skipped = new Set<string>()

  async function answer(name: ServiceName): Promise<{ url: string } | Missing> {
    const found = asked.get(name) ?? roomyFolder().then((within) => findService(name, { within }))
    asked.set(name, found)
    const service = await found
    return 'missing' in service ? service : { url: service.url }
  }

  // GET /postgres answers where it is; POST takes the sentence that says how to get it.
  const server = createServer(async (request, response) => {
    try {
      if (request.method === 'POST') skipped.add(await text(request))
      const found = request.method === 'POST' ? {} : await answer(request.url?.slice(1) as ServiceName)
      response.end(JSON.stringify(found))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('there is no port to listen on')
  project.provide('services', `http://127.0.0.1:${address.port}`)

  return async () => {
    server.close()
    server.closeAllConnections()
    for (const result of await Promise.allSettled(asked.values())) {
      if (result.status === 'fulfilled' && 'stop' in result.value) await result.value.stop()
    }
    for (const missing of skipped) console.log(`Skipped tests that need a server. ${missing}`)
  }
}

/** In memory where there is room: what is tested is not how long a disk takes. */
async function roomyFolder(): Promise<string> {
  const shared = '/dev/shm'
  const free = await statfs(shared).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  )
  return free > 4e9 ? shared : tmpdir()
}
