/** Verifies and parses cache flush requests in any front end. */
export type { AuthContext, Authenticator, Credentials, PerRequest } from './auth.ts'
export { ReceiverError, type ReceiverErrorCode } from './errors.ts'
export { hmac, type HmacOptions, type Secret } from './hmac.ts'
export { createReceiver, type Receiver, type ReceiverOptions } from './receiver.ts'
export { apiKey, bearer, header, type Tokens } from './token.ts'
export type {
  AnySchema,
  CollectionName,
  Flush,
  FlushContext,
  FlushEvent,
  HandleOptions,
  Handler,
  Handlers,
  HeadersLike,
  RequestLike,
  Row,
  Seen,
  Verified,
} from './types.ts'
