import type { Clock, Transport, TransportAnswer } from '../ports.ts'
import type { AttemptResult, Batch, Target } from '../types.ts'
import { authHeaders, HEADERS, parseRetryAfter } from '../wire/headers.ts'
import { type Hmac, parseSecret, signatureHeader } from '../wire/signature.ts'

export interface AttemptDeps {
  transport: Transport
  clock: Clock
  hmac: Hmac
  /** Goes out as `user-agent`. */
  agent: string
}

/** What goes out in the headers. */
type Message = Pick<Batch, 'id' | 'seq' | 'epoch'>

/** A connection that fails sooner than this is tried once more at once: often it was a kept-alive socket that had died. */
const AT_ONCE_MS = 1000

/** Makes one signed POST and says what came of it: a value, never a throw, and never later than `target.timeout` or `signal`. */
export async function attempt(
  batch: Message,
  body: string,
  target: Target,
  signal: AbortSignal,
  deps: AttemptDeps,
): Promise<AttemptResult> {
  const { clock } = deps
  const startedAt = clock.now()
  const limit = new AbortController()
  const stop = () => limit.abort()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const done = new AbortController()
  // A transport of somebody's own may know no time-out and heed no signal: the attempt ends all the same.
  const over = new Promise<TransportAnswer>((resolve) => {
    limit.signal.addEventListener('abort', () => resolve({ kind: 'aborted', message: 'stopped by us' }), { once: true })
    if (limit.signal.aborted) resolve({ kind: 'aborted', message: 'stopped by us' })
    void clock.sleep(target.timeout, done.signal).then(() => {
      if (done.signal.aborted) return
      resolve({ kind: 'timeout', message: `no answer within ${target.timeout} ms` })
      stop()
    })
  })
  try {
    const answer = await Promise.race([send(batch, body, target, limit.signal, deps, startedAt), over])
    // Nobody stopped it, so that it failed: what was aborted is claimed again at once, without a delay.
    const failed = answer.kind === 'aborted' && !signal.aborted ? { ...answer, kind: 'network' as const } : answer
    return toResult(failed, clock.now(), startedAt)
  } catch (error) {
    return {
      kind: 'network',
      message: error instanceof Error ? error.message : 'the transport failed',
      tookMs: clock.now() - startedAt,
    }
  } finally {
    done.abort(null)
    signal.removeEventListener('abort', stop)
  }
}

async function send(
  batch: Message,
  body: string,
  target: Target,
  signal: AbortSignal,
  { transport, clock, hmac, agent }: AttemptDeps,
  startedAt: number,
): Promise<TransportAnswer> {
  const once = async (): Promise<TransportAnswer> => {
    const timestamp = Math.floor(clock.now() / 1000)
    const keys = target.secrets.map(parseSecret)
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'user-agent': agent,
      [HEADERS.id]: batch.id,
      [HEADERS.timestamp]: String(timestamp),
      [HEADERS.seq]: String(batch.seq),
      [HEADERS.epoch]: String(batch.epoch),
      ...authHeaders(target.auth),
    }
    if (keys.length > 0) headers[HEADERS.signature] = await signatureHeader({ id: batch.id, timestamp, body, keys, hmac })
    return transport.send({ url: target.url, headers, body, timeout: target.timeout }, signal)
  }
  const answer = await once()
  const again = answer.kind === 'network' && answer.unsent && !signal.aborted && clock.now() - startedAt < AT_ONCE_MS
  return again ? once() : answer
}

function toResult(answer: TransportAnswer, now: number, startedAt: number): AttemptResult {
  const tookMs = Math.max(0, now - startedAt)
  if (answer.kind !== 'response') return { kind: answer.kind, message: answer.message, tookMs }
  const retryAfter = answer.retryAfter === undefined ? undefined : parseRetryAfter(answer.retryAfter, now)
  return {
    kind: 'response',
    status: answer.status,
    ...(retryAfter === undefined ? undefined : { retryAfter }),
    tookMs,
    ...(answer.body === undefined ? undefined : { body: answer.body }),
  }
}
