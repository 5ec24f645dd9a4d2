/** An admin on a store, and short ways to ask it. */
import { type Clock, createPipeline, type Pipeline, type Store, type TargetTable, targetTable } from '@unstale/core'
import { type ScriptedTransport, scriptedTransport } from '@unstale/core/testing'
import { type Admin, createAdmin } from '../../src/index.ts'

export interface Answer {
  status: number
  headers: Headers
  /** What its JSON says; undefined: it is empty. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what is there.
  body: any
  text: string
}

export interface Api {
  admin: Admin
  targets: TargetTable
  pipeline: Pipeline
  transport: ScriptedTransport
  /** `path` follows the prefix. */
  call(method: string, path?: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  put(key: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  get(key: string, headers?: Record<string, string>): Promise<Answer>
  delete(key: string, headers?: Record<string, string>): Promise<Answer>
  list(query?: string): Promise<Answer>
}

export const PREFIX = '/daemon/notification'
const logger = { info() {}, warn() {}, error() {} }

export function apiOn(store: Store, { clock, rights = 'manage' }: { clock?: Clock; rights?: 'manage' | 'read' } = {}): Api {
  const transport = scriptedTransport()
  const targets = targetTable(store)
  const pipeline = createPipeline({
    store,
    targets,
    transport,
    logger,
    notifiers: [],
    random: () => 0.5,
    ...(clock !== undefined && { clock }),
  })
  const admin = createAdmin({
    pipeline,
    store,
    targets,
    authorize: () => ({ read: true, manage: rights === 'manage' }),
    onError() {},
  })

  const call: Api['call'] = async (method, path = '', body, headers = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const sent = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
    const init = { method, headers: { ...json, ...headers }, ...(sent !== undefined && { body: sent }) }
    const answer = await admin.fetch(new Request(`http://cms.test${PREFIX}${path}`, init))
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text, body: text === '' ? undefined : JSON.parse(text) }
  }
  const at = (key: string) => `/${encodeURIComponent(key)}`
  return {
    admin,
    targets,
    pipeline,
    transport,
    call,
    put: (key, body, headers) => call('PUT', at(key), body, headers),
    get: (key, headers) => call('GET', at(key), undefined, headers),
    delete: (key, headers) => call('DELETE', at(key), undefined, headers),
    list: (query = '') => call('GET', query),
  }
}

/** What every refusal looks like; answers the paths of its errors. */
export function pathsOf({ headers, status, body }: Answer): string[] {
  if (headers.get('content-type') !== 'application/problem+json') throw new Error('this is no problem')
  if (body.status !== status || typeof body.title !== 'string' || typeof body.detail !== 'string') {
    throw new Error(`the problem is not whole: ${JSON.stringify(body)}`)
  }
  return (body.errors ?? []).map(({ path }: { path: string }) => path)
}
