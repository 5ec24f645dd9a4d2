/** Tables of Directus whose changes are never told: each notice would make some of them, or they are nobody else's business. */
export const UNTOLD_COLLECTIONS: ReadonlySet<string> = new Set([
  'directus_activity',
  'directus_revisions',
  'directus_presets',
  'directus_notifications',
  'directus_sessions',
  'directus_migrations',
  'cache_flush_targets',
  'cache_flush_targets_directus_users',
])

/** By table of Directus, the fields that no target is told, whatever its rules say. */
export const SECRET_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['directus_users', ['password', 'token', 'tfa_secret', 'auth_data']],
  ['directus_shares', ['password']],
])
