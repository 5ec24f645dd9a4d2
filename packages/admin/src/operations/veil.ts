import type { Target } from '@unstale/core'

/** Hides the secrets of a target in what its receiver said: some repeat the headers that they were sent. */
export function veil(target: Target | null | undefined): (text: string) => string {
  if (target === null || target === undefined) return (text) => text
  const { auth, secrets, url } = target
  const hidden = [
    ...(auth.type === 'bearer' ? [auth.token] : auth.type === 'header' ? [auth.value, ...auth.value.split(' ')] : []),
    ...secrets.flatMap((secret) => [secret, secret.replace(/^whsec_/, '')]),
    ...(URL.canParse(url) ? [new URL(url).search.slice(1), ...new URL(url).searchParams.values()] : []),
  ]
    .filter((secret) => secret.length >= SHORTEST)
    // The longer first, since it may hold the shorter.
    .sort((one, other) => other.length - one.length)
  return (text) => hidden.reduce((veiled, secret) => veiled.replaceAll(secret, '***'), text)
}

/** Urls without query, fragment and userinfo, where nobody knows whose text it is. */
export function withoutQueries(text: string): string {
  return text.replace(/\b(https?:\/\/)(?:[^\s/?#@]*@)?([^\s?#]*)(?:[?#]\S*)?/gi, '$1$2')
}

/** What is shorter is no secret, and is found in every text. */
const SHORTEST = 4
