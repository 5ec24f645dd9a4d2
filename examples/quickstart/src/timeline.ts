import type { Request, Response } from 'express'
import type { FrontEndKey } from './flushes.ts'
import type { CachedPage } from './front-end.ts'

/** What the page and the terminal tell. `at` is epoch milliseconds. */
export type Happening =
  | { kind: 'chapter'; title: string }
  /** A write was committed; `stale` are the cached pages that are old from now on. */
  | { kind: 'write'; what: string; changes: number; stale: { frontEnd: FrontEndKey; paths: string[] }[] }
  /** A change joined what waits for that front end. */
  | { kind: 'accepted'; frontEnd: FrontEndKey; changes: number }
  /** One request, what came back, and what that means. */
  | {
      kind: 'attempt'
      frontEnd: FrontEndKey
      batch: number
      batchId: string
      attempt: number
      changes: number
      answer: string
      verdict: 'delivered' | 'retry' | 'split' | 'dead' | 'return' | 'aborted'
      retryAt?: number
    }
  /** `staleFor`: milliseconds since the oldest of the edits that they show. */
  | { kind: 'dropped'; frontEnd: FrontEndKey; paths: string[]; staleFor: number | null }
  | { kind: 'rendered'; frontEnd: FrontEndKey; page: CachedPage }
  | { kind: 'up' | 'down'; frontEnd: FrontEndKey }
  | { kind: 'incident'; frontEnd: FrontEndKey; what: string }
  /** What has not arrived yet. */
  | { kind: 'waiting'; frontEnd: FrontEndKey; pending: number; inFlight: number }
  | { kind: 'figures'; median: number | null; edits: number; changes: number; requests: number }

export type Told = Happening & { at: number }

export interface Timeline {
  add(happening: Happening, at?: number): void
  /** Returns how to stop. */
  on(listener: (told: Told) => void): () => void
  /** Resolves with the next event that fits. */
  next(fits: (told: Told) => boolean): Promise<Told>
  /** Server-sent events: first `state()` as `hello`, then the latest events, then each as it happens. */
  stream(state: () => unknown): (request: Request, response: Response) => void
}

/** Keeps the last `keep` events for those who come later. */
export function createTimeline(keep: number): Timeline {
  const kept: Told[] = []
  const listeners = new Set<(told: Told) => void>()

  function on(listener: (told: Told) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return {
    on,
    add(happening, at = Date.now()) {
      const told = { ...happening, at }
      // The others only say how things stand now, as `hello` does.
      if (told.kind !== 'rendered' && told.kind !== 'figures' && told.kind !== 'waiting') kept.push(told)
      if (kept.length > keep) kept.shift()
      for (const listener of [...listeners]) listener(told)
    },
    next: (fits) =>
      new Promise((resolve) => {
        const off = on((told) => {
          if (!fits(told)) return
          off()
          resolve(told)
        })
      }),
    stream: (state) => (request, response) => {
      response.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).flushHeaders()
      const send = (name: string, data: unknown) => response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
      send('hello', { now: Date.now(), state: state(), told: kept })
      request.once(
        'close',
        on((told) => send('told', told)),
      )
    },
  }
}
