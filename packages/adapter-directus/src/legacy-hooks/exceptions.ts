/**
 * What a module of the old form finds in `exceptions`. Statuses and codes are today's, which the Studio and other clients
 * look at; a message that is given wins over the one that is written here.
 */
import { BaseException, type Extensions, recognised, textOf } from './base-exception.ts'

type Exception = new (message?: unknown, extensions?: Extensions) => BaseException

const BY_MESSAGE = {
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
} as const

/** Their first argument is the field. */
const BY_FIELD = {
  ContainsNullValuesException: ['CONTAINS_NULL_VALUES', 'contains null values'],
  InvalidForeignKeyException: ['INVALID_FOREIGN_KEY', 'points to an item that does not exist'],
  NotNullViolationException: ['NOT_NULL_VIOLATION', "can't be null"],
  RecordNotUniqueException: ['RECORD_NOT_UNIQUE', 'has to be unique'],
  ValueOutOfRangeException: ['VALUE_OUT_OF_RANGE', 'has a number that is out of range'],
  ValueTooLongException: ['VALUE_TOO_LONG', 'has a value that is too long'],
} as const

const exception = (status: number, code: string, message: (given: unknown) => string): Exception => {
  const made = class extends BaseException {
    constructor(given?: unknown, extensions?: Extensions) {
      super(message(given), status, code, extensions)
      if (given instanceof Error) this.cause = given
    }
  }
  return recognised(made, code)
}

/** What a failed check of a payload says: Joi's, in the old days, whence `path`. */
class FailedValidationException extends BaseException {
  constructor(error?: unknown, extensions?: Extensions) {
    const { path, type } = (typeof error === 'object' && error !== null ? error : {}) as { path?: unknown; type?: unknown }
    const found = { ...(Array.isArray(path) && { field: path[0] }), ...(typeof type === 'string' && { type }) }
    const message =
      (error as { message?: unknown } | null | undefined)?.message ?? (typeof error === 'string' ? error : undefined)
    super(textOf(message, 'Validation failed.'), 400, 'FAILED_VALIDATION', { ...found, ...extensions })
  }
}

/** Directus sends `Allow` from `extensions.allowed`, and fails where it is missing. The old name was `allow`. */
class MethodNotAllowedException extends BaseException {
  constructor(message?: unknown, extensions: Extensions = {}) {
    const allowed = extensions['allowed'] ?? extensions['allow']
    const listed = Array.isArray(allowed) ? allowed : []
    super(textOf(message, 'Method not allowed.'), 405, 'METHOD_NOT_ALLOWED', { ...extensions, allowed: listed })
  }
}

class GraphQLValidationException extends BaseException {
  constructor(extensions?: unknown) {
    super('GraphQL validation error.', 400, 'GRAPHQL_VALIDATION', extensions as Extensions)
  }
}

type Exceptions = Record<keyof typeof BY_MESSAGE | keyof typeof BY_FIELD | OtherNames, Exception>

type OtherNames =
  `${'FailedValidation' | 'MethodNotAllowed' | 'GraphQLValidation' | 'RangeNotSatisfiable' | 'RouteNotFound'}Exception`

const build = <Name extends string, Spec>(specs: Record<Name, Spec>, make: (spec: Spec) => Exception): Record<Name, Exception> =>
  Object.fromEntries(Object.entries<Spec>(specs).map(([name, spec]) => [name, make(spec)])) as Record<Name, Exception>

export const exceptions: Readonly<Exceptions & { BaseException: typeof BaseException }> = {
  BaseException,
  ...build(BY_MESSAGE, ([status, code, message]) => exception(status, code, (given) => textOf(given, message))),
  ...build(BY_FIELD, ([code, says]) => exception(400, code, (field) => `Field ${field ? `"${field}" ` : ''}${says}.`)),
  RangeNotSatisfiableException: exception(416, 'RANGE_NOT_SATISFIABLE', () => "The range doesn't fit the file's size."),
  RouteNotFoundException: exception(404, 'ROUTE_NOT_FOUND', (path) => `Route ${path ?? ''} doesn't exist.`),
  FailedValidationException: recognised(FailedValidationException, 'FAILED_VALIDATION'),
  MethodNotAllowedException: recognised(MethodNotAllowedException, 'METHOD_NOT_ALLOWED'),
  GraphQLValidationException: recognised(GraphQLValidationException, 'GRAPHQL_VALIDATION'),
}
