import type { TransportAnswer } from '../ports.ts'

/** Bytes of an answer that are read; then its stream is dropped. */
export const MAX_ANSWER = 16_384

/** Characters of an answer that are kept. */
const KEPT = 1024

/** What has been read of an answer so far. As soon as there is a status, it is an answer, whatever becomes of its body. */
export interface Reading {
  status?: number
  retryAfter?: string | undefined
  chunks: Uint8Array[]
  bytes: number
}

export type Failure = Exclude<TransportAnswer, { kind: 'response' }>

/**
 * Runs an exchange under its total timeout and the caller's signal, and answers by whatever comes first. An exchange fills
 * in `reading`; it resolves when the answer is read, or with its failure. `stop` aborts when nobody waits for it any more.
 */
export function withinLimits(
  timeout: number,
  signal: AbortSignal,
  exchange: (reading: Reading, stop: AbortSignal) => Promise<Failure | undefined>,
): Promise<TransportAnswer> {
  const aborted: Failure = { kind: 'aborted', message: 'stopped by us' }
  if (signal.aborted) return Promise.resolve(aborted)
  const stop = new AbortController()
  const reading: Reading = { chunks: [], bytes: 0 }
  return new Promise((resolve) => {
    const end = (failure: Failure | undefined) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(
        reading.status === undefined
          ? (failure ?? { kind: 'network', message: 'no answer' })
          : toResponse(reading, reading.status),
      )
    }
    const cut = (failure: Failure) => {
      end(failure)
      stop.abort()
    }
    const onAbort = () => cut(aborted)
    // setTimeout fires at once for anything above 2^31 - 1.
    const timer = setTimeout(
      () => cut({ kind: 'timeout', message: `no answer within ${timeout} ms` }),
      Math.min(timeout, 2_147_483_647),
    )
    signal.addEventListener('abort', onAbort, { once: true })
    exchange(reading, stop.signal).then(end, (error: unknown) => end({ kind: 'network', message: codeOf(error) }))
  })
}

/** Takes a chunk; false: that is enough. */
export function take(reading: Reading, chunk: Uint8Array): boolean {
  const room = MAX_ANSWER - reading.bytes
  const part = chunk.length > room ? chunk.subarray(0, room) : chunk
  reading.chunks.push(part)
  reading.bytes += part.length
  return reading.bytes < MAX_ANSWER
}

function toResponse({ retryAfter, chunks }: Reading, status: number): TransportAnswer {
  const body = toText(chunks)
  return {
    kind: 'response',
    status,
    ...(retryAfter === undefined ? undefined : { retryAfter }),
    ...(body === '' ? undefined : { body }),
  }
}

function toText(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder()
  let text = ''
  for (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length >= KEPT) break
  }
  const kept = text.slice(0, KEPT)
  // Half of a surrogate pair is no character.
  return /[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept
}

/** The code of an error or of what caused it, e.g. ECONNREFUSED; else the name of the cause. Never a message, which may hold anything. */
export function codeOf(error: unknown): string {
  let each: unknown = error
  let name = 'unknown error'
  for (let depth = 0; depth < 8 && typeof each === 'object' && each !== null; depth++) {
    const { code, cause, errors } = each as { code?: unknown; cause?: unknown; errors?: unknown }
    if (typeof code === 'string' && code !== '') return code
    if (each instanceof Error) name = each.name
    each = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  return name
}

/** `host:port` of an url, for messages. */
export function placeOf(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`
}
