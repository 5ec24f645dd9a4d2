import {
  type Change,
  createPipeline,
  type DeliveryLog,
  memoryLog,
  memoryStore,
  type Pipeline,
  type Store,
  type TargetInput,
  type TargetTable,
  targetTable,
} from '@unstale/core'
import { type ScriptedTransport, scriptedTransport, type VirtualClock, virtualClock } from '@unstale/core/testing'
import { type Admin, type AdminOptions, bearer, createAdmin } from '../../src/index.ts'

export const READ = 'a-token-that-may-read'
export const MANAGE = 'a-token-that-may-manage'
export const START: number = Date.UTC(2026, 0, 1)

/** What no answer may hold: the token, the signing secret, and what the url's query holds. */
export const SECRETS: readonly [string, string, string] = [
  'tok-4711-never-shown',
  'whsec_bmV2ZXIgc2hvd24gdG8gYW55Ym9keSwgbmV2ZXIh',
  'query-never-shown',
]

export const SHOP: TargetInput = {
  key: 'shop',
  uid: 'u-shop',
  name: 'Shop',
  url: `https://shop.test/flush?token=${SECRETS[2]}`,
  auth: { type: 'bearer', token: SECRETS[0] },
  secrets: [SECRETS[1]],
  rules: [{ collection: 'posts', payload: ['slug'] }],
}

export interface Site {
  admin: Admin
  pipeline: Pipeline
  store: Store
  table: TargetTable
  clock: VirtualClock
  transport: ScriptedTransport
  log: DeliveryLog
  errors: unknown[]
  /** Every answer so far, as text. */
  answers: string[]
  ask(path: string, init?: Asked): Promise<Answered>
  post(path: string, body?: unknown, init?: Asked): Promise<Answered>
  publish(...keys: (string | number)[]): Promise<void>
  /** Lets windows and time-outs pass, delivers what is due, and writes the log. */
  deliver(ms?: number): Promise<void>
}

export interface Asked {
  method?: string
  token?: string | null
  headers?: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer>
}

export interface Answered {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what came, whatever that is.
  body: any
}

export async function siteOn({
  store: given,
  targets = [SHOP],
  now,
  log,
  ...options
}: {
  store?: Store
  targets?: readonly TargetInput[]
  now?: () => number
  log?: DeliveryLog | null
} & Partial<Pick<AdminOptions, 'authorize'>> = {}): Promise<Site> {
  const clock = virtualClock(now?.() ?? START)
  const store = given ?? memoryStore({ now: clock.now })
  const table = targetTable(store)
  for (const target of targets) await table.put(target)
  const kept = log ?? memoryLog()
  const transport = scriptedTransport()
  const silent = { info() {}, warn() {}, error() {} }
  const pipeline = createPipeline({ store, targets: table, transport, clock, log: kept, random: () => 0.5, logger: silent })
  const errors: unknown[] = []
  const answers: string[] = []
  const admin = createAdmin({
    pipeline,
    store,
    targets: table,
    ...(log !== null && { log: kept }),
    authorize: bearer({ read: READ, manage: MANAGE }),
    onError: (error) => errors.push(error),
    clock,
    ...options,
  })

  async function ask(path: string, { method = 'GET', token = READ, headers = {}, body }: Asked = {}): Promise<Answered> {
    const response = await admin.fetch(
      new Request(`https://cms.test/unstale/api${path}`, {
        method,
        headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
        ...(body !== undefined && { body }),
      }),
    )
    const text = await response.text()
    answers.push(text)
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }

  return {
    admin,
    pipeline,
    store,
    table,
    clock,
    transport,
    log: kept,
    errors,
    answers,
    ask,
    post: (path, body, { headers, ...init } = {}) =>
      ask(path, {
        method: 'POST',
        token: MANAGE,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...init,
      }),
    publish: (...keys) => pipeline.publish(keys.map(post)),
    async deliver(ms = 1_000) {
      await clock.advance(ms)
      await pipeline.tick()
      // Writes what waits for the log.
      await pipeline.pause()
    },
  }
}

export function post(key: string | number): Omit<Change, 'timestamp'> {
  return { collection: 'posts', event: 'update', key, fields: { slug: `s${key}` } }
}
