/** `GET /deliveries`, `GET /deliveries/:batch`: what was sent, and what came of it. */
import type { DeliveryLog, DeliveryQuery, DeliveryRecord } from '@unstale/core'
import type { Context as Call, Hono } from 'hono'
import type { Context } from '../options.ts'
import { Problem } from '../problem.ts'
import { resource } from '../resource.ts'
import {
  type AttemptView,
  type BatchView,
  type DeliveryView,
  type Showing,
  toAttempt,
  toBatch,
  toDelivery,
} from './delivery-view.ts'
import type { Directory } from './directory.ts'
import { type Query, queryOf } from './query.ts'
import { veil } from './veil.ts'

/** Newest first. `next`: the `before` of the next page. */
export interface DeliveryPage {
  result: readonly DeliveryView[]
  next: string | null
}

/** One delivery with its attempts, newest first; of more than `limit` there is a `next`. */
export interface DeliveryReport extends BatchView {
  attempts: readonly AttemptView[]
  next: string | null
}

const VERDICTS = ['delivered', 'retry', 'split', 'dead', 'return', 'aborted'] as const

export function addDeliveries(app: Hono, { log }: Pick<Context, 'log'>, directory: Directory): void {
  resource(app, '/deliveries', {
    async GET(c) {
      const list = listOf(log)
      const query = queryOf(c, ['target', 'verdict', 'since', 'until', 'collection', 'item', 'before', 'limit'])
      const name = query.text('target')
      const verdicts = query.words('verdict', VERDICTS)
      const [since, until] = [query.instant('since'), query.instant('until')]
      const item = itemOf(query)
      const known = name === undefined ? undefined : await directory.look(name)
      const { page, next } = await list({
        // Of a target that is gone there may still be records.
        ...(name !== undefined && { target: known?.uid ?? name }),
        ...(verdicts !== undefined && { verdicts }),
        ...(since !== undefined && { since }),
        ...(until !== undefined && { until }),
        ...(item !== undefined && { item }),
        ...pageOf(query),
      })
      if (name !== undefined && known === undefined && page.length === 0) throw new Problem(404, 'There is no such target.')
      const showing = await showingOf(c)
      return c.json({ result: page.map((one) => toDelivery(one, showing(one))), next } satisfies DeliveryPage)
    },
  })

  resource(app, '/deliveries/:batch', {
    async GET(c) {
      const list = listOf(log)
      const query = queryOf(c, ['before', 'limit'])
      const { page, next } = await list({ batch: c.req.param('batch') ?? '', ...pageOf(query) })
      const [newest] = page
      if (newest === undefined) throw new Problem(404, 'There is no such delivery, or it is no longer in the log.')
      const showing = await showingOf(c)
      const attempts = page.map((one) => toAttempt(one, showing(one)))
      return c.json({ ...toBatch(newest), attempts, next } satisfies DeliveryReport)
    },
  })

  async function showingOf(c: Call): Promise<(record: DeliveryRecord) => Showing> {
    const { manage } = c.get('rights')
    const veils = new Map((await directory.list()).map(({ uid, target }) => [uid, veil(target)]))
    return ({ target }) => ({ manage, hide: veils.get(target.uid) ?? ((text) => text) })
  }
}

type List = (query: DeliveryQuery) => Promise<{ page: readonly DeliveryRecord[]; next: string | null }>

function listOf(log: DeliveryLog | undefined): List {
  if (log === undefined)
    throw new Problem(404, 'No deliveries are recorded: give the same log to createPipeline and createAdmin as the option log.')
  return async (query) => {
    const found = await log.list({ ...query, limit: query.limit + 1 })
    const page = found.slice(0, query.limit)
    return { page, next: found.length > query.limit ? (page.at(-1)?.id ?? null) : null }
  }
}

function pageOf(query: Query): Pick<DeliveryQuery, 'limit' | 'before'> {
  const before = query.text('before')
  return { limit: query.count('limit', { least: 1, most: 200, otherwise: 50 }), ...(before !== undefined && { before }) }
}

function itemOf(query: Query): DeliveryQuery['item'] {
  const collection = query.text('collection')
  const key = query.text('item')
  if (collection !== undefined) return { collection, ...(key !== undefined && { key }) }
  if (key === undefined) return undefined
  const message = 'needs the parameter "collection": keys are those of a collection'
  throw new Problem(400, `The parameter "item" ${message}.`, { errors: [{ path: 'item', message }] })
}
