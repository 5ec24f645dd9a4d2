import { describe, expect, it } from 'vitest'
import type { InTestsOptions } from '../harness/in-tests.ts'
import { createStage, createTarget } from '../stage.ts'
import { allIsKnown, startBurst } from './burst.ts'

export function killsLoseNothing(name: string, options: InTestsOptions): void {
  describe(`kill -9: ${name}`, () => {
    it('ten times in the middle of a burst loses nothing that was acknowledged', { timeout: 600_000 }, async () => {
      const { directus, api, receiver } = await createStage({ ...options, env: { UNSTALE_LEASE: '2s' } })
      await createTarget(api, receiver.url, [{ collection: 'posts', payload: ['title'] }])
      const ever = new Set<number>()
      for (let round = 1; round <= 10; round++) {
        const burst = startBurst([api], `round ${round}`)
        // Not always at the same point of a window.
        await burst.acknowledged(20 + round * 7)
        await directus.kill()
        await burst.end()
        for (const id of burst.items) ever.add(id)
        await directus.restart()
        await allIsKnown(api, receiver, ever)
      }
      expect(ever.size).toBeGreaterThan(100)
    })
  })
}
