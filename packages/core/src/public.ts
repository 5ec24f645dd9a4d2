/** What both entries export. */
export type { Interest } from './accept/match.ts'
export { KEY as RELATED_KEY } from './accept/paths.ts'
export { systemClock } from './clock.ts'
export { checkTargets, DEFAULT_RETRY, DEFAULT_WINDOW, parseTargets, type RuleInput, type TargetInput } from './config.ts'
export type { PipelineOptions } from './create.ts'
export { type ErrorScope, type Log, logNotifier, type PipelineEvents } from './deliver/notify.ts'
export { deliveryLog } from './delivery-log.ts'
export { PipelineError, type PipelineErrorCode, type Problem } from './errors.ts'
export type { Network, NetworkOptions, Refusal } from './network.ts'
export type { Pipeline, PublishOptions } from './pipeline.ts'
export type * from './ports.ts'
export { type EmitterSourceOptions, emitterSource } from './sources/emitter.ts'
export {
  type AfterHook,
  type BeforeHook,
  createHooks,
  type HookContext,
  type HookEvent,
  type HookException,
  type HookExceptionClass,
  type HookExceptions,
  type HookInput,
  type HookModule,
  type HookModuleContext,
  type Hooks,
  type HooksOptions,
  hookExceptions,
} from './sources/hooks/index.ts'
export { SECRET_FIELDS, UNTOLD_COLLECTIONS } from './sources/hooks/untold.ts'
export { memoryLog } from './stores/log.ts'
export { memoryStore } from './stores/memory.ts'
export { toTarget } from './target-row.ts'
export { type TargetTable, targetTable } from './target-table.ts'
export { type FetchTransportOptions, fetchTransport } from './transports/fetch.ts'
export type * from './types.ts'
export { parseSecret } from './wire/signature.ts'
