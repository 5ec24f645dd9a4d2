import type { Source } from '../ports.ts'
import type { ChangeInput } from '../types.ts'

/**
 * What mitt is, and anything else with `on(type, handler)` and `off(type, handler)`. Emitters type their events each in a
 * way of its own, and all of those are assignable to this one.
 */
export interface EmitterLike {
  on(type: never, handler: never): unknown
  off(type: never, handler: never): unknown
}

export interface EmitterSourceOptions {
  /** Which events report changes; `'*'` is mitt's wildcard. Default `change`. */
  events?: string | readonly string[]
  /** From an event to its changes. Default: the event is a change, or an array of them. */
  toChanges?: (event: never, type: string) => ChangeInput | readonly ChangeInput[] | null
  /** Told of changes that could not be published: an emitter's caller cannot be. Default: `console.error`. */
  onError?: (error: unknown) => void
}

/**
 * Changes that an emitter reports. They are durable once the pipeline has stored them, which an emitter cannot wait for:
 * where nothing may be lost, call `pipeline.publish` and await it.
 */
export function emitterSource(emitter: EmitterLike, options: EmitterSourceOptions = {}): Source {
  const { events = 'change', toChanges = (event: never) => event as ChangeInput, onError = console.error } = options
  return {
    subscribe(publish) {
      const report = async (event: never, type: string): Promise<void> => {
        try {
          const changes = toChanges(event, type)
          if (changes !== null) await publish(changes)
        } catch (error) {
          onError(error)
        }
      }
      const offs = [...new Set([events].flat())].map((type) => {
        // mitt's wildcard hands out the type first, then the event.
        const handler = (event: never, detail?: never): void => {
          const reported = type === '*' ? report(detail as never, event) : report(event, type)
          // Nobody else could hear of it, and an unhandled rejection would end the process.
          reported.catch(console.error)
        }
        emitter.on(type as never, handler as never)
        return () => emitter.off(type as never, handler as never)
      })
      return () => {
        for (const off of offs) off()
      }
    },
  }
}
