/** Every way in which a flush request is refused; docs/errors.md explains each. */
export type ReceiverErrorCode =
  | 'METHOD_NOT_ALLOWED'
  | 'CONTENT_TYPE_UNSUPPORTED'
  | 'BODY_TOO_LARGE'
  | 'CREDENTIALS_MISSING'
  | 'CREDENTIALS_MALFORMED'
  | 'TOKEN_INVALID'
  | 'SIGNATURE_INVALID'
  | 'TIMESTAMP_TOO_OLD'
  | 'TIMESTAMP_TOO_NEW'
  | 'BODY_UNREADABLE'
  | 'BODY_NOT_JSON'
  | 'BODY_INVALID'
  | 'RAW_BODY_UNAVAILABLE'
  | 'NOT_CONFIGURED'
  | 'HANDLER_FAILED'

/**
 * The one error of the receiver's side. `message` is the code and often a detail, `BODY_INVALID: [3].id is no string or
 * number`; it may be answered: it holds no secret, no token and nothing of the body.
 */
export class ReceiverError extends Error {
  override readonly name = 'ReceiverError'
  /** The HTTP status that says the same; never 404 or 410, on which senders may stop for good. */
  readonly status: number
  readonly code: ReceiverErrorCode

  constructor(status: number, code: ReceiverErrorCode, detail = '') {
    super(code + (detail && `: ${detail}`))
    this.status = status
    this.code = code
  }
}

export function fail(status: number, code: ReceiverErrorCode, detail?: string): never {
  throw new ReceiverError(status, code, detail)
}
