import type { TargetRow } from '@unstale/core'
import { type Context as Call, Hono } from 'hono'
import { objectOf } from '../body.ts'
import type { Context } from '../options.ts'
import { Problem } from '../problem.ts'
import { conditionOf, etagOf, names } from './etag.ts'
import { checkedKey, keyInPath, pageOf } from './key.ts'
import { findRow, removeRow, rowsOf, saveRow } from './table.ts'
import { byName, toSubscription } from './view.ts'

/** The most bytes of a body. */
const MOST = 262_144

/** Subscriptions by their keys: `/` and `/{key}`. */
export function subscriptionRoutes({ targets }: Pick<Context, 'targets'>): Hono {
  const routes = new Hono()

  routes.get('/', async (c) => {
    const { offset, limit } = pageOf(c.req.query())
    const rows = [...(await rowsOf(targets))].sort(byName)
    return c.json({ result: rows.slice(offset, offset + limit).map(toSubscription), count: rows.length, offset, limit })
  })

  routes.post('/', async (c) => {
    const body = await objectOf(c.req.raw, { most: MOST })
    return save(c, checkedKey(body['key']), body)
  })

  routes.get('/:key', async (c) => {
    const row = await findRow(targets, keyInPath(c.req.url))
    if (row === null) throw none()
    const known = c.req.header('if-none-match')
    return known !== undefined && names(known, await etagOf(row)) ? c.body(null, 304) : show(c, row)
  })

  routes.put('/:key', async (c) => {
    const key = keyInPath(c.req.url)
    return save(c, key, await objectOf(c.req.raw, { most: MOST }))
  })

  routes.delete('/:key', async (c) => {
    const key = keyInPath(c.req.url)
    if (!(await removeRow(targets, key, conditionOf(c.req.raw.headers)))) throw none()
    return c.body(null, 204)
  })

  routes.all('/', () => notAllowed('GET, HEAD, POST'))
  routes.all('/:key', () => notAllowed('GET, HEAD, PUT, DELETE'))

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

function notAllowed(allow: string): never {
  throw new Problem(405, `This can be asked for with ${allow}.`, { headers: { allow } })
}
