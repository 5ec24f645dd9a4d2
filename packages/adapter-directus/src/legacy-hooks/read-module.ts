/** A hook module in each of the forms in which one arrives, called with what it expects. */
import { exceptions } from './exceptions.ts'
import { hasOneConnection, sharingTheConnection } from './one-connection.ts'
import type { LegacyModuleContext, TodaysHookContext } from './types.ts'

type Module = { handlers: object } | { call(context: LegacyModuleContext): unknown }

const EXPECTED =
  'Expected a hook module of the old form: a function of { services, exceptions, database, getSchema, env, logger } ' +
  "that returns { 'items.create': handler }"

const nameOf = (value: unknown): string => {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `${/^[aeiou]/.test(typeof value) ? 'an' : 'a'} ${typeof value}`
}

/** `module.exports`, `export default`, and the two in each other, which is what `import` makes of CommonJS. */
export function readModule(module: unknown): Module {
  let found = module
  while (typeof found === 'object' && found !== null && 'default' in found && found.default !== found) found = found.default
  if (typeof found === 'function') return { call: found as (context: LegacyModuleContext) => unknown }
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return { handlers: found }
  throw new TypeError(`toDirectusHook(module): the module is ${found === undefined ? 'undefined' : nameOf(found)}. ${EXPECTED}.`)
}

export function handlersOf(returned: unknown): [name: string, handle: unknown][] {
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned)) {
    const what = returned === undefined ? 'nothing' : nameOf(returned)
    throw new TypeError(`toDirectusHook(module): the module returned ${what}. ${EXPECTED}.`)
  }
  return Object.entries(returned).filter(([name]) => name !== '__esModule')
}

/** What today's hooks are called with first. A module that reaches for one of these needs no translation. */
const TODAYS = ['filter', 'action', 'init', 'schedule', 'embed']

export function moduleContext(context: TodaysHookContext): LegacyModuleContext {
  const { env, logger } = context
  const reach = {
    services: context.services as LegacyModuleContext['services'],
    database: context.database,
    getSchema: context.getSchema,
  }
  const old: LegacyModuleContext = {
    ...(hasOneConnection(context.database) ? sharingTheConnection(reach) : reach),
    exceptions,
    env,
    logger,
  }
  for (const name of TODAYS) {
    Object.defineProperty(old, name, {
      get: () => {
        throw new TypeError(`The hook module asks for "${name}", so it is of today's form: export it without toDirectusHook.`)
      },
    })
  }
  return old
}
