/**
 * What a hook throws to refuse an event. Whoever called `run` gets exactly what was thrown, and may answer with its `status`,
 * `code` and `extensions`.
 */
export type HookExtensions = Record<string, unknown>

export interface HookException extends Error {
  /** An HTTP status. */
  status: number
  code: string
  extensions: HookExtensions
}

/** A caught error is often passed on as the message: its text is taken, and it becomes the `cause`. */
export type HookExceptionClass = new (message?: unknown, extensions?: HookExtensions) => HookException

type Says = string | ((given: unknown) => string)

const aboutField =
  (says: string) =>
  (field: unknown): string =>
    `Field ${field ? `"${field}" ` : ''}${says}.`

type Name =
  | 'IllegalAssetTransformation'
  | `${'Forbidden' | 'HitRateLimit' | 'InvalidConfig' | 'InvalidCredentials' | 'InvalidIP' | 'InvalidOTP' | 'InvalidPayload' | 'InvalidProvider' | 'InvalidQuery' | 'InvalidToken' | 'ServiceUnavailable' | 'TokenExpired' | 'UnexpectedResponse' | 'UnprocessableEntity' | 'UnsupportedMediaType' | 'UserSuspended' | 'ContainsNullValues' | 'InvalidForeignKey' | 'NotNullViolation' | 'RecordNotUnique' | 'ValueOutOfRange' | 'ValueTooLong' | 'RangeNotSatisfiable' | 'RouteNotFound'}Exception`

/** Status, code, and what is said where no message is given. A function makes its message of the first argument, which is none. */
const TABLE: Readonly<Record<Name, readonly [status: number, code: string, says: Says]>> = {
  ForbiddenException: [403, 'FORBIDDEN', "You don't have permission to access this."],
  HitRateLimitException: [429, 'REQUESTS_EXCEEDED', 'Too many requests.'],
  IllegalAssetTransformation: [400, 'ILLEGAL_ASSET_TRANSFORMATION', 'Illegal asset transformation.'],
  InvalidConfigException: [503, 'INVALID_PROVIDER_CONFIG', 'Invalid config.'],
  InvalidCredentialsException: [401, 'INVALID_CREDENTIALS', 'Invalid user credentials.'],
  InvalidIPException: [401, 'INVALID_IP', 'Invalid IP address.'],
  InvalidOTPException: [401, 'INVALID_OTP', 'Invalid user OTP.'],
  InvalidPayloadException: [400, 'INVALID_PAYLOAD', 'Invalid payload.'],
  InvalidProviderException: [403, 'INVALID_PROVIDER', 'Invalid provider.'],
  InvalidQueryException: [400, 'INVALID_QUERY', 'Invalid query.'],
  InvalidTokenException: [403, 'INVALID_TOKEN', 'Invalid token.'],
  ServiceUnavailableException: [503, 'SERVICE_UNAVAILABLE', 'A service is unavailable.'],
  TokenExpiredException: [401, 'TOKEN_EXPIRED', 'Token expired.'],
  UnexpectedResponseException: [503, 'UNEXPECTED_RESPONSE', 'Received an unexpected response.'],
  UnprocessableEntityException: [422, 'UNPROCESSABLE_CONTENT', "Can't process content."],
  UnsupportedMediaTypeException: [415, 'UNSUPPORTED_MEDIA_TYPE', 'Unsupported media type.'],
  UserSuspendedException: [401, 'USER_SUSPENDED', 'User suspended.'],
  ContainsNullValuesException: [400, 'CONTAINS_NULL_VALUES', aboutField('contains null values')],
  InvalidForeignKeyException: [400, 'INVALID_FOREIGN_KEY', aboutField('points to an item that does not exist')],
  NotNullViolationException: [400, 'NOT_NULL_VIOLATION', aboutField("can't be null")],
  RecordNotUniqueException: [400, 'RECORD_NOT_UNIQUE', aboutField('has to be unique')],
  ValueOutOfRangeException: [400, 'VALUE_OUT_OF_RANGE', aboutField('has a number that is out of range')],
  ValueTooLongException: [400, 'VALUE_TOO_LONG', aboutField('has a value that is too long')],
  RangeNotSatisfiableException: [416, 'RANGE_NOT_SATISFIABLE', () => "The range doesn't fit the file's size."],
  RouteNotFoundException: [404, 'ROUTE_NOT_FOUND', (path: unknown) => `Route ${path ?? ''} doesn't exist.`],
}

/** Not `instanceof` alone: a hook may be given an error of another realm, such as a test's. */
function textOf(given: unknown, otherwise: string): string {
  const message = typeof given === 'object' && given !== null ? (given as { message?: unknown }).message : given
  return message === undefined || message === null || message === '' ? otherwise : String(message)
}

class BaseException extends Error implements HookException {
  status: number
  code: string
  extensions: HookExtensions

  constructor(message?: unknown, status = 500, code = 'INTERNAL_SERVER_ERROR', extensions: HookExtensions = {}) {
    super(textOf(message, 'An unexpected error occurred.'), message instanceof Error ? { cause: message } : undefined)
    this.name = new.target.name
    this.status = status
    this.code = code
    this.extensions = extensions
  }
}

function exceptionOf(name: string, [status, code, says]: readonly [number, string, Says]): HookExceptionClass {
  // A computed key names the class, and so what it throws.
  const made = {
    [name]: class extends BaseException {
      constructor(given?: unknown, extensions?: HookExtensions) {
        super(typeof says === 'string' ? textOf(given, says) : says(given), status, code, extensions)
        if (given instanceof Error) this.cause = given
      }
    },
  }
  return made[name] as HookExceptionClass
}

/** Of a failed check of a payload: its first argument may be the checker's own error, with `path` and `type`. */
class FailedValidationException extends BaseException {
  constructor(error?: unknown, extensions?: HookExtensions) {
    const { path, type } = (error ?? {}) as { path?: unknown; type?: unknown }
    const found = { ...(Array.isArray(path) && { field: path[0] }), ...(typeof type === 'string' && { type }) }
    super(textOf(error, 'Validation failed.'), 400, 'FAILED_VALIDATION', { ...found, ...extensions })
    if (error instanceof Error) this.cause = error
  }
}

/** `extensions.allowed` is what an `Allow` header is made of; `allow` is its older name. */
class MethodNotAllowedException extends BaseException {
  constructor(message?: unknown, extensions: HookExtensions = {}) {
    const allowed = extensions['allowed'] ?? extensions['allow']
    super(textOf(message, 'Method not allowed.'), 405, 'METHOD_NOT_ALLOWED', {
      ...extensions,
      allowed: Array.isArray(allowed) ? allowed : [],
    })
  }
}

class GraphQLValidationException extends BaseException {
  constructor(extensions?: unknown) {
    super('GraphQL validation error.', 400, 'GRAPHQL_VALIDATION', (extensions ?? {}) as HookExtensions)
  }
}

type OtherNames = 'FailedValidationException' | 'MethodNotAllowedException' | 'GraphQLValidationException'

export type HookExceptions = Readonly<
  Record<Name | OtherNames, HookExceptionClass> & {
    BaseException: new (message?: unknown, status?: number, code?: string, extensions?: HookExtensions) => HookException
  }
>

/** What hook modules find as `exceptions`: throw one in a before-hook to cancel the event. */
export const hookExceptions: HookExceptions = Object.freeze({
  ...(Object.fromEntries(Object.entries(TABLE).map(([name, entry]) => [name, exceptionOf(name, entry)])) as Record<
    Name,
    HookExceptionClass
  >),
  BaseException,
  FailedValidationException,
  MethodNotAllowedException,
  GraphQLValidationException,
})
