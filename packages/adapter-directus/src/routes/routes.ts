/** `/unstale`: what the Studio shows of a target, and what its buttons do. */
import type { TargetStats } from '@unstale/core'
import { TARGETS } from '../fields.ts'
import type { Accountability, HostContext, Schema } from '../host.ts'
import type { FlushOptions } from '../runtime.ts'
import { current } from '../shared.ts'
import { changeKeys } from './keys.ts'
import { Refused } from './refused.ts'
import { reportOf, testOf } from './report.ts'

interface Request {
  params: Record<string, string>
  body?: unknown
  accountability?: Accountability | null
  schema: Schema
}

interface Response {
  status(code: number): Response
  json(body: unknown): void
  end(): void
}

type Handler = (request: Request, response: Response) => void

export interface Router {
  get(path: string, handler: Handler): void
  post(path: string, handler: Handler): void
}

const ACTIONS: Readonly<Record<string, (id: string, request: Request) => Promise<unknown>>> = {
  flush: (id) => current().flush({ targets: [id] }),
  test: async (id, { accountability }) => testOf(await current().pipeline.test(id), accountability?.admin === true),
  retry: (id) => current().pipeline.wake(id),
  resume: (id) => current().pipeline.resume(id),
  suspend: (id) => current().pipeline.suspend(id),
  async redrive(id) {
    const { store, pipeline } = current()
    const count = await store.redrive({ target: id, now: await store.time() })
    await pipeline.wake(id)
    return { count }
  },
  keys: (id, { body, schema }) => changeKeys(current(), schema, id, (body as { action?: unknown } | undefined)?.action),
}

export function routes(router: Router, host: HostContext): void {
  const { services } = host

  /** 403 where the caller may not see the row: whether there is one is nobody else's business. */
  async function mayRead(id: string, { accountability, schema }: Request): Promise<void> {
    const service = new services.ItemsService(TARGETS, { schema, accountability: accountability ?? NOBODY })
    await service.readOne(id, { fields: ['id'] }).catch(() => {
      throw new Refused(403, 'FORBIDDEN', `there is no target ${id}, or you may not see it`)
    })
  }

  async function mayAct(id: string, { accountability, schema }: Request): Promise<boolean> {
    if (accountability?.admin) return true
    const service = new services.PermissionsService({ schema, accountability: accountability ?? NOBODY })
    const { update } = await service.getItemPermissions(TARGETS, id).catch(() => ({ update: undefined }))
    return update?.access === true
  }

  const answer = (work: (request: Request) => Promise<unknown>): Handler => {
    return (request, response) => {
      work(request).then(
        (data) => (data === undefined ? response.status(204).end() : response.json({ data })),
        (error: unknown) => {
          const { status = 500, code = 'INTERNAL_SERVER_ERROR', message } = toRefused(error)
          response.status(status).json({ errors: [{ message, extensions: { code } }] })
        },
      )
    }
  }

  router.get(
    '/targets/:id',
    answer(async (request) => {
      const id = String(request.params['id'])
      await mayRead(id, request)
      const acts = await mayAct(id, request)
      return reportOf(current(), id, { acts, admin: request.accountability?.admin === true })
    }),
  )

  router.post(
    '/targets/:id/:action',
    answer(async (request) => {
      const id = String(request.params['id'])
      const action = ACTIONS[String(request.params['action'])]
      if (action === undefined)
        throw new Refused(404, 'ROUTE_NOT_FOUND', `there is no such action; there are ${Object.keys(ACTIONS).join(', ')}`)
      await mayRead(id, request)
      if (!(await mayAct(id, request))) throw new Refused(403, 'FORBIDDEN', 'only who may update the target may do this')
      return action(id, request)
    }),
  )

  router.post(
    '/flush',
    answer(async (request) => {
      if (!request.accountability?.admin)
        throw new Refused(403, 'FORBIDDEN', 'only administrators may flush several targets at once')
      return current().flush(toFlush(request.body))
    }),
  )

  router.get(
    '/health',
    answer(async (request) => {
      if (!request.accountability?.admin) throw new Refused(403, 'FORBIDDEN', 'only administrators may see this')
      return healthOf()
    }),
  )
}

const NOBODY: Accountability = { role: null, user: null, roles: [], admin: false, app: false, ip: null }

async function healthOf() {
  const { store, rows } = current()
  const loaded = await rows.read()
  const uids = loaded.map((target) => String((target as { uid?: unknown }).uid))
  const stats = await store.stats(uids)
  const sum = (of: (one: TargetStats) => number) => stats.reduce((all, one) => all + of(one), 0)
  const oldest = stats.flatMap(({ oldestAt }) => oldestAt ?? [])
  return {
    store: store.name,
    durable: store.durable,
    targets: uids.length,
    failing: stats.filter(({ failing }) => failing).length,
    suspended: stats.filter(({ suspended }) => suspended !== null).length,
    pending: sum(({ pending, inFlight }) => pending + inFlight),
    dead: sum(({ dead }) => dead),
    oldestAt: oldest.length === 0 ? null : Math.min(...oldest),
  }
}

function toFlush(body: unknown): FlushOptions {
  const { target, targets, collection, keys } = (body ?? {}) as Record<string, unknown>
  const wrong = (name: string, what: string) => new Refused(400, 'INVALID_PAYLOAD', `${name} has to be ${what}`)
  const list = (name: string, value: unknown): (string | number)[] => {
    const all = Array.isArray(value) ? value : [value]
    if (!all.every((one) => typeof one === 'string' || typeof one === 'number')) throw wrong(name, 'a list of texts or numbers')
    return all
  }
  if (collection !== undefined && typeof collection !== 'string') throw wrong('collection', "a collection's name")
  if (keys !== undefined && collection === undefined) throw wrong('collection', 'given where keys are')
  const chosen = targets ?? target
  return {
    ...(chosen === undefined ? undefined : { targets: list('targets', chosen).map(String) }),
    ...(collection === undefined ? undefined : { collection }),
    ...(keys === undefined ? undefined : { keys: list('keys', keys) }),
  }
}

function toRefused(error: unknown): { status?: number; code?: string; message: string } {
  const { status, code, message } = error as { status?: number; code?: string; message: string }
  if (status !== undefined && code !== undefined) return { status, code, message }
  if (code === 'TARGET_UNKNOWN') return { status: 404, code: 'NOT_FOUND', message }
  if (/^Unstale is not running/.test(message)) return { status: 503, code: 'SERVICE_UNAVAILABLE', message }
  return { message }
}
