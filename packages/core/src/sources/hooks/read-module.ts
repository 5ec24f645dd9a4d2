import type { Log } from '../../deliver/notify.ts'
import { kindOf, PipelineError } from '../../errors.ts'
import { hookExceptions } from './exceptions.ts'
import type { HookModuleContext } from './types.ts'

const EXPECTED =
  'a hook module is a function of { services, exceptions, database, getSchema, env, logger } that returns ' +
  "its handlers by event, such as { 'items.create': handler }"

/**
 * The handlers of a module by event. Modules arrive as `module.exports`, as `export default`, and as the two in each other,
 * which is what `import` makes of CommonJS. Throws CONFIG_INVALID for what is none, and what the module itself throws.
 */
export async function handlersOf(
  module: unknown,
  context: HookModuleContext,
  logger: Log,
): Promise<[name: string, handler: unknown][]> {
  let found = module
  while (typeof found === 'object' && found !== null && 'default' in found && found.default !== found) found = found.default
  if (typeof found !== 'function') {
    throw new PipelineError('CONFIG_INVALID', `registerHook: the module is ${kindOf(found)}: ${EXPECTED}`)
  }
  const getSchema = () => Promise.resolve(null)
  const given = { services: {}, database: undefined, getSchema, env: {}, logger, ...context, exceptions: hookExceptions }
  const returned: unknown = await found(given)
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned)) {
    throw new PipelineError('CONFIG_INVALID', `registerHook: the module returned ${kindOf(returned)}: ${EXPECTED}`)
  }
  return Object.entries(returned)
}
