/**
 * The names of events: `<scope>.<action>`, or a scope alone (`init`). The action is what follows the last dot, so that a scope
 * may have several segments (`routes.custom.init`). `*` stands for any scope or any action; alone it is every event.
 */
import { nearest } from '../../accept/nearest.ts'
import { kindOf, PipelineError } from '../../errors.ts'
import type { ChangeEvent } from '../../types.ts'

/** Each is a table of the system: an event of `users` is a change of `directus_users`. */
const SYSTEM = [
  'access',
  'activity',
  'collections',
  'comments',
  'dashboards',
  'deployments',
  'extensions',
  'fields',
  'files',
  'flows',
  'folders',
  'notifications',
  'operations',
  'panels',
  'permissions',
  'policies',
  'presets',
  'relations',
  'revisions',
  'roles',
  'settings',
  'shares',
  'translations',
  'users',
  'versions',
  'webhooks',
] as const
const INITS = ['cli.init', 'routes.init', 'routes.custom.init', 'middlewares.init'] as const
const MUTATIONS = ['create', 'update', 'delete'] as const
const SERVER = ['start', 'stop'] as const
const AUTH = ['login', 'logout', 'jwt', 'refresh'] as const

type SystemScope = (typeof SYSTEM)[number]
type InitScope = (typeof INITS)[number]
type Actions = ChangeEvent | (typeof SERVER)[number] | (typeof AUTH)[number]

/** Known events that before-hooks are asked about. */
export type BlockableEvent =
  | `${'items' | SystemScope}.${ChangeEvent}`
  | `server.${(typeof SERVER)[number]}`
  | `auth.${(typeof AUTH)[number]}`
  | 'init'

/** Known events that can only be heard of. */
export type HeardEvent =
  | `${InitScope}.${'before' | 'after'}`
  | `${'items' | SystemScope}.read`
  | 'files.upload'
  | 'request.not_found'
  | 'response'
  | 'database.error'
  | 'error'

/** What `run` takes as scope and as action, besides names of your own. */
export type Scope = 'items' | SystemScope | InitScope | 'server' | 'auth' | 'request' | 'database' | 'init' | 'response' | 'error'
export type Action = Actions | 'read' | 'upload' | 'before' | 'after' | 'not_found' | 'error'

/** What `before` takes, besides names of your own. */
export type BeforePattern = BlockableEvent | `${'items' | SystemScope | 'server' | 'auth' | '*'}.*` | `*.${Actions}` | '*'

/** What `on` takes, besides names of your own. */
export type OnPattern =
  | BeforePattern
  | HeardEvent
  | `${InitScope | 'request' | 'database'}.*`
  | `*.${'read' | 'upload' | 'not_found' | 'error' | 'after'}`
  | `cron(${string})`

/** A name of your own: any text, without taking the known ones out of the editor's list. */
export type OwnName = string & {}

/** `Name`, or for what has no before phase a type that says so. */
export type BeforeName<Name extends string> =
  Name extends Exclude<OnPattern, BeforePattern>
    ? `"${Name}" has no before phase: use on()`
    : Name extends `${string}.before`
      ? `leave ".before" away`
      : Name

/** `Name`, or for the name of a before phase a type that says so. */
export type OnName<Name extends string> = Name extends `${InitScope}.before`
  ? Name
  : Name extends `${string}.before`
    ? `use before(), and leave ".before" away`
    : Name

/** Every known event, and whether it has a before phase. */
const KNOWN: ReadonlyMap<string, boolean> = new Map([
  ...['items', ...SYSTEM].flatMap((scope) => named(scope, MUTATIONS, true)),
  ...['items', ...SYSTEM].flatMap((scope) => named(scope, ['read'], false)),
  ...named('files', ['upload'], false),
  ...named('server', SERVER, true),
  ...named('auth', AUTH, true),
  ...INITS.flatMap((scope) => named(scope, ['before', 'after'], false)),
  ...named('request', ['not_found'], false),
  ...named('database', ['error'], false),
  ['init', true],
  ['response', false],
  ['error', false],
])

function named(scope: string, actions: readonly string[], before: boolean): [string, boolean][] {
  return actions.map((action) => [`${scope}.${action}`, before])
}

function split(name: string): { scope: string; action: string | null } {
  const dot = name.lastIndexOf('.')
  return dot < 0 ? { scope: name, action: null } : { scope: name.slice(0, dot), action: name.slice(dot + 1) }
}

export function matches(pattern: string, event: string): boolean {
  if (pattern === '*' || pattern === event) return true
  const asked = split(pattern)
  const found = split(event)
  if (asked.action === null || found.action === null) return false
  return fits(asked.scope, found.scope) && (asked.action === '*' || asked.action === found.action)
}

function fits(pattern: string, scope: string): boolean {
  if (pattern === '*') return true
  const segments = scope.split('.')
  const asked = pattern.split('.')
  return asked.length === segments.length && asked.every((one, index) => one === '*' || one === segments[index])
}

export function hasBefore(event: string): boolean {
  return KNOWN.get(event) ?? true
}

export function isSystemScope(scope: string): boolean {
  return (SYSTEM as readonly string[]).includes(scope)
}

/** What the name in a module, or in `on`, asks for. */
export type Asked =
  | { phase: 'before' | 'after'; pattern: string }
  | { phase: 'cron'; statement: string }
  /** Why it cannot be. */
  | { problem: string }

/** `<scope>.<action>`, `<scope>.<action>.before`, `cron(<statement>)`. */
export function readName(name: unknown): Asked {
  if (typeof name !== 'string') return { problem: `has to be the name of an event, such as "items.create", not ${kindOf(name)}` }
  const statement = /^cron\((.*)\)$/s.exec(name)?.[1]
  if (statement !== undefined) return { phase: 'cron', statement }
  if (/^cron\(.*\)\.before$/s.test(name)) return { problem: 'has no before phase: leave ".before" away' }
  if (/^cron\b/i.test(name)) return { problem: 'is no schedule: write cron(<statement>), such as "cron(0 * * * *)"' }
  const before = name.endsWith('.before') && !isInit(name)
  const pattern = before ? name.slice(0, -'.before'.length) : name
  if (!/^[^\s.]+(\.[^\s.]+)*$/.test(pattern)) {
    return { problem: 'is no name of an event: write <scope>.<action>, such as "items.create"' }
  }
  return before ? beforeOf(pattern) : { phase: 'after', pattern }
}

function beforeOf(pattern: string): Asked {
  const known = [...KNOWN].filter(([event]) => matches(pattern, event))
  const blockable = known.length === 0 || known.some(([, has]) => has)
  return blockable ? { phase: 'before', pattern } : { problem: `has no before phase: use on("${pattern}") to hear of it` }
}

/** As `before` takes it: without the `.before`. */
export function readBefore(name: unknown): Asked {
  const asked = readName(name)
  if ('problem' in asked) return asked
  if (asked.phase === 'before') return { problem: `is named twice: use before("${asked.pattern}")` }
  return asked.phase === 'cron' ? { problem: 'has no before phase: use on()' } : beforeOf(asked.pattern)
}

/** As `on` takes it: what has happened, or a schedule. */
export function readOn(name: unknown): Asked {
  const asked = readName(name)
  if (!('phase' in asked) || asked.phase !== 'before') return asked
  return { problem: `is the before phase: use before("${asked.pattern}"), whose hook gets the input first` }
}

/** The name of one event that happens. Throws CONFIG_INVALID. */
export function readEvent(method: string, name: unknown): string {
  const asked = readOn(name)
  const problem =
    'problem' in asked ? asked.problem : asked.phase === 'cron' || asked.pattern.includes('*') ? 'is no single event' : null
  if (problem !== null) throw new PipelineError('CONFIG_INVALID', `${method}: "${String(name)}" ${problem}`)
  return name as string
}

/** `cli.init.before` is an event, not the before phase of one. */
function isInit(name: string): boolean {
  const { scope } = split(name)
  return scope.endsWith('.init') && INITS.some((init) => fits(scope, init))
}

/** What a name that nothing known has was probably meant to be: another action of its scope, or all of that scope. */
export function likely(event: string): string | undefined {
  if (KNOWN.has(event)) return undefined
  const known = [...KNOWN.keys()].map(split)
  if (known.some(({ scope, action }) => scope === event && action !== null)) return `${event}.*`
  const { scope, action } = split(event)
  if (action === null || action === '*') return undefined
  const guess = nearest(
    action,
    known.flatMap((one) => (one.scope === scope && one.action !== null ? [one.action] : [])),
  )
  return guess === undefined ? undefined : `${scope}.${guess}`
}
