/** Every way in which a call on the pipeline, its configuration or its stores fails; docs/errors.md explains each. */
export type PipelineErrorCode =
  | 'CONFIG_INVALID'
  | 'CHANGE_INVALID'
  | 'FILTER_INVALID'
  | 'TARGETS_UNAVAILABLE'
  | 'TARGET_UNKNOWN'
  | 'STORE_FAILED'
  | 'STORE_UNSUPPORTED'
  | 'STORE_TABLES_MISSING'
  | 'TRANSACTION_UNSUPPORTED'
  | 'STOPPED'

/** One problem and where it is. */
export interface Problem {
  /** E.g. `targets[0].rules[1].filter.status._eqq`. */
  path: string
  message: string
}

/** The one error of the sender's side. Statuses and time-outs of targets are results, not errors. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError'
  readonly code: PipelineErrorCode
  /** All that is wrong, where there may be several. */
  readonly problems: readonly Problem[]

  constructor(code: PipelineErrorCode, message: string, options: { cause?: unknown; problems?: readonly Problem[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.problems = options.problems ?? []
  }
}

/** What a value is, for error messages: never its content. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value === '') return 'an empty string'
  const type = typeof value
  if (type === 'undefined') return 'nothing'
  return type === 'object' ? 'an object' : `a ${type}`
}
