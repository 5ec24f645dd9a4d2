import { createFetch } from 'ofetch'
import { createNetwork, type Network, type NetworkOptions } from '../network.ts'
import type { Transport } from '../ports.ts'
import { codeOf, placeOf, type Reading, take, withinLimits } from './answer.ts'

export interface FetchTransportOptions {
  /** Which addresses may be called, as far as an url tells. Default: public ones only. */
  network?: NetworkOptions | Network
  /** Default: the runtime's own `fetch`, looked up at each request. */
  fetch?: typeof globalThis.fetch
}

/** Codes, of Node, Deno and Bun, of connections that failed before anything was sent. */
const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ConnectionRefused',
])

/**
 * For every runtime but Node: ofetch over the runtime's `fetch`. It cannot see what a name resolves to, so it only refuses
 * what an url itself tells: its scheme, its port, address literals, `localhost`, metadata names. Where targets are not
 * all your own, let the platform's egress rules do the rest, or run on Node with `undiciTransport`.
 *
 * A redirect that the runtime hides (status 0) is reported as 302. Throws CONFIG_INVALID for a bad `network`.
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  const network =
    options.network !== undefined && 'checkUrl' in options.network ? options.network : createNetwork(options.network)
  const $fetch = createFetch({ fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)) })

  return {
    send: ({ url, headers, body, timeout }, signal) => {
      const refusal = network.checkUrl(url)
      if (refusal !== null) return Promise.resolve({ kind: 'refused', message: refusal.message })
      return withinLimits(timeout, signal, async (reading, stop) => {
        try {
          const answer = await $fetch.raw(url, {
            method: 'POST',
            headers,
            body,
            signal: stop,
            retry: 0,
            redirect: 'manual',
            ignoreResponseError: true,
            responseType: 'stream',
          })
          reading.status = answer.type === 'opaqueredirect' ? 302 : answer.status
          reading.retryAfter = answer.headers.get('retry-after') ?? undefined
          await read(answer.body, reading)
          return undefined
        } catch (error) {
          const code = codeOf(error)
          if (UNSENT.has(code)) return { kind: 'network', message: `cannot connect to ${placeOf(url)}: ${code}`, unsent: true }
          return { kind: 'network', message: `no answer from ${placeOf(url)}: ${code}` }
        }
      })
    },
  }
}

async function read(body: ReadableStream<Uint8Array> | null, reading: Reading): Promise<void> {
  if (body === null) return
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    if (!take(reading, value)) return void reader.cancel().catch(() => undefined)
  }
}
