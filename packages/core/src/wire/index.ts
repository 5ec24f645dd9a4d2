export { toBatchBody, toIdsBody, toSingleBody, type WireEvent, type WireSubscription } from './formats.ts'
export { authHeaders, HEADERS, headerNameProblem, headerValueProblem, parseRetryAfter, redactUrl } from './headers.ts'
export {
  type Hmac,
  parseSecret,
  parseSignatureHeader,
  parseTimestamp,
  signatureHeader,
  signedText,
  TOLERANCE_SECONDS,
  type ToSign,
} from './signature.ts'
