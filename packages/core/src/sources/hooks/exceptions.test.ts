import { describe, expect, it } from 'vitest'
import { hookExceptions } from './index.ts'

const { BaseException, FailedValidationException, ForbiddenException, InvalidPayloadException } = hookExceptions
const { MethodNotAllowedException, RecordNotUniqueException, RouteNotFoundException, ServiceUnavailableException } =
  hookExceptions

describe('an exception', () => {
  it('has the status and the code that modules and their clients know', () => {
    const known = Object.entries(hookExceptions).map(([name, Exception]) => {
      const error = new Exception()
      expect(error).toBeInstanceOf(Error)
      expect(error).toBeInstanceOf(BaseException)
      expect(error.name).toBe(name)
      expect(error.extensions).toBeTypeOf('object')
      return `${name} ${error.status} ${error.code}`
    })
    expect(known.sort()).toEqual([
      'BaseException 500 INTERNAL_SERVER_ERROR',
      'ContainsNullValuesException 400 CONTAINS_NULL_VALUES',
      'FailedValidationException 400 FAILED_VALIDATION',
      'ForbiddenException 403 FORBIDDEN',
      'GraphQLValidationException 400 GRAPHQL_VALIDATION',
      'HitRateLimitException 429 REQUESTS_EXCEEDED',
      'IllegalAssetTransformation 400 ILLEGAL_ASSET_TRANSFORMATION',
      'InvalidConfigException 503 INVALID_PROVIDER_CONFIG',
      'InvalidCredentialsException 401 INVALID_CREDENTIALS',
      'InvalidForeignKeyException 400 INVALID_FOREIGN_KEY',
      'InvalidIPException 401 INVALID_IP',
      'InvalidOTPException 401 INVALID_OTP',
      'InvalidPayloadException 400 INVALID_PAYLOAD',
      'InvalidProviderException 403 INVALID_PROVIDER',
      'InvalidQueryException 400 INVALID_QUERY',
      'InvalidTokenException 403 INVALID_TOKEN',
      'MethodNotAllowedException 405 METHOD_NOT_ALLOWED',
      'NotNullViolationException 400 NOT_NULL_VIOLATION',
      'RangeNotSatisfiableException 416 RANGE_NOT_SATISFIABLE',
      'RecordNotUniqueException 400 RECORD_NOT_UNIQUE',
      'RouteNotFoundException 404 ROUTE_NOT_FOUND',
      'ServiceUnavailableException 503 SERVICE_UNAVAILABLE',
      'TokenExpiredException 401 TOKEN_EXPIRED',
      'UnexpectedResponseException 503 UNEXPECTED_RESPONSE',
      'UnprocessableEntityException 422 UNPROCESSABLE_CONTENT',
      'UnsupportedMediaTypeException 415 UNSUPPORTED_MEDIA_TYPE',
      'UserSuspendedException 401 USER_SUSPENDED',
      'ValueOutOfRangeException 400 VALUE_OUT_OF_RANGE',
      'ValueTooLongException 400 VALUE_TOO_LONG',
    ])
  })

  it('says what it was given, or else what it is', () => {
    const extensions = { field: 'title' }
    expect(new InvalidPayloadException('No title', extensions)).toMatchObject({ message: 'No title', extensions })
    expect(new ForbiddenException().message).toBe("You don't have permission to access this.")
    expect(new RouteNotFoundException('/x').message).toBe("Route /x doesn't exist.")
    expect(new RecordNotUniqueException('slug').message).toBe('Field "slug" has to be unique.')
    expect(new BaseException('Teapot', 418, 'TEAPOT')).toMatchObject({ message: 'Teapot', status: 418, code: 'TEAPOT' })
  })

  it('takes a caught error for its message, and keeps it as the cause', () => {
    const cause = new Error('connect ECONNREFUSED')
    expect(new ServiceUnavailableException(cause)).toMatchObject({ message: 'connect ECONNREFUSED', status: 503, cause })
  })

  it('of a validation names the field, of a method those that are allowed', () => {
    const failed = new FailedValidationException({ message: '"title" is required', path: ['title'], type: 'any.required' })
    expect(failed).toMatchObject({ message: '"title" is required', extensions: { field: 'title', type: 'any.required' } })
    expect(new FailedValidationException('no').message).toBe('no')
    expect(new MethodNotAllowedException('no', { allow: ['GET'] }).extensions).toEqual({ allow: ['GET'], allowed: ['GET'] })
  })

  it('can be derived from, and told from others', () => {
    class Mine extends BaseException {}
    expect(new Mine('x', 400, 'MINE')).toBeInstanceOf(Mine)
    expect(new ForbiddenException()).not.toBeInstanceOf(InvalidPayloadException)
  })

  it('cannot be exchanged by a module', () => {
    expect(Object.isFrozen(hookExceptions)).toBe(true)
  })
})
