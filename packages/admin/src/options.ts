import {
  type Clock,
  type DeliveryLog,
  type Pipeline,
  PipelineError,
  type Store,
  systemClock,
  type TargetTable,
} from '@unstale/core'

/** What somebody may do. */
export interface Rights {
  /** See targets, deliveries and health. */
  read: boolean
  /** Change targets, try again, redrive, and see what targets answered. */
  manage: boolean
}

/** Who sends a request: `null`, nobody who is known (401); without the right that it needs it is refused (403). */
export type Authorize = (request: Request) => Rights | null | Promise<Rights | null>

export interface AdminOptions {
  /** The pipeline to operate. It has to work on `store`, with `targets` as its targets. */
  pipeline: Pipeline
  store: Store
  /** The store's own table of targets: `targetTable(store)`. */
  targets: TargetTable
  /** Where the pipeline records attempts. Without it there are no deliveries to look at. */
  log?: DeliveryLog
  /** Who may do what: your own rule. There is no default. */
  authorize: Authorize
  /** Where it is: everything but the subscriptions. Default `/unstale`. */
  path?: string
  /** Where the API of subscriptions is. Default `/daemon/notification`. */
  subscriptions?: string
  /** Told of what is answered with 500 or 503. Default: its message goes to `console.error`. */
  onError?: (error: unknown) => void
  /** Default: the machine's time. */
  clock?: Clock
}

/** Options with their defaults, as the routes take them. */
export interface Context extends Omit<AdminOptions, 'path' | 'subscriptions' | 'onError' | 'clock'> {
  path: string
  subscriptions: string
  clock: Clock
  onError(error: unknown): void
}

/** Throws CONFIG_INVALID, naming everything that is wrong. */
export function contextOf(options: AdminOptions): Context {
  const { pipeline, store, targets, log, authorize, path = '/unstale', subscriptions = '/daemon/notification' } = options ?? {}
  const has = (value: unknown, name: string) =>
    typeof (value as Record<string, unknown> | null | undefined)?.[name] === 'function'
  const problems: string[] = []
  if (!has(pipeline, 'publish')) problems.push('pipeline has to be a pipeline, as createPipeline() makes it')
  if (!has(store, 'stats')) problems.push('store has to be the store of that pipeline')
  if (!has(targets, 'put')) problems.push('targets has to be the table of that store: targetTable(store)')
  if (log !== undefined && !has(log, 'list')) problems.push('log has to be a delivery log, such as deliveryLog(store)')
  if (typeof authorize !== 'function')
    problems.push('authorize has to be a function that says who may do what: (request) => ({ read, manage }) or null')
  for (const [name, value] of Object.entries({ path, subscriptions })) {
    if (typeof value !== 'string' || !/^\/([\w.~-]+\/)*[\w.~-]+$/.test(value))
      problems.push(`${name} has to be a path such as '/unstale', without a slash at its end`)
  }
  if (path === subscriptions) problems.push('path and subscriptions have to be different')
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', `createAdmin: ${problems.join('; ')}`)
  return { ...options, path, subscriptions, onError: options.onError ?? report, clock: options.clock ?? systemClock() }
}

function report(error: unknown): void {
  console.error(`unstale: admin: ${error instanceof Error ? error.message : String(error)}`)
}
