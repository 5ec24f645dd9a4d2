import type { TargetRow } from '@unstale/core'
import { type Context as Call, Hono } from 'hono'
import { objectOf } from '../body.ts'
import type { Context } from '../options.ts'
import { Problem } from '../problem.ts'
import { resource } from '../resource.ts'
import { conditionOf, etagOf, names } from './etag.ts'
import { checkedKey, keyInPath, pageOf } from './key.ts'
import { findRow, removeRow, rowsOf, saveRow } from './table.ts'
import { byName, toSubscription } from './view.ts'

/** The most bytes of a body. */
const MOST = 262_144

/** Subscriptions by their keys: `/` and `/{key}`. */
export function subscriptionRoutes({ targets }: Pick<Context, 'targets'>): Hono {
  const routes = new Hono()

  resource(routes, '/', {
    async GET(c) {
      const { offset, limit } = pageOf(c.req.query())
      const rows = [...(await rowsOf(targets))].sort(byName)
      return c.json({ result: rows.slice(offset, offset + limit).map(toSubscription), count: rows.length, offset, limit })
    },
    async POST(c) {
      const body = await objectOf(c.req.raw, { most: MOST })
      return save(c, checkedKey(body['key']), body)
    },
  })

  resource(routes, '/:key', {
    async GET(c) {
      const row = await findRow(targets, keyInPath(c.req.url))
      if (row === null) throw none()
      const known = c.req.header('if-none-match')
      return known !== undefined && names(known, await etagOf(row)) ? c.body(null, 304) : show(c, row)
    },
    async PUT(c) {
      const key = keyInPath(c.req.url)
      return save(c, key, await objectOf(c.req.raw, { most: MOST }))
    },
    async DELETE(c) {
      const key = keyInPath(c.req.url)
      if (!(await removeRow(targets, key, conditionOf(c.req.raw.headers)))) throw none()
      return c.body(null, 204)
    },
  })

  async function save(c: Call, key: string, body: Readonly<Record<string, unknown>>): Promise<Response> {
    return show(c, await saveRow(targets, key, body, conditionOf(c.req.raw.headers)))
  }

  return routes
}

async function show(c: Call, row: TargetRow): Promise<Response> {
  return c.json(toSubscription(row), 200, { etag: await etagOf(row) })
}

function none(): Problem {
  return new Problem(404, 'There is no such subscription.')
}
