/** How the store's calls reach the server: bounded, checked, and with errors of one kind. */
import { createHash } from 'node:crypto'
import { type Check, createCheck } from './check.ts'
import type { RedisClient } from './client.ts'
import { isNoScript, toStoreError } from './failure.ts'

export interface Calls {
  /** Runs a script with these arguments. `doing` completes "could not …". */
  run(doing: string, script: string, args: readonly (string | Uint8Array)[]): Promise<unknown>
  /** A command that is no script. */
  ask(doing: string, command: string, args?: string[]): Promise<unknown>
}

export interface Place {
  client: RedisClient
  /** All keys begin with it; in braces, so that they lie on one node of a cluster. */
  prefix: string
  /** Milliseconds that a call may take. */
  timeout: number
  warn(message: string): void
}

export function callsOn(place: Place): Calls {
  const { client, prefix, timeout } = place
  const hashes = new Map<string, string>()
  const check: Check = createCheck(place)
  const key = `{${prefix}}:version`
  let waiting: Promise<void> | undefined
  /** When the server last gave a sign of life. */
  let heardAt = performance.now()

  function hashOf(script: string): string {
    let hash = hashes.get(script)
    if (hash === undefined) {
      hash = createHash('sha1').update(script).digest('hex')
      hashes.set(script, hash)
    }
    return hash
  }

  const heard = () => {
    heardAt = performance.now()
  }

  /** A connection that was cut in the middle would not be noticed for many minutes; nor one that is never answered. */
  function connectAnew(): void {
    const stuck = client.status === 'ready' || client.status === 'connect'
    if (!stuck || performance.now() - heardAt < timeout) return
    heard()
    client.disconnect(true)
  }

  /** A client that is not connected would keep what it is told in a queue, for ever if need be. */
  function connected(): Promise<void> | undefined {
    if (client.status === 'ready') return undefined
    if (client.status === 'end') return Promise.reject(new Error('the client was ended'))
    waiting ??= new Promise<void>((resolve, reject) => {
      const settle = (done: () => void) => () => {
        heard()
        client.off('connect', heard)
        client.off('ready', ready)
        client.off('end', end)
        waiting = undefined
        done()
      }
      const ready = settle(resolve)
      const end = settle(() => reject(new Error('the client was ended')))
      client.on('connect', heard)
      client.on('ready', ready)
      client.on('end', end)
      if (client.status === 'wait') client.connect().catch(() => {})
    })
    return waiting
  }

  async function evaluate(script: string, args: readonly (string | Uint8Array)[]): Promise<unknown> {
    try {
      return await client.call('evalsha', [hashOf(script), '1', key, ...args])
    } catch (error) {
      if (!isNoScript(error)) throw error
      return await client.call('eval', [script, '1', key, ...args])
    }
  }

  async function attempt(doing: string, work: () => Promise<unknown>): Promise<unknown> {
    const limit = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        limit.abort()
        reject(new Error(`no answer within ${timeout} ms`))
        connectAnew()
      }, timeout)
    })
    const step = async () => {
      await connected()
      if (!limit.signal.aborted) await check.passed()
      // Nobody waits for it any more.
      return limit.signal.aborted ? undefined : work()
    }
    try {
      const answer = await Promise.race([step(), late])
      heard()
      return answer
    } catch (error) {
      throw toStoreError(doing, error)
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    run: (doing, script, args) => attempt(doing, () => evaluate(script, args)),
    ask: (doing, command, args = []) => attempt(doing, () => client.call(command, args)),
  }
}
