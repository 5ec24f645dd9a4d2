import { PipelineError } from './errors.ts'
import type { DeliveryLog, LogBounds, Store } from './ports.ts'

/**
 * A log of deliveries beside what waits for them: `createPipeline({ store, log: deliveryLog(store) })`. All processes on the
 * store share it. Throws STORE_UNSUPPORTED if the store has no place for one, and CONFIG_INVALID.
 */
export function deliveryLog(store: Store, bounds: LogBounds = {}): DeliveryLog {
  if (store.log === undefined) {
    const message = `the ${store.name} store keeps no delivery log: use knexLog on a database, or memoryLog`
    throw new PipelineError('STORE_UNSUPPORTED', message)
  }
  return store.log(bounds)
}
