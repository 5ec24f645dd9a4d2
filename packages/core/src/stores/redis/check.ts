/** Whether a server is one that changes can be kept in. */
import { PipelineError } from '../../errors.ts'
import type { Place } from './calls.ts'

export interface Check {
  /** Looks once, and again as long as it is refused. */
  passed(): Promise<void>
}

const OLDEST = [6, 2] as const

export function createCheck({ client, warn }: Place): Check {
  let passing: Promise<void> | undefined

  async function look(): Promise<void> {
    const said = await client.call('info', []).catch((error: unknown) => {
      // Some providers forbid it.
      if (/NOPERM|unknown command|not allowed/i.test(String(error))) return ''
      throw error
    })
    const facts = new Map(
      String(said)
        .split(/\r?\n/)
        .map((line) => line.split(':', 2) as [string, string]),
    )
    refuse(facts)
    for (const doubt of doubtsOf(facts)) warn(`unstale: ${doubt}`)
  }

  return {
    async passed() {
      passing ??= look()
      try {
        await passing
      } catch (error) {
        passing = undefined
        throw error
      }
    },
  }
}

type Facts = ReadonlyMap<string, string>

function refuse(facts: Facts): void {
  const version = facts.get('redis_version')
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  if (version !== undefined && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))) {
    throw new PipelineError(
      'STORE_UNSUPPORTED',
      `the redis store needs Redis ${OLDEST.join('.')} or later, or Valkey; this is ${version}`,
    )
  }
  // A cluster sends each command where it belongs.
  if (facts.get('role') === 'slave' && facts.get('cluster_enabled') !== '1') {
    throw new PipelineError('STORE_FAILED', 'the redis store cannot use this server: it is a replica; connect to the primary')
  }
}

function* doubtsOf(facts: Facts): Iterable<string> {
  const policy = facts.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction' && Number(facts.get('maxmemory') ?? 0) > 0) {
    yield `this Redis removes keys when its memory is full (maxmemory-policy ${policy}), and changes that wait with them: ` +
      'set it to noeviction'
  }
  if (facts.get('aof_enabled') === '0') {
    yield 'this Redis keeps no append-only file (appendonly no): changes that wait are lost when the server restarts'
  }
}
