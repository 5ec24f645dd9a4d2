import { systemClock } from './clock.ts'
import { checkTargets, parseTargets, type TargetInput } from './config.ts'
import { type Log, logNotifier } from './deliver/notify.ts'
import { kindOf, PipelineError } from './errors.ts'
import type { NetworkOptions } from './network.ts'
import { assemblePipeline, type Pipeline } from './pipeline.ts'
import {
  type Clock,
  type DeliveryLog,
  LONGEST,
  type Notifier,
  type Source,
  type Store,
  type TargetSource,
  type Transport,
} from './ports.ts'
import { memoryStore } from './stores/memory.ts'
import type { Hmac } from './wire/signature.ts'

export interface PipelineOptions {
  /** Who is told: a list, validated at once, or where to load one from. */
  targets: readonly TargetInput[] | TargetSource
  /** Where changes wait. Default: this process's memory, with a warning, since a restart loses it. */
  store?: Store
  /** Where attempts are recorded, for people to look at. Default: nowhere. */
  log?: DeliveryLog
  /** How requests are made. Default: undici on Node, ofetch elsewhere. */
  transport?: Transport
  /** Where changes come from, besides `publish`. Default none. */
  sources?: readonly Source[]
  /** Who hears of attempts and incidents. Default: one that logs what people should know. */
  notifiers?: readonly Notifier[]
  /** Which addresses may be called by the default transport. Default: public ones only. */
  network?: NetworkOptions
  /** Default: the machine's time. */
  clock?: Clock
  /** Numbers in [0, 1), for the jitter of retries. Default `Math.random`. */
  random?: () => number
  /** Unique ids without dots, for batches and claims. Default: random UUIDs. */
  newId?: () => string
  /** Requests that may be in flight at once. Default 50. */
  concurrency?: number
  /** Milliseconds for which a batch is claimed; renewed while its attempt lasts. Default 10,000. */
  lease?: number
  /** Milliseconds for which dead letters are kept. Default 30 days. */
  retention?: number
  /** Where the pipeline's own few lines go. Default `console`. */
  logger?: Log
}

/** What differs from one runtime to another. */
export interface Runtime {
  transport(network: NetworkOptions | undefined): Transport
  hmac: Hmac
}

/** A pipeline with its defaults. Throws CONFIG_INVALID, naming every problem. */
export function createPipelineOn(runtime: Runtime, options: PipelineOptions): Pipeline {
  const problems = problemsOf(options)
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', `createPipeline: ${problems.join('; ')}`)
  const {
    clock = systemClock(),
    logger = console,
    sources = [],
    concurrency = 50,
    lease = 10_000,
    retention = 30 * 86_400_000,
  } = options
  if (options.store === undefined) {
    logger.warn('unstale: no store was given, so changes wait in memory and a restart loses those that were not delivered')
  }
  // One of our own is closed by stop(), and opened anew if the pipeline is started again.
  let own: Transport | null = options.transport === undefined ? runtime.transport(options.network) : null
  return assemblePipeline({
    targets: toSource(options.targets),
    check: checkTargets,
    store: options.store ?? memoryStore({ now: clock.now }),
    log: options.log,
    transport: options.transport ?? {
      send(request, signal) {
        own ??= runtime.transport(options.network)
        return own.send(request, signal)
      },
    },
    release: async () => {
      const closing = own
      own = null
      await closing?.close?.()
    },
    sources,
    notifiers: options.notifiers ?? [logNotifier(logger)],
    logger,
    clock,
    random: options.random ?? Math.random,
    newId: options.newId ?? (() => `msg_${crypto.randomUUID()}`),
    hmac: runtime.hmac,
    agent: 'unstale',
    concurrency,
    lease,
    retention,
  })
}

function toSource(targets: PipelineOptions['targets']): TargetSource {
  if (!Array.isArray(targets)) return targets as TargetSource
  // What is wrong in code should stop the program where it is written.
  parseTargets(targets)
  return { load: async () => targets }
}

function problemsOf(options: PipelineOptions): string[] {
  const problems: string[] = []
  if (typeof options !== 'object' || options === null) return [`takes an object of options, not ${kindOf(options)}`]
  const { targets, log, concurrency, lease, retention, transport, network } = options
  const loads = typeof (targets as TargetSource | undefined)?.load === 'function'
  if (!Array.isArray(targets) && !loads)
    problems.push(`targets has to be an array, or an object with load(), not ${kindOf(targets)}`)
  if (log !== undefined && typeof (log as DeliveryLog | null)?.add !== 'function')
    problems.push(`log has to be a delivery log, such as memoryLog(), not ${kindOf(log)}; where lines of text go is logger`)
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0))
    problems.push('concurrency has to be a whole number above 0')
  if (lease !== undefined && !(lease >= 1000 && lease <= LONGEST.lease))
    problems.push(`lease has to be 1000 to ${LONGEST.lease} (milliseconds)`)
  if (retention !== undefined && !(retention >= 0)) problems.push('retention has to be 0 or more (milliseconds)')
  if (transport !== undefined && network !== undefined)
    problems.push('network only configures the default transport: pass it to the transport you give')
  return problems
}
