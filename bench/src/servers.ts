/** The servers that stores and queues are measured on: our own, on the same disk as everything else, unless the environment names one. */
import { mkdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findService, type ServiceName } from '../../tools/services/index.ts'

export type Urls = Partial<Record<ServiceName, string>>

const TMPFS = 0x01_02_19_94
const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.unstale', 'bench')

/** A folder of a real disk: what is synced in memory costs nothing. */
export function diskFolder(): string {
  if (statfsSync(tmpdir()).type !== TMPFS) return tmpdir()
  mkdirSync(CACHE, { recursive: true })
  return CACHE
}

/** Starts what is there; of what is missing one line says how to get it, and its figures are left out. */
export async function withServers<T>(names: readonly ServiceName[], work: (urls: Urls) => Promise<T>): Promise<T> {
  const stops: (() => Promise<void>)[] = []
  const urls: Urls = {}
  try {
    for (const name of names) {
      const server = await findService(name, { within: diskFolder() })
      if ('missing' in server) {
        process.stderr.write(`  left out: every figure on ${server.missing}\n`)
        continue
      }
      stops.push(server.stop)
      urls[name] = server.url
    }
    return await work(urls)
  } finally {
    await Promise.allSettled(stops.map((stop) => stop()))
    rmSync(CACHE, { recursive: true, force: true })
  }
}
