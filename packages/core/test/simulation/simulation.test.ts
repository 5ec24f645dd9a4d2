import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/ports.ts'
import { problemsOf } from './worlds.ts'

/** Seeds that broke a rule once; each says which. */
const REGRESSIONS: readonly (readonly [number, string])[] = [
  [11, 'rules were edited: an entry that stood for several changes was tested by the events of its ends alone'],
  [20, 'rules were edited: an old slug was dropped, since the state that it came from was not known any more'],
  [5419, 'an older change was committed after a newer one: the entry looked like one that stood for the newer alone'],
]

const SEEDS = 500
const CHUNK = 50

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

/** Stores of workers that are broken, and what the worlds say of them. */
const broken: [how: string, said: RegExp, spoil: (store: Store) => Store][] = [
  ['any token will do', /two requests at once/, anyToken()],
  [
    'a claim takes whatever there is',
    /large:/,
    (store) => ({ ...store, claim: (request) => store.claim({ ...request, bytes: Infinity }) }),
  ],
  [
    'failing targets are due like others',
    /in flight at once, which fail/,
    (store) => ({ ...store, due: (query) => store.due({ ...query, failingLimit: query.limit }) }),
  ],
  [
    'an append that was accepted is dropped',
    /lost/,
    (store) => ({ ...store, append: (entries) => store.append(entries.slice(1)) }),
  ],
]

/** The last token of a batch stands in for every other one. */
function anyToken(): (store: Store) => Store {
  const tokens = new Map<string, string>()
  const current = <R extends { batchId: string; token: string }>(receipt: R): R => ({
    ...receipt,
    token: tokens.get(receipt.batchId) ?? receipt.token,
  })
  return (store) => ({
    ...store,
    async claim(request) {
      const batch = await store.claim(request)
      if (batch !== null) tokens.set(batch.id, batch.token)
      return batch
    },
    renew: (receipt, leaseUntil) => store.renew(current(receipt), leaseUntil),
    settle: (receipt, verdict, now) => store.settle(current(receipt), verdict, now),
  })
}

describe('the simulation sees a store where', () => {
  it.each(broken)('%s', { timeout: 60_000 }, async (_, said, spoil) => {
    const problems: string[] = []
    for (let seed = 1; seed <= SEEDS && !problems.some((problem) => said.test(problem)); seed++) {
      problems.push(...(await problemsOf(seed, { spoil })))
    }
    expect(problems.filter((problem) => said.test(problem))).not.toEqual([])
  })
})
