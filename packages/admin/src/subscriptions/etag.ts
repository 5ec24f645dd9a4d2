/** So that of two people who edit one subscription neither overwrites the other unseen. */
import type { TargetRow } from '@unstale/core'
import { Problem } from '../problem.ts'

/** Names what a subscription holds. Another one under the same key has another, whatever it holds. */
export async function etagOf({ uid, target }: TargetRow): Promise<string> {
  const { auth, secret, secrets, ...shown } = target as Readonly<Record<string, unknown>>
  const [open, hidden] = await Promise.all([hashOf([uid, shown]), hashOf([uid, auth, secret, secrets])])
  // Of what nobody may read only two bytes go in: too little to try passwords with.
  return `"${open.slice(0, 24)}${hidden.slice(0, 4)}"`
}

async function hashOf(value: unknown): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(value)))
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export interface Condition {
  /** Whether there is one at all. */
  given: boolean
  /** Throws 412 unless what is there now is what the request expects. */
  check(row: TargetRow | null): Promise<void>
}

/** `If-Match` and `If-None-Match`. */
export function conditionOf(headers: Headers): Condition {
  const [match, noneMatch] = [headers.get('if-match'), headers.get('if-none-match')]
  return {
    given: match !== null || noneMatch !== null,
    async check(row) {
      const etag = row === null ? null : await etagOf(row)
      if (match !== null && !names(match, etag))
        throw new Problem(
          412,
          etag === null ? 'There is no such subscription any more.' : 'Somebody else has changed it: read it again.',
        )
      if (noneMatch !== null && names(noneMatch, etag)) throw new Problem(412, 'There is such a subscription already.')
    },
  }
}

/** Whether a list of tags, or `*`, names this one. A proxy that compresses makes weak ones of them, which mean the same here. */
export function names(list: string, etag: string | null): boolean {
  if (etag === null) return false
  const tags: readonly string[] = list.match(/"[^"]*"/g) ?? []
  return list.trim() === '*' || tags.includes(etag)
}
