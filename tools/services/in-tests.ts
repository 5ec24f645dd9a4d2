/** For test files: what needs a server runs where there is one. */
import { afterAll, inject, it } from 'vitest'
import { type Missing, type Server, type ServerOptions, type ServiceName, startServer } from './index.ts'
import './offer.ts'

type Tests<T> = (server: T) => void | Promise<void>

/**
 * Registers `tests` with the server that all files of the run share. Where it is missing they are skipped, with a line
 * that says how to get it; with UNSTALE_REQUIRE_SERVICES=1 that is a failure. Leave nothing in the server.
 *
 *     await withService('postgres', ({ url }) => { it('…', …) })
 */
export async function withService(name: ServiceName, tests: Tests<{ url: string }>): Promise<void> {
  const response = await fetch(`${inject('services')}/${name}`)
  if (!response.ok) throw new Error(await response.text())
  return register((await response.json()) as { url: string } | Missing, tests)
}

/** As `withService`, with a server of this file's own, which may be killed and restarted. */
export async function withServer(name: ServiceName, tests: Tests<Server>, options?: ServerOptions): Promise<void> {
  const server = await startServer(name, options)
  if (!('missing' in server)) afterAll(() => server.stop())
  return register(server, tests)
}

async function register<T extends object>(found: T | Missing, tests: Tests<T>): Promise<void> {
  if (!('missing' in found)) return tests(found)
  const { missing } = found
  if (process.env['UNSTALE_REQUIRE_SERVICES'] === '1') {
    it('has the server that it needs', () => {
      throw new Error(missing)
    })
  } else {
    it.skip(`not without ${missing}`)
    await fetch(inject('services'), { method: 'POST', body: missing })
  }
}
