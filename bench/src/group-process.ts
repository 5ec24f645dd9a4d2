/** Measures one group on a heap and a compiler that no other group has been at. */
import type { Effort } from './group.ts'
import { groups } from './groups.ts'

// Whoever asked has gone, and with us go the receiver and the servers.
process.on('disconnect', () => process.exit())
process.once('message', async ({ name, effort }: { name: string; effort: Effort }) => {
  const group = await groups[name]?.()
  const rows = await group?.(effort)
  process.send?.(rows, () => process.exit())
})
