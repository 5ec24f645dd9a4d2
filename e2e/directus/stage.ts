/** A blog in a real Directus with the packed extension, and a front end that hears of it. */
import { join } from 'node:path'
import { inject } from 'vitest'
import type { InTestsOptions } from './harness/in-tests.ts'
import {
  type Api,
  createCollection,
  createManyToOne,
  type DirectusInTests,
  directusInTests,
  type FlushEvent,
  type Receiver,
  receiverInTests,
} from './harness/index.ts'

export interface Stage {
  directus: DirectusInTests
  api: Api
  receiver: Receiver
}

export const extension = (): string => inject('extension').folder

export const services: string = join(import.meta.dirname, 'fixtures', 'services')

/** Starts one with the blog's collections, and no target yet. */
export async function createStage(options: InTestsOptions = {}): Promise<Stage> {
  const directus = await directusInTests({ extensions: [extension(), services], ...options })
  const receiver = await receiverInTests()
  await createBlog(directus.api)
  return { directus, api: directus.api, receiver }
}

export async function createBlog(api: Api): Promise<void> {
  const fields = (names: Record<string, string>) => Object.entries(names).map(([field, type]) => ({ field, type }))
  const sorted = { meta: { sort_field: 'sort' } }
  await createCollection(api, { name: 'authors', fields: fields({ name: 'string' }) })
  const post = { title: 'string', slug: 'string', status: 'string', body: 'text', sort: 'integer' }
  await createCollection(api, { name: 'posts', fields: fields(post), ...sorted })
  await createManyToOne(api, { collection: 'posts', field: 'author', related: 'authors', onDelete: 'SET NULL', list: 'posts' })
  await createCollection(api, { name: 'comments', fields: fields({ text: 'string' }) })
  await createManyToOne(api, { collection: 'comments', field: 'post', related: 'posts', onDelete: 'CASCADE', list: 'comments' })
}

export interface Rule {
  collection: string
  events?: readonly string[]
  payload?: readonly string[]
  filter?: object
  previous?: readonly string[]
}

export async function createTarget(api: Api, url: string, schema: readonly Rule[], more: object = {}): Promise<string> {
  const rules = schema.map((rule) => ({ events: ['create', 'update', 'delete'], payload: [], ...rule }))
  const row = { status: 'published', url, auth_header: 'bearer', api_key: 'key of the front end', schema: rules, ...more }
  const { id } = await api.items('cache_flush_targets').create<{ id: string }>(row)
  // An edit of a target is followed a moment after it: until then nobody has asked for anything.
  for (;;) {
    const answer = await api.raw(`/unstale/targets/${id}/test`, { method: 'POST' })
    if (answer.ok) return id
    if (answer.status !== 404) throw new Error(`${answer.status} ${await answer.text()}`)
  }
}

/** Waits until so many events have come, and answers them without their instants, in the order of their keys. */
export async function told(receiver: Receiver, count: number): Promise<Omit<FlushEvent, 'timestamp'>[]> {
  await receiver.until(() => receiver.events().length >= count)
  const events = receiver.events<FlushEvent>()
  receiver.clear()
  const order = ({ collection, fields, event }: FlushEvent) => `${collection} ${String(fields.id).padStart(10)} ${event}`
  return events
    .map(({ timestamp: _, ...event }) => event)
    .sort((a, b) => order(a as FlushEvent).localeCompare(order(b as FlushEvent)))
}

type Heard = Partial<Pick<FlushEvent, 'collection' | 'event'>> & {
  fields: Record<string, unknown>
  previous?: Record<string, unknown>
}

/** Waits for an event like this one, however many others there are, and forgets all that came until then. */
export async function heard(receiver: Receiver, { fields, previous = {}, ...rest }: Heard): Promise<FlushEvent> {
  const holds = (part: object, whole: object | undefined) =>
    Object.entries(part).every(([name, value]) => (whole as Record<string, unknown> | undefined)?.[name] === value)
  const event = await receiver.untilEvent((one) => holds(rest, one) && holds(fields, one.fields) && holds(previous, one.previous))
  receiver.clear()
  return event
}
