import type { Transport, TransportAnswer, TransportRequest } from '../ports.ts'

export type Script = (
  request: TransportRequest,
  signal: AbortSignal,
) => number | TransportAnswer | Promise<number | TransportAnswer>

export interface ScriptedTransport extends Transport {
  /** Every request, in order. */
  readonly requests: readonly TransportRequest[]
  /** The parsed bodies of all requests, in order. */
  readonly bodies: readonly unknown[]
  /** Answers from now on. */
  answer(script: number | TransportAnswer | Script): void
  /** Holds further requests back; returns how to let them go with an answer. */
  hold(): (answer?: number | TransportAnswer) => void
}

/** A transport that answers by script (default 200) and keeps what was sent. A number is a status. */
export function scriptedTransport(script: number | TransportAnswer | Script = 200): ScriptedTransport {
  let current = script
  const requests: TransportRequest[] = []
  return {
    requests,
    get bodies() {
      return requests.map(({ body }) => JSON.parse(body) as unknown)
    },
    answer(next) {
      current = next
    },
    hold() {
      const before = current
      let release: (answer: number | TransportAnswer) => void = () => {}
      const held = new Promise<number | TransportAnswer>((resolve) => {
        release = resolve
      })
      current = () => held
      return (answer = 200) => {
        current = before
        release(answer)
      }
    },
    async send(request, signal) {
      requests.push(request)
      const aborted = new Promise<TransportAnswer>((resolve) => {
        const stop = () => resolve({ kind: 'aborted', message: 'aborted by the caller' })
        if (signal.aborted) stop()
        signal.addEventListener('abort', stop, { once: true })
      })
      const answer = await Promise.race([typeof current === 'function' ? current(request, signal) : current, aborted])
      return typeof answer === 'number' ? { kind: 'response', status: answer } : answer
    },
  }
}
