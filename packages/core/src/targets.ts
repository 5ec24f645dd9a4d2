import { createMatcher, type Matcher, type Warn } from './accept/match.ts'
import type { AlignedClock } from './clock.ts'
import type { CheckedTargets } from './config.ts'
import type { Teller } from './deliver/notify.ts'
import { PipelineError } from './errors.ts'
import type { Clock, Store, TargetSource } from './ports.ts'
import type { Target, TargetRef } from './types.ts'
import { redactUrl } from './wire/headers.ts'

/** The targets as this process knows them since its last load. */
export interface Loaded {
  matcher: Matcher
  /** Uids of those that are published. */
  published: readonly string[]
  /** The instant before the load: what was appended later may know more. */
  asOf: number
}

export interface Roster {
  /** Null until the first load. */
  readonly loaded: Loaded | null
  /** Waits for the first load, boundedly; rejects TARGETS_UNAVAILABLE. */
  ready(): Promise<Loaded>
  /** Loads anew whenever the source changes; a failure is told and keeps the last list. Returns how to stop. */
  watch(): () => void
  /** The store says of which version its own targets are: loads anew if these are the targets, and that is news. */
  noticed(version: number): Promise<void>
  /** Whether the targets are the store's own, and nobody has asked for a second whether they are still the same. */
  overdue(): boolean
}

export interface RosterDeps {
  source: TargetSource
  /** Bad rows and rules are left out and named. */
  check(rows: readonly unknown[]): CheckedTargets
  store: Store
  clock: Clock
  time: AlignedClock
  teller: Teller
  warn: Warn
  /** Something may be due now. */
  ring(): void
}

/** How long a list of the store's own targets is taken for the newest, in milliseconds. */
const FRESH = 1_000

/** How long a first publish waits for the first list of targets, in milliseconds. */
const PATIENCE = 10_000

export function refOf({ uid, key, name, url }: Target): TargetRef {
  return { uid, key, name, url: redactUrl(url) }
}

export function createRoster({ source, check, store, clock, time, teller, warn, ring }: RosterDeps): Roster {
  let loaded: Loaded | null = null
  /** The last list whose consequences the store has taken: what it could not take is owed by the next load. */
  let followed: Loaded | null = null
  let loading: Promise<void> | null = null
  let stale = false
  let noticedAt = Number.NEGATIVE_INFINITY

  async function load(): Promise<void> {
    await time.align()
    const asOf = time.now()
    const { targets, problems, leftOut } = check(await source.load())
    if (problems.length > 0) {
      const lines = problems.map(({ path, message }) => `${path}: ${message}`).join('; ')
      teller.emit('error', { scope: 'targets', error: new PipelineError('CONFIG_INVALID', `left out: ${lines}`, { problems }) })
    }
    const matcher = createMatcher(targets, warn)
    loaded = { matcher, asOf, published: targets.filter(({ status }) => status === 'published').map(({ uid }) => uid) }
    await follow(followed, loaded, leftOut)
    followed = loaded
  }

  /** What follows from a new list: who is gone is forgotten, who was edited is tried at once. */
  async function follow(before: Loaded | null, now: Loaded, leftOut: readonly string[]): Promise<void> {
    const gone = new Set<string>()
    for (const uid of before?.matcher.targets.keys() ?? []) if (!now.matcher.targets.has(uid)) gone.add(uid)
    // A row that was spoilt by an edit is still there: what waits for it waits on.
    for (const uid of leftOut) gone.delete(uid)
    for (const [uid, { target }] of now.matcher.targets) {
      const old = before?.matcher.targets.get(uid)?.target
      if (target.status === 'archived' && old?.status !== 'archived') gone.add(uid)
      else if (old !== undefined && target.status === 'published' && reachedAnew(old, target)) {
        const [stats] = await store.stats([uid])
        // Whoever was gone may be back at another address; what was suspended by hand stays so.
        if (stats?.suspended === 'gone') await store.resume(uid, time.now())
        else await store.wake(uid, time.now())
      }
    }
    for (const uid of gone) await store.forget(uid, now.asOf)
    ring()
  }

  /** One load at a time; a wish that comes meanwhile is served by one more. */
  function reload(): Promise<void> {
    if (loading !== null) {
      stale = true
      return loading
    }
    loading = (async () => {
      do {
        stale = false
        await load()
      } while (stale)
    })().finally(() => {
      loading = null
    })
    return loading
  }

  async function reloadOrTell(): Promise<void> {
    try {
      await reload()
    } catch (error) {
      teller.emit('error', { scope: 'targets', error })
    }
  }

  return {
    get loaded() {
      return loaded
    },
    async ready() {
      const until = clock.now() + PATIENCE
      for (let wait = 100; ; wait *= 2) {
        if (loaded !== null) return loaded
        let cause: unknown
        const patience = new AbortController()
        const late = clock.sleep(until - clock.now(), patience.signal)
        try {
          await Promise.race([loading ?? reload(), late])
          if (loaded !== null) return loaded
        } catch (error) {
          cause = error
          teller.emit('error', { scope: 'targets', error })
        } finally {
          patience.abort()
        }
        if (clock.now() + wait >= until) {
          if (cause instanceof PipelineError) throw cause
          throw new PipelineError(
            'TARGETS_UNAVAILABLE',
            `the list of targets could not be loaded within ${PATIENCE / 1000} s; nothing was stored`,
            { cause },
          )
        }
        await clock.sleep(wait)
      }
    },
    watch: () => source.watch?.(reloadOrTell) ?? (() => {}),
    async noticed(version) {
      noticedAt = clock.now()
      if (loaded !== null && source.table !== undefined && source.table.version !== version) await reloadOrTell()
    },
    overdue: () => source.table !== undefined && clock.now() - noticedAt >= FRESH,
  }
}

/** Whether an edit may have mended what made it fail. */
function reachedAnew(old: Target, target: Target): boolean {
  const way = ({ url, auth, secrets, status }: Target) => JSON.stringify([url, auth, secrets, status])
  return way(old) !== way(target)
}
