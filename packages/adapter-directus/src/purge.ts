/** Directus's own response cache: whoever refetches after a flush must not be given what was cached before it. */
import { EVERYTHING, type HostContext } from './host.ts'
import { type Settings, toBoolean } from './settings.ts'

/** Empties it, if that is wanted. */
export function cachePurge(host: HostContext, { purgeCache }: Pick<Settings, 'purgeCache'>): () => Promise<void> {
  const { services, env, getSchema, logger } = host
  if (!purgeCache || !toBoolean(env['CACHE_ENABLED'])) return async () => {}
  return async () => {
    try {
      const service = new services.UtilsService({ schema: await getSchema(), accountability: EVERYTHING })
      await service.clearCache({ system: false })
    } catch (error) {
      logger.warn(`unstale: the cache of Directus could not be emptied: ${(error as Error).message}`)
    }
  }
}

/** What hands out stale data in spite of us; null: nothing. */
export function cacheProblem(env: HostContext['env'], { purgeCache }: Pick<Settings, 'purgeCache'>): string | null {
  if (!toBoolean(env['CACHE_ENABLED']) || toBoolean(env['CACHE_AUTO_PURGE']) || purgeCache) return null
  return 'CACHE_ENABLED without CACHE_AUTO_PURGE: a front end that refetches after a flush is given what Directus has cached; set CACHE_AUTO_PURGE=true, or UNSTALE_PURGE_DIRECTUS_CACHE=true'
}
