import type { FlushContext, FlushEvent, ReceiverOptions } from './types.ts'

/**
 * Runs every handler that is for one of these events, in their order, then `onBatch`, whatever fails. `failed` holds
 * indexes of events: of all, if `onBatch` failed.
 */
export async function dispatch(
  { on, onBatch }: Pick<ReceiverOptions, 'on' | 'onBatch'>,
  events: FlushEvent[],
  context: FlushContext,
  report: (error: unknown, event?: FlushEvent) => void,
): Promise<{ handled: number; failed: number[] }> {
  let failed = new Set<number>()
  let handled = 0
  for (const [index, event] of events.entries()) {
    let isHandled = Boolean(onBatch)
    for (const name in on) {
      // Where the sender does not say of which collection an id is, it may be of any.
      if (name !== '*' && name !== event.collection && event.collection !== '*') continue
      isHandled = true
      try {
        await on[name]?.(event, context)
      } catch (error) {
        failed.add(index)
        report(error, event)
      }
    }
    if (isHandled) handled++
  }
  try {
    await onBatch?.(events, context)
  } catch (error) {
    failed = new Set(events.keys())
    report(error)
  }
  return { handled, failed: [...failed] }
}
