/** Items and the system tables: `<scope>.<action>` and `<scope>.<action>.before`. */
import { ask, type Handler, tell } from './guard.ts'
import { type Changed, changedItem, changedKeys, changedPayload, listOfOne, withContext } from './input.ts'
import { contextOf, type Listener, type Meta } from './listener.ts'
import { within } from './one-connection.ts'
import type { LegacyEventContext, TodaysEventContext } from './types.ts'

/** Those of Directus 12, `directus_` left away. Sessions and migrations have no events; webhooks are gone. */
export const SCOPES: readonly string[] = [
  ...['items', 'access', 'activity', 'collections', 'comments', 'dashboards', 'deployments', 'extensions', 'fields', 'files'],
  ...['flows', 'folders', 'notifications', 'operations', 'panels', 'permissions', 'policies', 'presets', 'relations'],
  ...['revisions', 'roles', 'settings', 'shares', 'translations', 'users', 'versions'],
]

export const MUTATIONS: readonly string[] = ['create', 'update', 'delete']

/**
 * A row that records each save was written past the hooks in the old days. Today it is an event too, without a user: a
 * `*.create.before` that asks for one would refuse every save, and a `*.create` would run twice for each.
 */
const BOOKKEEPING: ReadonlySet<string> = new Set(['activity', 'revisions'])

/** `users.create` of a `*.create`, and of `auth.create` (a user that a provider signs in) nothing. */
function oldName(scope: string, action: string, meta: Meta): string | undefined {
  if (scope !== '*') return `${scope}.${action}`
  const from = String(meta['event']).split('.')[0] ?? ''
  return typeof meta['collection'] === 'string' && !BOOKKEEPING.has(from) ? `${from}.${action}` : undefined
}

/** Directus emits `<collection>.items.create` besides `items.create`: of three segments, so that none of ours hears it. */
export function itemListeners(scope: string, action: string, before: boolean): Listener[] {
  if (scope !== '*' && !SCOPES.includes(scope)) return []
  const mutations = MUTATIONS.filter((name) => action === '*' || action === name)
  if (before) return mutations.map((name) => blocking(scope, name))
  const wanted = mutations.map((name) => [scope, name] as const)
  // A system table's reads are asked for by name only: Directus reads them itself, at every request.
  if (action === 'read') wanted.push([scope === '*' ? 'items' : scope, 'read'])
  if (action === '*' && (scope === '*' || scope === 'items')) wanted.push(['items', 'read'])
  if ((action === '*' || action === 'upload') && (scope === '*' || scope === 'files')) wanted.push(['files', 'upload'])
  return wanted.map(([from, name]) => hearing(from, name))
}

function hearing(scope: string, action: string): Listener {
  const run = (handler: Handler, meta: Meta, now: TodaysEventContext): void => {
    const event = oldName(scope, action, meta)
    if (event !== undefined) tell(handler, contextOf(event, { ...after(action, meta), action }, now, handler))
  }
  return { on: 'action', event: `${scope}.${action}`, run }
}

function after(action: string, meta: Meta): Meta {
  const { collection, payload, query } = meta
  if (action === 'read') return { collection, query, payload }
  if (action === 'delete') return { collection, item: meta['keys'] ?? payload, payload: null }
  return { collection, item: meta['key'] ?? meta['keys'], payload }
}

function blocking(scope: string, action: string): Listener {
  const run = async (handler: Handler, payload: unknown, meta: Meta, now: TodaysEventContext): Promise<unknown> => {
    const event = oldName(scope, action, meta)
    if (event === undefined) return undefined
    const known = { collection: meta['collection'], action, ...beforehand(action, payload, meta) }
    const context = contextOf(`${event}.before`, known, now, handler)
    const { input, changed } = inputOf(action, payload, context)
    const result = await within(now.database, () => ask(handler, input, context))
    const made = changed(result === context ? undefined : result)
    if (made === undefined) complainOnce(handler, `${event}.before`, action)
    return (made ?? changed(undefined))?.input
  }
  return { on: 'filter', event: `${scope}.${action}`, run }
}

function beforehand(action: string, payload: unknown, meta: Meta): Meta {
  if (action === 'delete') return { item: Array.isArray(payload) ? [...payload] : payload, payload: null }
  const keys = meta['keys']
  return { item: Array.isArray(keys) ? [...keys] : (keys ?? null), payload }
}

interface Input {
  input: unknown
  changed(result: unknown): Changed
}

function inputOf(action: string, payload: unknown, context: LegacyEventContext): Input {
  if (action === 'update') return { input: payload, changed: (result) => changedPayload(payload, result) }
  if (action === 'create') {
    const input = listOfOne(payload)
    return { input, changed: (result) => changedItem(input, result) }
  }
  const keys = Array.isArray(payload) ? payload : [payload]
  const input = withContext(keys, context)
  return { input, changed: (result) => changedKeys(keys, input, result) }
}

const complained = new WeakSet<Handler>()

function complainOnce(handler: Handler, event: string, action: string): void {
  if (complained.has(handler)) return
  complained.add(handler)
  const rule =
    action === 'delete'
      ? 'keys that were not asked for, so nothing was changed. Return some of the given keys, or nothing'
      : `what cannot be an ${action === 'create' ? 'item' : 'update'}, so it was ignored. Return the changed input, or nothing`
  handler.log.warn(`toDirectusHook: the handler of "${handler.name}" returned, for "${event}", ${rule}.`)
}
