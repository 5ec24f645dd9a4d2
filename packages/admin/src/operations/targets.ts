/** `GET /targets`, `GET /targets/:key`: how targets are doing. */
import type { Hono } from 'hono'
import type { Context } from '../options.ts'
import { resource } from '../resource.ts'
import type { Directory } from './directory.ts'
import { queryOf } from './query.ts'
import { statsOf, type TargetView, toView } from './target-state.ts'

export interface TargetPage {
  result: readonly TargetView[]
  /** Of all targets. */
  total: number
  offset: number
  limit: number
  /** The clock of the store, by which every instant is told. */
  at: number
}

export function addTargets(app: Hono, { store }: Pick<Context, 'store'>, directory: Directory): void {
  resource(app, '/targets', {
    async GET(c) {
      const query = queryOf(c, ['offset', 'limit'])
      const offset = query.count('offset', { least: 0, most: 1_000_000_000, otherwise: 0 })
      const limit = query.count('limit', { least: 1, most: 1_000, otherwise: 100 })
      const all = await directory.list()
      const page = all.slice(offset, offset + limit)
      const [stats, at] = await Promise.all([statsOf({ store }, page), store.time()])
      const result = page.map((known) => toView(known, stats.get(known.uid)))
      return c.json({ result, total: all.length, offset, limit, at } satisfies TargetPage)
    },
  })

  resource(app, '/targets/:key', {
    async GET(c) {
      queryOf(c, [])
      const known = await directory.find(c.req.param('key') ?? '')
      const stats = await statsOf({ store }, [known])
      return c.json(toView(known, stats.get(known.uid)) satisfies TargetView)
    },
  })
}
