import { afterAll, describe, expect, it } from 'vitest'
import type { Place } from './database.ts'
import { judge } from './judge.ts'
import { runWorld, type WorldOptions } from './world.ts'

/** What is wrong in the world of that seed. */
export async function problemsOf(seed: number, options: WorldOptions = {}): Promise<string[]> {
  const world = await runWorld(seed, options)
  const problems = await judge(world)
  await world.close()
  return problems.map((problem) => `SEED=${seed} ${problem}`)
}

/** The worlds of the first seeds on a real store. */
export function worldsOn(store: string, place: Place, seeds: number): void {
  describe(`simulation on ${store}: whatever happens, no accepted change is lost, changed, reordered or stranded`, () => {
    afterAll(() => place.close())
    for (let seed = 1; seed <= seeds; seed++) {
      it(`in the world of seed ${seed}`, { timeout: 60_000 }, async () => {
        expect(await problemsOf(seed, { place })).toEqual([])
      })
    }
  })
}
