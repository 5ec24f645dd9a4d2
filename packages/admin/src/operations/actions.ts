/** `POST /targets/:key/…`: what people do to a target. */
import type { AttemptResult, Pipeline } from '@unstale/core'
import type { Context as Call, Hono } from 'hono'
import type { Context } from '../options.ts'
import { Problem } from '../problem.ts'
import { resource } from '../resource.ts'
import { bodyOf, wrong } from './body.ts'
import type { Directory, KnownTarget } from './directory.ts'
import { queryOf } from './query.ts'
import { veil } from './veil.ts'

/** Dead letters that one request names. */
const NAMED = 1_000

export function addActions(app: Hono, { pipeline, store }: Pick<Context, 'pipeline' | 'store'>, directory: Directory): void {
  async function targetOf(c: Call): Promise<KnownTarget> {
    queryOf(c, [])
    const known = await directory.find(c.req.param('key') ?? '')
    if (known.target === null) throw leftOut(known)
    return known
  }

  for (const act of ['wake', 'suspend', 'resume'] as const) {
    resource(app, `/targets/:key/${act}`, {
      async POST(c) {
        await bodyOf(c, [], { optional: true })
        const { uid } = await targetOf(c)
        await upToDate(pipeline, () => pipeline[act](uid))
        return c.body(null, 204)
      },
    })
  }

  resource(app, '/targets/:key/test', {
    async POST(c) {
      await bodyOf(c, [], { optional: true })
      const { uid, target } = await targetOf(c)
      const result = await upToDate(pipeline, () => pipeline.test(uid))
      return c.json({ result: veiled(result, veil(target)) })
    },
  })

  resource(app, '/targets/:key/redrive', {
    async POST(c) {
      const { ids } = await bodyOf(c, ['ids'], { optional: true })
      if (ids !== undefined) checkIds(ids)
      const { uid } = await targetOf(c)
      const redriven = await store.redrive({ target: uid, ...(ids !== undefined && { ids }), now: await store.time() })
      // The store does not ring the pipeline's bell.
      if (redriven > 0) await upToDate(pipeline, () => pipeline.wake(uid))
      return c.json({ redriven })
    },
  })
}

/**
 * Another process may have created a target that this pipeline has not seen yet: publishing nothing makes it look. Rejects
 * with 503 if it does not find it: it looks once a second.
 */
export async function upToDate<T>(pipeline: Pick<Pipeline, 'publish'>, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (!isUnknown(error)) throw error
  }
  await pipeline.publish([])
  try {
    return await call()
  } catch (error) {
    if (!isUnknown(error)) throw error
    const detail = 'This process has not yet heard of that target: try again in a second.'
    throw new Problem(503, detail, { headers: { 'retry-after': '1' }, cause: error })
  }
}

function isUnknown(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'TARGET_UNKNOWN'
}

function leftOut({ problems }: KnownTarget): Problem {
  const errors = problems.map((said) => {
    const [path = '', ...message] = said.split(': ')
    return { path, message: message.join(': ') }
  })
  return new Problem(409, 'That target is left out until what is wrong with it is mended.', { errors })
}

function veiled(result: AttemptResult, hide: (text: string) => string): AttemptResult {
  if (result.kind !== 'response') return { ...result, message: hide(result.message) }
  return result.body === undefined ? result : { ...result, body: hide(result.body) }
}

function checkIds(ids: unknown): asserts ids is readonly string[] {
  const are = Array.isArray(ids) && ids.length > 0 && ids.length <= NAMED
  if (!are || !ids.every((id) => typeof id === 'string' && id !== '' && id.length <= 1_000 && !id.includes('\u0000')))
    throw wrong('ids', `has to be an array of 1 to ${NAMED} ids of dead letters, or left out for all of them`)
}
