/** `GET /health`: whether this process can work, and how far each target is behind. */
import type { Hono } from 'hono'
import type { Context } from '../options.ts'
import { resource } from '../resource.ts'
import type { Directory } from './directory.ts'
import { queryOf } from './query.ts'
import { type StateWord, stateOf, statsOf } from './target-state.ts'

export interface Health {
  /** `unhealthy`: the store did not answer. A target that fails makes nothing here unhealthy. */
  status: 'healthy' | 'unhealthy'
  targets: readonly HealthOfTarget[]
}

export interface HealthOfTarget {
  key: string
  state: StateWord
  /** How stale its receiver may be: the age of the oldest entry that has not arrived. */
  lagMs: number
  /** Entries that wait or fly. */
  pending: number
  oldestAt: number | null
}

/** Milliseconds for which the store is waited for: who asks has little patience. */
const PATIENCE = 5_000

/** It takes the right to read, like everything: a load balancer needs a token, or an `authorize` that lets it in. */
export function addHealth(
  app: Hono,
  { store, clock, onError }: Pick<Context, 'store' | 'clock' | 'onError'>,
  directory: Directory,
): void {
  async function look(): Promise<Health> {
    const all = await directory.list()
    const [stats, now] = await Promise.all([statsOf({ store }, all), store.time()])
    const targets = all.map((known): HealthOfTarget => {
      const one = stats.get(known.uid)
      const oldestAt = one?.oldestAt ?? null
      return {
        key: known.key,
        state: stateOf(known, one),
        lagMs: oldestAt === null ? 0 : Math.max(0, now - oldestAt),
        pending: (one?.pending ?? 0) + (one?.inFlight ?? 0),
        oldestAt,
      }
    })
    return { status: 'healthy', targets }
  }

  resource(app, '/health', {
    async GET(c) {
      queryOf(c, [])
      const done = new AbortController()
      try {
        const late = clock.sleep(PATIENCE, done.signal).then(() => {
          throw new Error(`health: the store did not answer within ${PATIENCE} ms`)
        })
        // Whoever loses the race says nothing any more.
        late.catch(() => {})
        return c.json((await Promise.race([look(), late])) satisfies Health)
      } catch (error) {
        onError(error)
        return c.json({ status: 'unhealthy', targets: [] } satisfies Health, 503)
      } finally {
        done.abort()
      }
    },
  })
}
