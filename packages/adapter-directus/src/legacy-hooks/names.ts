/** From the name of an event, as a module of the old form gives it, to what of today's Directus is listened to. */

import { settle } from './guard.ts'
import { closest, wrongScope } from './guess.ts'
import { itemListeners, MUTATIONS, SCOPES } from './item-events.ts'
import { contextOf, type Listener } from './listener.ts'
import { BY_NAME_ONLY, OTHERS } from './other-events.ts'

export type Found = { listeners: readonly Listener[] } | { problem: string }

/** What Directus has no more, or never had in this form, and what to do instead. */
const GONE: readonly (readonly [RegExp, string])[] = [
  [/^webhooks\./, 'webhooks have become flows; use "flows.create", "flows.update" or "flows.delete"'],
  [/^(sessions|migrations)\./, 'Directus emits nothing for sessions and migrations'],
  [/^auth\.logout(\.before)?$/, 'Directus emits nothing at a logout'],
  [/^oauth\./, 'signing in through a provider is "auth.login", and context.provider says which'],
  [/^server\.start\.before$/, 'use "init", which runs before the server listens'],
  [/^server\.stop\.before$/, 'use "server.stop"'],
  [/^response\.before$/, 'an answer can be heard of with "response", but not changed'],
  [/^[a-z_*]+\.read\.before$/, 'reading has no ".before"; use the "read" of the same scope to hear of it'],
  [/^(files|\*)\.upload\.before$/, 'an upload is announced when it is done; use "files.upload"'],
  [/^(request\.not_found|database\.error|error|cron\(.*\))\.before$/, 'it has no ".before"; leave that away'],
]

export function listenersFor(name: string): Found {
  const cron = /^cron\(\s*(.+?)\s*\)$/.exec(name)?.[1]
  if (cron !== undefined) return { listeners: [scheduled(name, cron)] }
  const gone = GONE.find(([pattern]) => pattern.test(name))
  if (gone !== undefined) return { problem: `does not exist in this Directus: ${gone[1]}.` }

  const listeners = [...ofItems(name), ...others(name)]
  if (listeners.length > 0) return { listeners }
  const guess = oldNameOf(name) ?? wrongScope(name, SCOPES) ?? closest(name, knownNames())
  return { problem: `is no event that a hook module can have. ${guess}` }
}

/** Of what is named as today's Directus names it: `app.after`, `routes.before`, `request.error`. */
function oldNameOf(today: string): string | undefined {
  const old = Object.entries(OTHERS).find(([, listener]) => 'event' in listener && listener.event === today)?.[0]
  return old && `Did you mean "${old}"?`
}

const scheduled = (name: string, cron: string): Listener => ({
  on: 'schedule',
  cron,
  run: (handler) => settle(handler, [contextOf(name, {}, {}, handler)]),
})

function ofItems(name: string): Listener[] {
  const [scope = '', action = '', time, ...more] = name.split('.')
  if (more.length > 0 || !(time === undefined || time === 'before' || time === '*')) return []
  return itemListeners(scope, action, time !== undefined)
}

/** A `*` stands for exactly one segment; alone it would mean nothing. */
function others(name: string): Listener[] {
  const exact = Object.hasOwn(OTHERS, name) ? OTHERS[name] : undefined
  if (exact !== undefined) return [exact]
  const pattern = name.split('.')
  if (!pattern.includes('*') || pattern.length === 1) return []
  const fits = (other: string): boolean => {
    const segments = other.split('.')
    return segments.length === pattern.length && pattern.every((one, index) => one === '*' || one === segments[index])
  }
  return Object.entries(OTHERS).flatMap(([other, listener]) => (fits(other) && !BY_NAME_ONLY.has(other) ? [listener] : []))
}

/** For a guess of what was meant; the shortest first, so that `items.create` wins over `items.create.before`. */
function knownNames(): string[] {
  const tables = SCOPES.flatMap((scope) => [...MUTATIONS, '*'].map((action) => `${scope}.${action}`))
  const before = tables.map((name) => `${name}.before`)
  return [...tables, 'items.read', 'files.upload', '*.*', ...before, '*.*.before', ...Object.keys(OTHERS), 'cron(<statement>)']
}
