/**
 * What a module of the old form finds in `exceptions`: those of the core, as errors of Directus. It knows an error of its own
 * by `name` alone, and answers with its `status`, `code`, `message` and `extensions`, so this needs nothing of Directus.
 */
import { type HookExceptionClass, type HookExceptions, hookExceptions } from '@unstale/core'

const DIRECTUS_ERROR = 'DirectusError'

export function isDirectusError(value: unknown): value is { code?: unknown; message?: unknown } {
  return typeof value === 'object' && value !== null && (value as { name?: unknown }).name === DIRECTUS_ERROR
}

/**
 * What today's services throw is of other classes, and a module asks `error instanceof ForbiddenException`: it is answered by
 * the code. A class that the module derives for itself is told by its prototype, as usual.
 */
function ofDirectus(exception: HookExceptionClass, code?: string): HookExceptionClass {
  const made = class extends exception {
    override name = DIRECTUS_ERROR
  }
  const value = function (this: unknown, error: unknown): boolean {
    if (this !== made) return Function.prototype[Symbol.hasInstance].call(this as () => void, error)
    return isDirectusError(error) && (code === undefined || error.code === code)
  }
  return Object.defineProperty(made, Symbol.hasInstance, { value })
}

const { BaseException, ...named } = hookExceptions

export const exceptions = {
  BaseException: ofDirectus(BaseException as HookExceptionClass),
  ...Object.fromEntries(Object.entries(named).map(([name, exception]) => [name, ofDirectus(exception, new exception().code)])),
} as HookExceptions
