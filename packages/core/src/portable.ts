/** The sender's side, on every runtime but Node: fetch and WebCrypto. */
import { createPipelineOn, type PipelineOptions } from './create.ts'
import type { Pipeline } from './pipeline.ts'
import { fetchTransport } from './transports/fetch.ts'

export * from './public.ts'

/**
 * Builds a pipeline: `publish` changes, `start` delivering. Throws CONFIG_INVALID, naming every problem of its options
 * and targets.
 */
export function createPipeline(options: PipelineOptions): Pipeline {
  return createPipelineOn({ transport: (network) => fetchTransport(network === undefined ? {} : { network }), hmac }, options)
}

async function hmac(key: Uint8Array, text: string): Promise<string> {
  const imported = await crypto.subtle.importKey(
    'raw',
    key as Uint8Array<ArrayBuffer>,
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const signature = await crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(text))
  return btoa(String.fromCharCode(...new Uint8Array(signature)))
}
