/** Verifies and parses cache flush requests in any front end. */
export type { AuthContext, Authenticator, Credentials, PerRequest } from './auth.ts'
export { ReceiverError, type ReceiverErrorCode } from './errors.ts'
export { type HmacOptions, hmac, type Secret } from './hmac.ts'
export { createReceiver } from './receiver.ts'
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
  Receiver,
  ReceiverOptions,
  RequestLike,
  Row,
  Seen,
  Verified,
} from './types.ts'
