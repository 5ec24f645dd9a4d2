import { randomUUID } from 'node:crypto'
import { kindOf, PipelineError } from '../../errors.ts'
import type { AppendResult, ClaimRequest, Store } from '../../ports.ts'
import type { Entry, Transition, Verdict } from '../../types.ts'
import { appendQueue, NOTHING } from '../append-queue.ts'
import { toAppendResult, toBatch, toLetter, toStats } from './answers.ts'
import { toHead, toParts } from './append.ts'
import { callsOn } from './calls.ts'
import type { RedisClient } from './client.ts'
import { instant, nameOf, toSafe, toState } from './entry-text.ts'
import { concernsAll, tooLarge, toStoreError } from './failure.ts'
import { appendScript } from './lua/append.ts'
import { claimScript, renewScript } from './lua/claim.ts'
import { collapseScript } from './lua/collapse.ts'
import { listDeadScript, statsScript } from './lua/figures.ts'
import { forgetScript, pruneScript, redriveScript } from './lua/keeping.ts'
import { settleScript } from './lua/settle.ts'
import { suspendScript, wakeScript } from './lua/suspend.ts'
import { readiness } from './readiness.ts'
import { targetRows } from './target-rows.ts'
import { watchChannel } from './wake.ts'

export interface RedisStoreOptions {
  /** Yours; `close` leaves it open. Redis 6.2 or later, or Valkey; a single server, Sentinel, or a cluster. */
  client: RedisClient
  /** What all keys begin with, in braces. Letters, digits and `_.:-`. Default `unstale`. */
  prefix?: string
  /** Milliseconds after which a call that got no answer fails. Default 10,000. */
  timeout?: number
  /** Is told what is doubtful about the server. Default `console.warn`. */
  warn?: (message: string) => void
}

/** The most entries that one append may have, and the most bytes: the server does nothing else while it takes them. */
const MOST = 100_000
const MOST_BYTES = 128 * 1024 * 1024
/** Appends that are larger together have each a step of its own. */
const GROUP_BYTES = 16 * 1024 * 1024
/** Letters, targets that one script deals with. */
const PORTION = 1_000

/** Keeps everything in the Redis of your client. */
export function redisStore(options: RedisStoreOptions): Store {
  const { client, prefix, timeout, warn } = checked(options)
  const calls = callsOn({ client, prefix, timeout, warn })
  const { run, ask } = calls
  const channel = `{${prefix}}:wake`
  /** By which we know our own voice. */
  const self = randomUUID()
  const told = [channel, self]
  const stops = new Set<() => void>()
  const queue = appendQueue({ store: 'redis', commit, concernsAll })

  async function commit(appends: readonly (readonly Entry[])[]): Promise<readonly AppendResult[] | null> {
    const shared = appends.length > 1
    const text = toParts([appends.flat()])
    if (shared && text.length > GROUP_BYTES) return null
    if (text.length > MOST_BYTES) throw tooLarge(`${MOST_BYTES} bytes`, String(text.length))
    const together = await run('append', appendScript, [...told, '1', shared ? '1' : '', text])
    // Something overflows: one after the other, in one step.
    const apart = () => run('append', appendScript, [...told, String(appends.length), '', toParts(appends)])
    const results = ((together === 'apart' ? await apart() : together) as string[][]).map(toAppendResult)
    return results.length === appends.length ? results : appends.map(() => NOTHING)
  }

  return {
    name: 'redis',
    durable: true,

    async append(entries) {
      if (entries.length > MOST) throw tooLarge(`${MOST} entries`, String(entries.length))
      try {
        return await queue.append(entries)
      } catch (error) {
        throw toStoreError('append', error)
      }
    },

    async collapse(target, entries) {
      const args = [toSafe(target), ...told, String(entries.length)]
      for (const entry of entries) {
        const { item, identity } = entry
        args.push(toHead([entry], 3), nameOf(identity), toState(entry), item === identity ? '' : nameOf(item))
      }
      if (entries.length > 0) await run('collapse', collapseScript, args)
    },

    ...readiness(calls),

    async claim(request) {
      const answer = await run('claim', claimScript, toClaimArgs(request))
      return answer === null ? null : toBatch(request.target, answer as unknown[])
    },

    async renew({ target, batchId, token }, leaseUntil) {
      return Number(await run('renew a claim', renewScript, [toSafe(target), batchId, token, instant(leaseUntil)])) === 1
    },

    async settle({ target, batchId, token }, verdict, now) {
      const args = [toSafe(target), batchId, token, instant(now), ...toVerdictArgs(verdict)]
      const [ok, transition] = (await run('settle', settleScript, args)) as [string, Transition | '']
      return { ok: ok === '1', ...(transition !== '' && { transition }) }
    },

    async wake(target, at) {
      await run('wake', wakeScript, [toSafe(target), instant(at), ...told, ''])
    },
    async suspend(target, reason, at) {
      await run('suspend', suspendScript, [toSafe(target), reason, instant(at)])
    },
    async resume(target, at) {
      await run('resume', wakeScript, [toSafe(target), instant(at), ...told, '1'])
    },

    async stats(targets) {
      const all = []
      for (let from = 0; from < targets.length; from += PORTION) {
        const some = targets.slice(from, from + PORTION)
        const answers = (await run('read its figures', statsScript, some.map(toSafe))) as string[][]
        for (const [n, target] of some.entries()) all.push(toStats(target, answers[n] ?? []))
      }
      return all
    },

    async listDead({ target, limit, before = '' }) {
      const args = [target === undefined ? '' : toSafe(target), String(limit), before]
      return ((await run('list dead letters', listDeadScript, args)) as string[][]).map(toLetter)
    },

    async redrive({ target, ids, now }) {
      let count = 0
      for (let from = 0; ids === undefined || from < ids.length; from += PORTION) {
        const some = ids?.slice(from, from + PORTION) ?? []
        const args = [toSafe(target), instant(now), ...told, String(PORTION), ...some]
        const done = Number(await run('redrive', redriveScript, args))
        count += done
        if (ids === undefined && done < PORTION) break
      }
      return count
    },

    async forget(target, asOf) {
      await run('forget', forgetScript, [toSafe(target), instant(asOf)])
    },

    async prune({ before, limit }) {
      let count = 0
      while (count < limit) {
        const some = Math.min(PORTION, limit - count)
        const done = Number(await run('prune', pruneScript, [instant(before), String(some)]))
        count += done
        if (done < some) break
      }
      return count
    },

    async time() {
      const [seconds, micros] = (await ask('tell the time', 'time')) as [string, string]
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
    },

    async close() {
      for (const stop of stops) stop()
      stops.clear()
      await queue.drained()
    },

    targets: targetRows(calls, channel, self),

    watch(wake) {
      const stop = watchChannel(client, channel, self, wake)
      stops.add(stop)
      return () => {
        stops.delete(stop)
        stop()
      }
    },
  }
}

function toClaimArgs({ target, now, entries, bytes, batchId, binding, token, leaseUntil }: ClaimRequest): string[] {
  const limits = [entries, bytes].map(String)
  return [toSafe(target), instant(now), ...limits, batchId, binding.revision, String(binding.asOf), token, instant(leaseUntil)]
}

/** As lua/claim.ts reads it: kind, at, limit, failing, refused, suspend, reason, skipped. */
function toVerdictArgs(verdict: Verdict): string[] {
  const { at, limit, failing, refused, suspend, reason, skipped }: Partial<AllOf<Verdict>> = verdict
  const flags = [failing, refused].map((flag) => (flag ? '1' : ''))
  return [
    verdict.kind,
    at === undefined ? '' : instant(at),
    String(limit ?? ''),
    ...flags,
    suspend ?? '',
    reason ?? '',
    skipped ? '1' : '',
  ]
}

/** What any of the kinds has. */
type AllOf<T> = { [K in T extends unknown ? keyof T : never]: T extends { [P in K]?: infer V } ? V : never }

function checked(options: RedisStoreOptions): Required<RedisStoreOptions> {
  const { client, prefix = 'unstale', timeout = 10_000, warn = console.warn } = options
  if (typeof (client as RedisClient | undefined)?.call !== 'function') {
    throw new PipelineError('CONFIG_INVALID', `redisStore: client has to be a client of ioredis, not ${kindOf(client)}`)
  }
  if (typeof prefix !== 'string' || !/^[\w.:-]{1,64}$/.test(prefix)) {
    throw new PipelineError('CONFIG_INVALID', 'redisStore: prefix has to be 1 to 64 letters, digits and _.:-')
  }
  if (!(timeout > 0 && timeout <= 600_000)) {
    throw new PipelineError('CONFIG_INVALID', 'redisStore: timeout has to be 1 to 600000 (milliseconds)')
  }
  return { client, prefix, timeout, warn }
}
