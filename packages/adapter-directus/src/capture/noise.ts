/** Mutations that Directus makes all the time and that change no content. */

const IGNORED: Readonly<Record<string, (field: string) => boolean>> = {
  // Each page that somebody opens in the Studio, each request with a token.
  directus_users: (field) => field === 'last_page' || field === 'last_access',
  // Each piece of a resumable upload.
  directus_files: (field) => field.startsWith('tus_'),
}

export function isNoise(collection: string, payload: unknown): boolean {
  const ignored = IGNORED[collection]
  if (ignored === undefined || typeof payload !== 'object' || payload === null) return false
  const fields = Object.keys(payload)
  return fields.length > 0 && fields.every(ignored)
}
