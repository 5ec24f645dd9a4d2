/**
 * An error for a Flow, which keeps it as JSON for its log and for the operation of the reject path: there, the message of an
 * ordinary Error is missing.
 */
export function flowError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  return Object.defineProperty(error, 'message', { value: error.message, enumerable: true })
}
