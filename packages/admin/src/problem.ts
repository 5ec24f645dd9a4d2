/** What went wrong, as RFC 9457 has it. */

import type { Problem as Field, PipelineError } from '@unstale/core'
import { STATUS_TEXT, type Status } from './status.ts'

export class Problem extends Error {
  readonly status: Status
  readonly errors: readonly Field[] | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: Status,
    detail: string,
    {
      errors,
      headers = {},
      cause,
    }: { errors?: readonly Field[]; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(detail, cause === undefined ? undefined : { cause })
    this.status = status
    this.errors = errors
    this.headers = headers
  }
}

/** What a caller is told of an error that a route threw. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { name, code, message, problems = [] } = (error ?? {}) as Partial<PipelineError>
  // By its name: the app may have loaded the other build of core, whose class is another one.
  if (name === 'PipelineError') {
    if (code === 'CONFIG_INVALID' || code === 'CHANGE_INVALID' || code === 'FILTER_INVALID')
      return new Problem(400, message ?? '', { errors: problems })
    if (code === 'STORE_UNSUPPORTED') return new Problem(501, message ?? '', { cause: error })
    if (code === 'TARGET_UNKNOWN') return new Problem(404, 'There is no such target.', { cause: error })
    if (code === 'STORE_FAILED' || code === 'TARGETS_UNAVAILABLE' || code === 'STOPPED')
      return new Problem(503, 'The store cannot be reached at the moment: try again.', {
        headers: { 'retry-after': '5' },
        cause: error,
      })
  }
  return new Problem(500, 'Something failed on this side.', { cause: error })
}

export function toResponse({ status, message, errors, headers }: Problem): Response {
  const body = { type: 'about:blank', title: STATUS_TEXT[status], status, detail: message, ...(errors?.length && { errors }) }
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  })
}
