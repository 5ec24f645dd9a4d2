import { createPipeline, type Pipeline, type PipelineEvents } from '../../src/index.ts'
import type { Backend } from './backend.ts'
import { createBell } from './bell.ts'
import { createProxy, type Line } from './proxy.ts'
import { createSink, type Sink } from './sink.ts'

/** One application with its store behind a proxy, and the targets it delivers to. */
export interface Stage {
  line: Line
  pipeline: Pipeline
  /** What went wrong and was told. */
  errors: readonly PipelineEvents['error'][]
  /** Resolves when so many more errors were told. */
  tells(count?: number): Promise<void>
  publish(...ids: string[]): Promise<void>
  /** Publishes in a transaction of the application's own, and then does `before` it commits. */
  publishInTransaction(id: string, before?: () => Promise<unknown>): Promise<void>
  /** Resolves when all of these items have arrived at each target. */
  has(ids: Iterable<string>): Promise<void>
  arrived(id: string): boolean
  /** Another application with the same store and the same targets. */
  another(): Promise<Stage>
  close(): Promise<void>
}

let stages = 0

export async function setStage(backend: Backend, port: number): Promise<Stage> {
  const sink = await createSink()
  const stage = await createStage(backend, port, sink, ++stages)
  return {
    ...stage,
    async close() {
      await stage.close()
      sink.close()
    },
  }
}

async function createStage(backend: Backend, port: number, sink: Sink, number: number): Promise<Stage> {
  const line = await createProxy({ host: '127.0.0.1', port })
  const client = await backend.connect(line.port)
  // The server is the same for all tests of a file: what one of them leaves behind must not trouble the next.
  const paths = ['/a', '/b', '/c'].map((path) => `/${number}${path}`)
  const pipeline = createPipeline({
    store: client.store,
    targets: paths.map((path, index) => ({
      key: `stage-${number}-${index}`,
      url: sink.url(path),
      rules: [{ collection: 'items', events: ['update'], payload: ['value'] }],
      window: { quiet: 10, max: 50, size: 100 },
    })),
    network: { allow: ['127.0.0.0/8'] },
    // What is claimed when the line breaks waits for this long.
    lease: 1000,
    notifiers: [],
  })
  const errors: PipelineEvents['error'][] = []
  const bell = createBell()
  pipeline.on('error', (error) => {
    errors.push(error)
    bell.ring()
  })
  await pipeline.start()

  const changeOf = (id: string) => ({ collection: 'items', event: 'update', key: id, fields: { value: 1 } }) as const
  return {
    line,
    pipeline,
    errors,
    tells(count = 1) {
      const until = errors.length + count
      return bell.until(() => errors.length >= until)
    },
    publish: (...ids) => pipeline.publish(ids.map(changeOf)),
    async publishInTransaction(id, before) {
      if (client.transaction === undefined) throw new Error('this store has no inbox')
      await client.transaction(async (transaction) => {
        await pipeline.publish(changeOf(id), { transaction })
        await before?.()
      })
    },
    has: (ids) => sink.has(paths, ids),
    arrived: (id) => paths.some((path) => sink.arrived(path).has(id)),
    another: () => createStage(backend, port, sink, number),
    async close() {
      line.cut()
      await pipeline.stop({ drain: 0 })
      await client.close()
      await line.close()
    },
  }
}
