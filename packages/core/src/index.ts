/** The sender's side, on Node. */
import { createHmac } from 'node:crypto'
import { createPipelineOn, type PipelineOptions } from './create.ts'
import type { Pipeline } from './pipeline.ts'
import { undiciTransport } from './transports/undici.ts'

export * from './public.ts'
export * from './stores/redis/index.ts'
export * from './stores/sql/index.ts'
export { type UndiciTransportOptions, undiciTransport } from './transports/undici.ts'

/**
 * Builds a pipeline: `publish` changes, `start` delivering. Throws CONFIG_INVALID, naming every problem of its options
 * and targets.
 */
export function createPipeline(options: PipelineOptions): Pipeline {
  return createPipelineOn(
    {
      transport: (network) => undiciTransport(network === undefined ? {} : { network }),
      hmac: (key, text) => createHmac('sha256', key).update(text).digest('base64'),
    },
    options,
  )
}
