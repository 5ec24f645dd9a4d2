import {
  type BeforeApplicationShutdown,
  type ConfigurableModuleAsyncOptions,
  ConfigurableModuleBuilder,
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common'
import { checkOptions, type UnstaleModuleOptions } from './options.ts'
import { ChangePublisher } from './publisher.ts'
import { type Run, run } from './run.ts'
import { PIPELINE, TARGETS } from './tokens.ts'

/** `isGlobal` (default true): every module may inject without importing this one. */
type Extras = { isGlobal?: boolean }

/** `imports`, `inject`, and `useFactory`, `useClass` or `useExisting`. */
export type UnstaleModuleAsyncOptions = ConfigurableModuleAsyncOptions<UnstaleModuleOptions, 'createUnstaleOptions'> & Extras

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<UnstaleModuleOptions>({
  moduleName: 'Unstale',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createUnstaleOptions')
  .setExtras<Extras>({ isGlobal: true }, (definition, { isGlobal = true }) => ({ ...definition, global: isGlobal }))
  .build()

const RUN: unique symbol = Symbol('unstale')

/** Delivers from the application's bootstrap until its shutdown (`app.enableShutdownHooks()`, or `app.close()`). */
@Module({
  providers: [
    { provide: RUN, useFactory: run, inject: [MODULE_OPTIONS_TOKEN] },
    { provide: PIPELINE, useFactory: ({ pipeline }: Run) => pipeline, inject: [RUN] },
    { provide: TARGETS, useFactory: ({ targets }: Run) => targets, inject: [RUN] },
    ChangePublisher,
  ],
  exports: [PIPELINE, TARGETS, ChangePublisher],
})
export class UnstaleModule implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #run: Run

  constructor(@Inject(RUN) running: Run) {
    this.#run = running
  }

  /** Throws CONFIG_INVALID, naming everything that is missing, contradicts something else, or is wrong with a target. */
  static forRoot(options: UnstaleModuleOptions & Extras): DynamicModule {
    checkOptions(options)
    return { ...ConfigurableModuleClass.forRoot(options), module: UnstaleModule }
  }

  /** As `forRoot`, with options that come from elsewhere; what is wrong with them ends the bootstrap with CONFIG_INVALID. */
  static forRootAsync(options: UnstaleModuleAsyncOptions): DynamicModule {
    return { ...ConfigurableModuleClass.forRootAsync(options), module: UnstaleModule }
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#run.pipeline.start()
  }

  /** The last requests are still being answered: what they publish is stored. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#run.pause()
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#run.stop()
  }
}
