/** Unstale in a Nest app. */
export { EmitsChange, type EmitsChangeOptions } from './nest/emits-change.ts'
export { UnstaleModule, type UnstaleModuleAsyncOptions } from './nest/module.ts'
export type { Database, UnstaleModuleOptions, UnstaleOptionsFactory } from './nest/options.ts'
export { ChangePublisher } from './nest/publisher.ts'
export { InjectPipeline, InjectTargets, PIPELINE, TARGETS } from './nest/tokens.ts'
export type { Transaction } from './transaction.ts'
