import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { memoryStore, type Pipeline, type TargetInput } from '@unstale/core'
import { type ScriptedTransport, scriptedTransport } from '@unstale/core/testing'
import { afterEach } from 'vitest'
import { PIPELINE, type UnstaleModuleOptions } from '../../src/index.ts'
import 'reflect-metadata'

/** A target that wants everything of posts at once. */
export const SITE: TargetInput = {
  key: 'site',
  url: 'https://site.example/api/flush',
  rules: [{ collection: 'posts', payload: ['slug', 'title'], previous: ['slug'] }],
  window: { quiet: 0, max: 0 },
}

export interface Sent {
  collection: string
  event: string
  fields: Record<string, unknown>
  previous?: Record<string, unknown>
}

export interface Wired {
  transport: ScriptedTransport
  options: UnstaleModuleOptions
  /** The changes that have arrived, in order, once there are so many. */
  arrived(count: number): Promise<Sent[]>
}

/** Options on a scripted transport, in memory unless there is a database. */
export function wired(more: Partial<UnstaleModuleOptions> = {}): Wired {
  const waiting = new Set<() => void>()
  const transport = scriptedTransport((_request) => {
    // The answer is given first.
    queueMicrotask(() => {
      for (const look of waiting) look()
    })
    return 200
  })
  const sent = () => (transport.bodies as Sent[][]).flat()
  return {
    transport,
    options: {
      targets: [SITE],
      transport,
      ...('database' in more || 'store' in more ? undefined : { store: memoryStore() }),
      ...more,
    } as UnstaleModuleOptions,
    arrived: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (sent().length < count) return
          waiting.delete(look)
          resolve(sent())
        }
        waiting.add(look)
        look()
      }),
  }
}

const open = new Set<INestApplication>()

/** Before the database goes; the others are closed after the test by themselves. */
export async function closeApplications(): Promise<void> {
  for (const app of open) await app.close()
  open.clear()
}

afterEach(closeApplications)

export interface Application {
  app: INestApplication
  pipeline: Pipeline
  get<T>(token: Type<T> | symbol | string): T
  close(): Promise<void>
}

/** An application of these modules, bootstrapped; closed after the test. Nest's own lines are not printed. */
export async function application(metadata: ModuleMetadata): Promise<Application> {
  const testing = await Test.createTestingModule(metadata).compile()
  const app = testing.createNestApplication({ logger: false })
  open.add(app)
  await app.init()
  return {
    app,
    pipeline: app.get<Pipeline>(PIPELINE, { strict: false }),
    get: (token) => app.get(token, { strict: false }),
    close: async () => {
      open.delete(app)
      await app.close()
    },
  }
}
