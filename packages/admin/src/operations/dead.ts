/** `GET /dead`: what will not be sent unless it is redriven. */
import type { DeadLetter, DeadReason, ItemKey } from '@unstale/core'
import type { Hono } from 'hono'
import type { Context } from '../options.ts'
import { resource } from '../resource.ts'
import type { Directory, KnownTarget } from './directory.ts'
import { queryOf } from './query.ts'

export interface DeadView {
  /** Names it to `redrive`. */
  id: string
  /** Of one that is no longer in the table only the uid is known. */
  target: { uid: string; key: string | null; name: string | null }
  collection: string
  key: ItemKey
  event: 'create' | 'update' | 'delete'
  reason: DeadReason
  diedAt: number
  /** When its first change was accepted. */
  appendedAt: number
  /** As they would be sent; only for those who may manage, and only up to 16 kB of JSON. */
  fields?: unknown
  previous?: unknown
}

export interface DeadPage {
  result: readonly DeadView[]
  /** The `before` of the next page. */
  next: string | null
}

/** Characters of JSON. */
const SHOWN = 16_384

export function addDead(app: Hono, { store }: Pick<Context, 'store'>, directory: Directory): void {
  resource(app, '/dead', {
    async GET(c) {
      const query = queryOf(c, ['target', 'before', 'limit'])
      const name = query.text('target')
      const before = query.text('before')
      const limit = query.count('limit', { least: 1, most: 200, otherwise: 50 })
      const target = name === undefined ? undefined : (await directory.find(name)).uid
      const letters = await store.listDead({
        ...(target !== undefined && { target }),
        ...(before !== undefined && { before }),
        limit: limit + 1,
      })
      const known = new Map((await directory.list()).map((one) => [one.uid, one]))
      const page = letters.slice(0, limit)
      const { manage } = c.get('rights')
      return c.json({
        result: page.map((letter) => toView(letter, known.get(letter.target), manage)),
        next: letters.length > limit ? (page.at(-1)?.id ?? null) : null,
      } satisfies DeadPage)
    },
  })
}

function toView(letter: DeadLetter, known: KnownTarget | undefined, manage: boolean): DeadView {
  const { id, target, reason, diedAt, entry } = letter
  const { collection, key, event, fields } = entry.last
  const { previous } = entry.first
  return {
    id,
    target: { uid: target, key: known?.key ?? null, name: known?.name ?? null },
    collection,
    key,
    event,
    reason,
    diedAt,
    appendedAt: entry.appendedAt,
    ...(manage && fields.length <= SHOWN && { fields: JSON.parse(fields) as unknown }),
    ...(manage && previous !== undefined && previous.length <= SHOWN && { previous: JSON.parse(previous) as unknown }),
  }
}
