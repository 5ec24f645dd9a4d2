import { describe, expect, test } from 'vitest'
import { exceptions } from './exceptions.ts'

const {
  BaseException,
  FailedValidationException,
  ForbiddenException,
  InvalidPayloadException,
  MethodNotAllowedException,
  RecordNotUniqueException,
  RouteNotFoundException,
  ServiceUnavailableException,
} = exceptions

describe('an exception', () => {
  test('is what Directus answers with its status, code and message', () => {
    const statuses = Object.entries(exceptions).map(([name, Exception]) => {
      const { name: error, status, code, extensions } = new Exception()
      expect(error).toBe('DirectusError')
      expect(extensions).toBeTypeOf('object')
      return `${name} ${status} ${code}`
    })
    expect(statuses).toMatchInlineSnapshot(`
      [
        "BaseException 500 INTERNAL_SERVER_ERROR",
        "ForbiddenException 403 FORBIDDEN",
        "HitRateLimitException 429 REQUESTS_EXCEEDED",
        "IllegalAssetTransformation 400 ILLEGAL_ASSET_TRANSFORMATION",
        "InvalidConfigException 503 INVALID_PROVIDER_CONFIG",
        "InvalidCredentialsException 401 INVALID_CREDENTIALS",
        "InvalidIPException 401 INVALID_IP",
        "InvalidOTPException 401 INVALID_OTP",
        "InvalidPayloadException 400 INVALID_PAYLOAD",
        "InvalidProviderException 403 INVALID_PROVIDER",
        "InvalidQueryException 400 INVALID_QUERY",
        "InvalidTokenException 403 INVALID_TOKEN",
        "ServiceUnavailableException 503 SERVICE_UNAVAILABLE",
        "TokenExpiredException 401 TOKEN_EXPIRED",
        "UnexpectedResponseException 503 UNEXPECTED_RESPONSE",
        "UnprocessableEntityException 422 UNPROCESSABLE_CONTENT",
        "UnsupportedMediaTypeException 415 UNSUPPORTED_MEDIA_TYPE",
        "UserSuspendedException 401 USER_SUSPENDED",
        "ContainsNullValuesException 400 CONTAINS_NULL_VALUES",
        "InvalidForeignKeyException 400 INVALID_FOREIGN_KEY",
        "NotNullViolationException 400 NOT_NULL_VIOLATION",
        "RecordNotUniqueException 400 RECORD_NOT_UNIQUE",
        "ValueOutOfRangeException 400 VALUE_OUT_OF_RANGE",
        "ValueTooLongException 400 VALUE_TOO_LONG",
        "RangeNotSatisfiableException 416 RANGE_NOT_SATISFIABLE",
        "RouteNotFoundException 404 ROUTE_NOT_FOUND",
        "FailedValidationException 400 FAILED_VALIDATION",
        "MethodNotAllowedException 405 METHOD_NOT_ALLOWED",
        "GraphQLValidationException 400 GRAPHQL_VALIDATION",
      ]
    `)
  })

  test('says what it was given', () => {
    expect(new InvalidPayloadException('No title').message).toBe('No title')
    expect(new InvalidPayloadException('No title', { field: 'title' }).extensions).toEqual({ field: 'title' })
    expect(new ForbiddenException().message).toBe("You don't have permission to access this.")
    expect(new RouteNotFoundException('/x').message).toBe("Route /x doesn't exist.")
    expect(new RecordNotUniqueException('slug').message).toBe('Field "slug" has to be unique.')
    const { message, code, status } = new BaseException('Teapot', 418, 'TEAPOT')
    expect([message, code, status]).toEqual(['Teapot', 'TEAPOT', 418])
  })

  test('takes an error for a message', () => {
    const cause = new Error('connect ECONNREFUSED')
    const error = new ServiceUnavailableException(cause)
    expect([error.message, error.status, error.cause]).toEqual(['connect ECONNREFUSED', 503, cause])
  })

  test('of validation names the field', () => {
    const error = new FailedValidationException({ message: '"title" is required', path: ['title'], type: 'any.required' })
    expect([error.message, error.extensions]).toEqual(['"title" is required', { field: 'title', type: 'any.required' }])
    expect(new FailedValidationException('no').message).toBe('no')
  })

  test('has what Directus reads of it unasked', () => {
    expect(new MethodNotAllowedException('no', { allow: ['GET'] }).extensions).toEqual({ allow: ['GET'], allowed: ['GET'] })
    expect(new MethodNotAllowedException().extensions).toEqual({ allowed: [] })
  })

  test('recognises what a service of Directus throws', () => {
    class DirectusError extends Error {
      override name = 'DirectusError'
      code = 'FORBIDDEN'
      status = 403
    }
    const thrown: unknown = new DirectusError()
    expect(thrown instanceof ForbiddenException).toBe(true)
    expect(thrown instanceof BaseException).toBe(true)
    expect(thrown instanceof InvalidPayloadException).toBe(false)
    expect(new Error('x') instanceof BaseException).toBe(false)
    const nothing: unknown = null
    expect(nothing instanceof BaseException).toBe(false)
  })

  test('can be derived from', () => {
    class Mine extends BaseException {}
    class Other extends ForbiddenException {}
    expect(new Mine('x', 400, 'MINE') instanceof Mine).toBe(true)
    expect(new Mine() instanceof BaseException).toBe(true)
    expect(new ForbiddenException() instanceof Other).toBe(false)
    expect(new Other() instanceof ForbiddenException).toBe(true)
  })
})
