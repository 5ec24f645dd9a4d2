import { describe, expect, it } from 'vitest'
import { judge } from './judge.ts'
import { runWorld } from './world.ts'

/** Seeds that broke a rule once; each says which. */
const REGRESSIONS: readonly (readonly [number, string])[] = [
  [11, 'rules were edited: an entry that stood for several changes was tested by the events of its ends alone'],
  [20, 'rules were edited: an old slug was dropped, since the state that it came from was not known any more'],
  [5419, 'an older change was committed after a newer one: the entry looked like one that stood for the newer alone'],
]

const SEEDS = 500
const CHUNK = 50

async function problemsOf(seed: number): Promise<string[]> {
  return (await judge(await runWorld(seed))).map((problem) => `SEED=${seed} ${problem}`)
}

describe('simulation: whatever happens, no accepted change is lost, changed, reordered or stranded', () => {
  for (let from = 1; from <= SEEDS; from += CHUNK) {
    it(`in the worlds of seeds ${from} to ${from + CHUNK - 1}`, { timeout: 120_000 }, async () => {
      for (let seed = from; seed < from + CHUNK; seed++) expect(await problemsOf(seed)).toEqual([])
    })
  }
  for (const [seed, what] of REGRESSIONS) {
    it(`seed ${seed}: ${what}`, async () => {
      expect(await problemsOf(seed)).toEqual([])
    })
  }
})
