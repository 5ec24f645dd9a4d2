import { Injectable, Logger, Module } from '@nestjs/common'
import { memoryStore, type Pipeline, type TargetTable } from '@unstale/core'
import { describe, expect, it, vi } from 'vitest'
import {
  ChangePublisher,
  InjectPipeline,
  InjectTargets,
  UnstaleModule,
  type UnstaleModuleOptions,
  type UnstaleOptionsFactory,
} from '../../src/index.ts'
import { application, SITE, wired } from './stage.ts'

const CHANGE = { collection: 'posts', event: 'update', key: 7, fields: { slug: 'a', title: 'A' } } as const

describe('UnstaleModule', () => {
  it('delivers what is published, from the bootstrap on', async () => {
    const { options, arrived } = wired()
    const { get } = await application({ imports: [UnstaleModule.forRoot(options)] })
    await get(ChangePublisher).publish(CHANGE)
    expect(await arrived(1)).toMatchObject([{ collection: 'posts', event: 'update', fields: { id: 7, slug: 'a', title: 'A' } }])
  })

  it('stores what is published before the bootstrap, and delivers it then', async () => {
    const { options, arrived, transport } = wired()
    let sentBefore: number | undefined
    @Injectable()
    class Seeds {
      @InjectPipeline()
      readonly pipeline!: Pipeline

      async onModuleInit(): Promise<void> {
        await this.pipeline.publish(CHANGE)
        sentBefore = transport.requests.length
      }
    }
    await application({ imports: [UnstaleModule.forRoot(options)], providers: [Seeds] })
    expect(await arrived(1)).toHaveLength(1)
    expect(sentBefore).toBe(0)
  })

  it('refuses what is published after it has stopped, in memory', async () => {
    const { options } = wired()
    const { get, close } = await application({ imports: [UnstaleModule.forRoot(options)] })
    const publisher = get(ChangePublisher)
    await close()
    await expect(publisher.publish(CHANGE)).rejects.toMatchObject({ code: 'STOPPED' })
  })

  it('lets what is in flight end before it closes', async () => {
    const { options, transport } = wired()
    const { get, pipeline, close } = await application({ imports: [UnstaleModule.forRoot(options)] })
    const delivered = new Promise<void>((resolve) => pipeline.on('delivered', () => resolve()))
    const release = transport.hold()
    const sent = vi.waitUntil(() => transport.requests.length === 1)
    await get(ChangePublisher).publish(CHANGE)
    await sent
    const closing = close()
    release()
    await Promise.all([delivered, closing])
  })

  describe('takes its options', () => {
    @Injectable()
    class Options implements UnstaleOptionsFactory {
      readonly wires = wired()
      createUnstaleOptions(): UnstaleModuleOptions {
        return this.wires.options
      }
    }
    @Module({ providers: [Options], exports: [Options] })
    class OptionsModule {}

    it('from a factory, with what it injects', async () => {
      const { options, arrived } = wired()
      const { get } = await application({
        imports: [
          UnstaleModule.forRootAsync({
            imports: [OptionsModule],
            inject: [Options],
            useFactory: async (given: unknown) => {
              expect(given).toBeInstanceOf(Options)
              return options
            },
          }),
        ],
      })
      await get(ChangePublisher).publish(CHANGE)
      expect(await arrived(1)).toHaveLength(1)
    })

    it('from a class', async () => {
      const { get } = await application({ imports: [UnstaleModule.forRootAsync({ useClass: Options })] })
      await get(ChangePublisher).publish(CHANGE)
      expect(await get(Options).wires.arrived(1)).toHaveLength(1)
    })

    it('from a provider that is there', async () => {
      const { get } = await application({
        imports: [UnstaleModule.forRootAsync({ imports: [OptionsModule], useExisting: Options })],
      })
      await get(ChangePublisher).publish(CHANGE)
      expect(await get(Options).wires.arrived(1)).toHaveLength(1)
    })
  })

  describe('is', () => {
    @Injectable()
    class Posts {
      readonly pipeline: Pipeline

      constructor(@InjectPipeline() pipeline: Pipeline) {
        this.pipeline = pipeline
      }
    }
    @Module({ providers: [Posts] })
    class PostsModule {}

    it('global, unless said otherwise', async () => {
      const { options } = wired()
      const { get, pipeline } = await application({ imports: [UnstaleModule.forRoot(options), PostsModule] })
      expect(get(Posts).pipeline).toBe(pipeline)
    })

    it('not global where isGlobal is false', async () => {
      const { options } = wired()
      const imports = [UnstaleModule.forRoot({ ...options, isGlobal: false }), PostsModule]
      await expect(application({ imports })).rejects.toThrow(/can't resolve dependencies of the Posts/)
      const async = [UnstaleModule.forRootAsync({ useFactory: () => options, isGlobal: false }), PostsModule]
      await expect(application({ imports: async })).rejects.toThrow(/can't resolve dependencies of the Posts/)
    })
  })

  it('takes its targets from the store, where they are managed at run time', async () => {
    const { options, arrived } = wired({ targets: 'store' })
    @Injectable()
    class Subscriptions {
      @InjectTargets()
      readonly targets!: TargetTable
    }
    const { get } = await application({ imports: [UnstaleModule.forRoot(options)], providers: [Subscriptions] })
    await get(Subscriptions).targets.put(SITE)
    await get(ChangePublisher).publish(CHANGE)
    expect(await arrived(1)).toHaveLength(1)
  })

  it("speaks through Nest's logger", async () => {
    const lines: string[] = []
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(function (this: unknown, message: unknown) {
      lines.push(`${(this as { context: string }).context}: ${String(message)}`)
    })
    try {
      const { options, transport } = wired()
      transport.answer(401)
      const { get, pipeline } = await application({ imports: [UnstaleModule.forRoot(options)] })
      const failing = new Promise<void>((resolve) => pipeline.on('failing', () => resolve()))
      await get(ChangePublisher).publish(CHANGE)
      await failing
      expect(lines).toEqual([expect.stringMatching(/^Unstale: target "site" .* is failing/)])
    } finally {
      error.mockRestore()
    }
  })

  it('costs nothing where nobody asked', async () => {
    const store = memoryStore()
    const append = vi.spyOn(store, 'append')
    const { options } = wired({ store })
    const { get } = await application({ imports: [UnstaleModule.forRoot(options)] })
    await get(ChangePublisher).publish({ collection: 'orders', event: 'create', key: 1 })
    expect(append).not.toHaveBeenCalled()
  })
})
