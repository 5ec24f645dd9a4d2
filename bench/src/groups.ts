import type { Group } from './group.ts'

/** In the order of the table. Each is loaded in its own process alone. */
export const groups: Readonly<Record<string, () => Promise<Group>>> = {
  publish: async () => (await import('./publish.ts')).publish,
  deliver: async () => (await import('./deliver.ts')).deliver,
  durable: async () => (await import('./durable.ts')).durable,
  stores: async () => (await import('./store-rates.ts')).storeRates,
  awaited: async () => (await import('./awaited.ts')).awaited,
  latency: async () => (await import('./latency.ts')).latency,
  dead: async () => (await import('./dead-targets.ts')).deadTargets,
  workers: async () => (await import('./workers.ts')).workers,
  stall: async () => (await import('./stall.ts')).stall,
  idle: async () => (await import('./idle.ts')).idle,
  memory: async () => (await import('./memory.ts')).memory,
  receiver: async () => (await import('./receiver.ts')).receiver,
  directus: async () => (await import('./directus/group.ts')).directus,
}
