import mitt from 'mitt'
import type { Notifier } from '../ports.ts'
import type { Incident, ItemRef, Outcome, TargetRef } from '../types.ts'

/** What a pipeline tells its listeners. */
export type PipelineEvents = {
  /** Changes were accepted and are durable (in a transaction: when that commits); `targets` says who asked for them, and with how many entries. */
  accepted: { items: readonly ItemRef[]; targets: readonly (TargetRef & { entries: number })[]; at: number }
  delivered: Outcome
  /** An attempt failed and another follows (also where the batch was split first). */
  retrying: Outcome
  dead: Extract<Incident, { kind: 'dead' }>
  failing: Extract<Incident, { kind: 'failing' }>
  recovered: Extract<Incident, { kind: 'recovered' }>
  suspended: Extract<Incident, { kind: 'suspended' }>
  /** Our own configuration does not allow its address. */
  refused: Extract<Incident, { kind: 'refused' }>
  /** Something of ours or of a plug-in failed, and work goes on. Logged where nobody listens. */
  error: { scope: ErrorScope; error: unknown; target?: TargetRef }
}

export type ErrorScope = 'store' | 'targets' | 'source' | 'filter' | 'notifier' | 'listener' | 'inbox' | 'time' | 'log'

export interface Teller {
  on<K extends keyof PipelineEvents>(event: K, listener: (payload: PipelineEvents[K]) => void): () => void
  /** Whether anybody listens, so that nothing is made for nobody. */
  heard(event: keyof PipelineEvents): boolean
  emit<K extends keyof PipelineEvents>(event: K, payload: PipelineEvents[K]): void
  outcome(outcome: Outcome): void
  incident(incident: Incident): void
}

/** Tells listeners and notifiers. Every call is guarded: what they do wrong, or never finish, touches nothing. */
export function createTeller(notifiers: readonly Notifier[], logger: Log): Teller {
  const listeners = mitt<PipelineEvents>()

  const heard: Teller['heard'] = (event) => (listeners.all.get(event)?.length ?? 0) > 0

  const emit: Teller['emit'] = (event, payload) => {
    if (event === 'error' && !heard('error')) {
      const { scope, error, target } = payload as PipelineEvents['error']
      logger.error(
        `unstale: ${scope}${target === undefined ? '' : ` of target "${target.key}"`}: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
    // One listener that throws must not keep the next from hearing, so that mitt's own `emit` will not do.
    for (const listener of [...(listeners.all.get(event) ?? [])] as ((payload: unknown) => unknown)[]) {
      guard(() => listener(payload), event === 'error' ? () => {} : (error) => emit('error', { scope: 'listener', error }))
    }
  }
  const notify = (event: Parameters<Notifier['notify']>[0]) => {
    for (const notifier of notifiers)
      guard(
        () => notifier.notify(event),
        (error) => emit('error', { scope: 'notifier', error }),
      )
  }

  return {
    on(event, listener) {
      listeners.on(event, listener)
      return () => listeners.off(event, listener)
    },
    heard,
    emit,
    outcome(outcome) {
      notify({ type: 'outcome', outcome })
      if (outcome.verdict.kind === 'delivered') emit('delivered', outcome)
      else if (outcome.verdict.kind === 'retry' || outcome.verdict.kind === 'split') emit('retrying', outcome)
    },
    incident(incident) {
      notify({ type: 'incident', incident })
      emit(incident.kind, incident as never)
    },
  }
}

/** Runs what somebody else wrote: neither its throw nor its rejection comes through. */
function guard(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = call()
    if (result instanceof Promise) result.catch(failed)
  } catch (error) {
    failed(error)
  }
}

export interface Log {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** Says every incident in one line. Used where no notifier is given, so that nothing fails in silence. */
export function logNotifier(log: Log): Notifier {
  return {
    notify(event) {
      if (event.type !== 'incident') return
      const { incident } = event
      const target = `unstale: target "${incident.target.key}" (${incident.target.url})`
      if (incident.kind === 'failing') {
        log.error(
          `${target} is failing since ${iso(incident.since)}: ${incident.reason}; changes are kept and sent again until it answers`,
        )
      } else if (incident.kind === 'recovered') log.info(`${target} has recovered; it was failing since ${iso(incident.since)}`)
      else if (incident.kind === 'suspended')
        log.error(`${target} is suspended (${SUSPENDED[incident.reason]}); changes are kept until it is resumed`)
      else if (incident.kind === 'refused') log.error(`${target} may not be called: ${incident.reason}`)
      else
        log.error(
          `${target}: ${incident.count} change${incident.count === 1 ? '' : 's'} went to the dead letters (${DEAD[incident.reason]})`,
        )
    },
  }
}

const SUSPENDED = { gone: 'it answered 410 Gone', horizon: 'it has been failing for too long', manual: 'by hand' } as const
const DEAD = { refused: 'the receiver refuses them, and takes others', overflow: 'more were waiting than may wait' } as const

function iso(at: number): string {
  return new Date(at).toISOString()
}
