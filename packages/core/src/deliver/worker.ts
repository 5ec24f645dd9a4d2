import type { Warn } from '../accept/match.ts'
import { MAX_BODY } from '../batch/window.ts'
import type { AlignedClock } from '../clock.ts'
import type { Clock, Store } from '../ports.ts'
import { type Loaded, refOf } from '../targets.ts'
import type { AttemptResult, Batch, Receipt, Target, Transition, Verdict } from '../types.ts'
import { type AttemptDeps, attempt } from './attempt.ts'
import { decide } from './backoff.ts'
import type { Teller } from './notify.ts'
import { type Shaped, shape } from './shape.ts'

export interface WorkerDeps extends AttemptDeps {
  store: Store
  clock: Clock
  time: AlignedClock
  teller: Teller
  random: () => number
  newId: () => string
  /** Milliseconds for which a claim is held, and by which it is renewed. */
  lease: number
  warn: Warn
}

export interface Worker {
  /** Claims what is due for a target; null: another was faster, or nothing is. */
  claim(uid: string, loaded: Loaded): Promise<Batch | null>
  /** Makes one attempt with a claimed batch and settles it. Never rejects: what fails is told, and the lease runs out. */
  run(batch: Batch, loaded: Loaded, signal: AbortSignal): Promise<void>
}

export function createWorker(deps: WorkerDeps): Worker {
  const { store, time, clock, teller, lease, warn } = deps

  async function claim(uid: string, { matcher, asOf }: Loaded): Promise<Batch | null> {
    const bound = matcher.targets.get(uid)
    if (bound === undefined) return null
    const now = time.now()
    return store.claim({
      target: uid,
      now,
      entries: bound.target.format === 'single' ? 1 : bound.target.window.size,
      bytes: MAX_BODY,
      batchId: deps.newId(),
      binding: { revision: bound.revision, asOf },
      token: deps.newId(),
      leaseUntil: now + lease,
    })
  }

  async function run(batch: Batch, { matcher }: Loaded, signal: AbortSignal): Promise<void> {
    const receipt: Receipt = { target: batch.target, batchId: batch.id, token: batch.token }
    try {
      const bound = matcher.targets.get(batch.target)
      if (bound === undefined) return void (await settle(receipt, { kind: 'aborted' }))
      // It was shaped under other rules before: the same id must not carry other items, so that it is claimed anew.
      if (batch.reclaimed && batch.binding.revision !== bound.revision) return void (await settle(receipt, { kind: 'return' }))
      const shaped = shape(batch, bound, warn)
      if (shaped === null) return void (await settle(receipt, { kind: 'delivered', limit: batch.state.limit, skipped: true }))

      const result = await underLease(receipt, signal, (until) => attempt(batch, shaped.body, bound.target, until, deps))
      const now = time.now()
      const verdict = decide(result, batch, bound.target, now, deps.random)
      const settled = await settle(receipt, verdict)
      if (settled?.ok && verdict.kind !== 'aborted') tell(batch, bound.target, shaped, result, verdict, settled.transition, now)
    } catch (error) {
      teller.emit('error', { scope: 'store', error })
    }
  }

  /** Renews the lease while `work` runs, and aborts it in time where that fails: an attempt ends before its lease. */
  async function underLease<T>(receipt: Receipt, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const lost = new AbortController()
    const done = new AbortController()
    const stop = () => lost.abort()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    void (async () => {
      // Counted from before the claim's answer came, so that ours is the shorter lease.
      let heldFrom = clock.now()
      while (!done.signal.aborted) {
        await clock.sleep(lease / 3, done.signal)
        if (done.signal.aborted) return
        const asked = clock.now()
        const rest = heldFrom + lease - lease / 10 - asked
        const late = new AbortController()
        const renewed = await Promise.race([
          store.renew(receipt, time.now() + lease).catch((error: unknown) => {
            teller.emit('error', { scope: 'store', error })
            return null
          }),
          clock.sleep(rest, late.signal).then(() => null),
        ])
        late.abort(null)
        if (renewed === true) heldFrom = asked
        // Null: the store is away. There is time for another try as long as the lease runs.
        else if (renewed === false || clock.now() + lease / 3 >= heldFrom + lease - lease / 10) return lost.abort()
      }
    })()
    try {
      return await work(lost.signal)
    } finally {
      done.abort(null)
      signal.removeEventListener('abort', stop)
    }
  }

  /** A verdict that cannot be stored is tried again while the lease may still be ours. */
  async function settle(receipt: Receipt, verdict: Verdict): Promise<{ ok: boolean; transition?: Transition } | null> {
    const until = clock.now() + lease
    for (let wait = 50; ; wait *= 2) {
      try {
        return await store.settle(receipt, verdict, time.now())
      } catch (error) {
        teller.emit('error', { scope: 'store', error })
        if (clock.now() + wait >= until) return null
        await clock.sleep(wait)
      }
    }
  }

  function tell(
    batch: Batch,
    target: Target,
    { body, items }: Shaped,
    result: AttemptResult,
    verdict: Verdict,
    transition: Transition | undefined,
    at: number,
  ): void {
    const ref = refOf(target)
    const { id, seq, epoch, attempt: number, openedAt, state } = batch
    teller.outcome({
      target: ref,
      batch: { id, seq, epoch, attempt: number, openedAt, items, bytes: body.length },
      result,
      verdict,
      at,
    })
    const reason = reasonOf(result)
    if (result.kind === 'refused' && state.failures === 0) teller.incident({ kind: 'refused', target: ref, reason, at })
    const since = state.failingSince ?? at
    if (verdict.kind === 'dead')
      teller.incident({ kind: 'dead', target: ref, reason: verdict.reason, items, count: items.length, at })
    if (transition === 'failing' || (transition === 'suspended' && !state.failing)) {
      teller.incident({ kind: 'failing', target: ref, since, failures: state.failures + 1, reason, at })
    }
    if (transition === 'suspended' && verdict.kind === 'retry') {
      teller.incident({ kind: 'suspended', target: ref, reason: verdict.suspend ?? 'manual', at })
    }
    if (transition === 'recovered') teller.incident({ kind: 'recovered', target: ref, since, at })
  }

  return { claim, run }
}

/** Why an attempt failed, in words that hold no secret. */
export function reasonOf(result: AttemptResult): string {
  if (result.kind === 'response') return `it answered ${result.status}`
  return result.message
}
