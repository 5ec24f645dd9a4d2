import { Inject } from '@nestjs/common'

/** Token of the pipeline: `app.get(PIPELINE)`. */
export const PIPELINE: unique symbol = Symbol('unstale pipeline')

/** Token of the store's own table of targets; null unless the module was given `targets: 'store'`. */
export const TARGETS: unique symbol = Symbol('unstale targets')

/** Injects the `Pipeline`. */
export const InjectPipeline = (): PropertyDecorator & ParameterDecorator => Inject(PIPELINE)

/** Injects the `TargetTable` of a module with `targets: 'store'`; else null. */
export const InjectTargets = (): PropertyDecorator & ParameterDecorator => Inject(TARGETS)
