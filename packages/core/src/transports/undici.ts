import diagnostics from 'node:diagnostics_channel'
import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import type { LookupFunction, Socket } from 'node:net'
import { Agent, buildConnector, request as undiciRequest } from 'undici'
import { createNetwork, type Network, type NetworkOptions } from '../network.ts'
import type { Transport } from '../ports.ts'
import { codeOf, type Failure, placeOf, take, withinLimits } from './answer.ts'

export interface UndiciTransportOptions {
  /** Which addresses may be called. Default: public ones only. */
  network?: NetworkOptions | Network
  /** Milliseconds to resolve a name and to connect, TLS included. Default 10,000. */
  connectTimeout?: number
  /** Connections that one origin may have at once; more requests wait for one. Default: no limit. */
  connections?: number
  /** For tests: resolves names instead of the system. */
  lookup?: Lookup
}

/** `dns.lookup` with `{ all: true }`. */
export type Lookup = (
  hostname: string,
  options: { all: true; family?: number; hints?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/**
 * The default on Node: undici, HTTP/1.1 over kept-alive connections, one request at a time on each. The address that was
 * checked is the one that is dialled, because the check is part of the connection's own lookup. Throws CONFIG_INVALID for
 * a bad `network`.
 */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  const { connectTimeout = 10_000, connections, lookup = systemLookup as Lookup } = options
  const network = toNetwork(options.network)
  const failedToConnect = new WeakSet<object>()
  let closed = false

  const connector = buildConnector({
    allowH2: false,
    timeout: connectTimeout,
    lookup: guardedLookup(network, lookup),
    autoSelectFamily: true,
    // Of several addresses each gets this long; Node's 250 ms is too short for the far side of the world.
    autoSelectFamilyAttemptTimeout: 2000,
  })
  watchSockets()
  const agent = new Agent({
    ...(connections === undefined ? undefined : { connections }),
    pipelining: 1,
    // The total timeout of each request covers both.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 16_384,
    connect: (target, callback) => {
      connector(target, (...answer) => {
        const [error, socket] = answer
        if (error !== null) failedToConnect.add(error)
        else uses.set(watched(socket), { requests: 0, bytesRead: 0 })
        callback(...answer)
      })
    },
  })

  function toFailure(error: unknown, url: string): Failure {
    if (error instanceof RefusedError) return { kind: 'refused', message: error.message }
    const code = codeOf(error)
    if (closed) return { kind: 'aborted', message: 'the transport was closed' }
    const place = placeOf(url)
    if (typeof error !== 'object' || error === null) return { kind: 'network', message: `no answer from ${place}: ${code}` }
    if (failedToConnect.has(error)) {
      const why = code === 'UND_ERR_CONNECT_TIMEOUT' ? `no connection within ${connectTimeout} ms` : code
      return { kind: 'network', message: `cannot connect to ${place}: ${why}`, unsent: true }
    }
    if (diedIdle(error))
      return { kind: 'network', message: `the kept-alive connection to ${place} was closed: ${code}`, unsent: true }
    return { kind: 'network', message: `no answer from ${place}: ${code}` }
  }

  return {
    send: ({ url, headers, body, timeout }, signal) => {
      // Node dials an address literal without a lookup.
      const refusal = network.checkUrl(url)
      if (refusal !== null) return Promise.resolve({ kind: 'refused', message: refusal.message })
      return withinLimits(timeout, signal, async (reading, stop) => {
        try {
          const answer = await undiciRequest(url, { dispatcher: agent, method: 'POST', headers, body, signal: stop })
          const retryAfter = answer.headers['retry-after']
          reading.status = answer.statusCode
          reading.retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter
          // A stream that is dropped half-read says so, to nobody.
          answer.body.on('error', () => undefined)
          for await (const chunk of answer.body) if (!take(reading, chunk as Uint8Array)) break
          return undefined
        } catch (error) {
          return toFailure(error, url)
        }
      })
    },
    close: async () => {
      closed = true
      await agent.destroy()
    },
  }
}

class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** Answers with the allowed ones of a name's addresses only, so that no other can be dialled. */
function guardedLookup(network: Network, lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    const { all, family, hints } = options
    const asked = {
      all: true as const,
      ...(typeof family === 'number' ? { family } : undefined),
      ...(hints === undefined ? undefined : { hints }),
    }
    lookup(hostname, asked, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      let refused: string | undefined
      const allowed = addresses.filter(({ address }) => {
        const refusal = network.checkAddress(hostname, address)
        refused ??= refusal?.message
        return refusal === null
      })
      const [first] = allowed
      if (first === undefined) return callback(new RefusedError(refused ?? `${hostname} has no address`), '', 0)
      if (all) return callback(null, allowed)
      callback(null, first.address, first.family)
    })
  }
}

/** Of every socket of ours: requests sent on it, and the bytes it had read before the last of them. */
const uses = new WeakMap<object, { requests: number; bytesRead: number }>()
const diedOf = new WeakMap<object, Socket>()
let watching = false

/** undici says which socket a request goes out on through this channel alone. */
function watchSockets(): void {
  if (watching) return
  watching = true
  diagnostics.subscribe('undici:client:sendHeaders', (message) => {
    const { socket } = message as { socket: Socket }
    const use = uses.get(socket)
    if (use === undefined) return
    use.requests++
    use.bytesRead = socket.bytesRead
  })
}

function watched(socket: Socket): Socket {
  return socket.on('error', (error) => diedOf.set(error, socket))
}

/** Whether a connection that had served before broke before a byte of this answer: its peer was already gone, as far as anyone can tell. */
function diedIdle(error: object): boolean {
  const socket = diedOf.get(error)
  const use = socket && uses.get(socket)
  return use !== undefined && use.requests > 1 && socket?.bytesRead === use.bytesRead
}

function toNetwork(network: NetworkOptions | Network | undefined): Network {
  return network !== undefined && 'checkUrl' in network ? network : createNetwork(network)
}
