import type { Group } from './group.ts'

/** In the order of the table. Each is loaded in its own process alone. */
export const groups: Readonly<Record<string, () => Promise<Group>>> = {
  publish: async () => (await import('./publish.ts')).publish,
  deliver: async () => (await import('./deliver.ts')).deliver,
  durable: async () => (await import('./durable.ts')).durable,
  memory: async () => (await import('./memory.ts')).memory,
  receiver: async () => (await import('./receiver.ts')).receiver,
}
