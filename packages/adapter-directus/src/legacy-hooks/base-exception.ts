/**
 * The root of the exceptions that hook modules of the old form throw. Directus knows an error of its own by `name` alone and
 * answers with its `status`, `code`, `message` and `extensions`, so this needs nothing of Directus.
 */
export type Extensions = Record<string, unknown>

const DIRECTUS_ERROR = 'DirectusError'

export function isDirectusError(value: unknown): value is { code?: unknown; message?: unknown } {
  return typeof value === 'object' && value !== null && (value as { name?: unknown }).name === DIRECTUS_ERROR
}

/** A caught error is often passed on as the message. */
export function textOf(message: unknown, otherwise: string): string {
  if (message instanceof Error) return message.message || otherwise
  return message === undefined || message === null || message === '' ? otherwise : String(message)
}

export class BaseException extends Error {
  override name: string = DIRECTUS_ERROR
  status: number
  code: string
  extensions: Extensions

  constructor(message?: unknown, status = 500, code = 'INTERNAL_SERVER_ERROR', extensions: Extensions = {}) {
    super(textOf(message, 'An unexpected error occurred.'), message instanceof Error ? { cause: message } : undefined)
    this.status = status
    this.code = code
    this.extensions = extensions ?? {}
  }
}

/**
 * What today's services throw is of other classes, and a module asks `error instanceof ForbiddenException`: it is answered by
 * the code. A class that the module derives for itself is told by its prototype, as usual.
 */
export function recognised<Exception extends object>(exception: Exception, code?: string): Exception {
  const value = function (this: unknown, error: unknown): boolean {
    if (this !== exception) return Function.prototype[Symbol.hasInstance].call(this as () => void, error)
    return isDirectusError(error) && (code === undefined || error.code === code)
  }
  return Object.defineProperty(exception, Symbol.hasInstance, { value })
}

recognised(BaseException)
