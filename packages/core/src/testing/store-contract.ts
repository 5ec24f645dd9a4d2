import { memoryStore } from '../stores/memory.ts'
import { appendLaws } from './contract/append-laws.ts'
import { claimLaws } from './contract/claim-laws.ts'
import { inboxLaws } from './contract/inbox-laws.ts'
import { keepingLaws } from './contract/keeping-laws.ts'
import { compareStores } from './contract/model.ts'
import { settleLaws } from './contract/settle-laws.ts'
import { type Case, type Feature, type Harness, subjectOf } from './contract/subject.ts'
import { targetsLaws } from './contract/targets-laws.ts'

export type { Case as ContractCase, Harness as StoreHarness } from './contract/subject.ts'

/** What a test runner has to offer; those of Vitest, `node:test`, Jest and Mocha do. */
export interface ContractRunner {
  describe(name: string, body: () => void): unknown
  it: ((name: string, body: () => Promise<void>) => unknown) & { skip(name: string, body: () => Promise<void>): unknown }
}

/** Every case, by law. */
export const storeLaws: readonly Case[] = [
  ...appendLaws,
  ...claimLaws,
  ...settleLaws,
  ...keepingLaws,
  ...inboxLaws,
  ...targetsLaws,
]

/**
 * The contract of a `Store`: registers one test for each sentence of its laws, and random calls that it and the memory
 * store have to answer alike. `create` makes an empty store for each test.
 *
 *     import { describe, it } from 'node:test'
 *     storeContract('mine', async () => ({ store: myStore(), dispose: async () => {} }), { describe, it })
 *
 * What the harness cannot do is named in `without`, with the reason that its skipped tests show; else they fail.
 * `seeds` (default 25) random sequences of `calls` (default 150) are tried; one that fails names its seed.
 */
export function storeContract(
  name: string,
  create: () => Promise<Harness>,
  runner: ContractRunner,
  options: { without?: Partial<Record<Feature, string>>; seeds?: number; calls?: number } = {},
): void {
  const { describe, it } = runner
  const { without = {}, seeds = 25, calls = 150 } = options
  describe(`store contract: ${name}`, () => {
    for (const { law, sentence, needs, run } of storeLaws) {
      const title = `${typeof law === 'number' ? `law ${law}` : law}: ${sentence}`
      const reason = needs === undefined ? undefined : without[needs]
      if (reason !== undefined) it.skip(`${title} (${reason})`, async () => {})
      else it(title, () => onStore(create, (harness) => run(subjectOf(harness))))
    }
    for (let seed = 1; seed <= seeds; seed++) {
      it(`law 13: equal calls give equal state, seed ${seed}`, () =>
        onStore(create, ({ store }) => compareStores(store, memoryStore(), seed, calls)))
    }
  })
}

/** Runs one case on a store of its own. */
export async function onStore(create: () => Promise<Harness>, run: (harness: Harness) => Promise<void>): Promise<void> {
  const harness = await create()
  try {
    await run(harness)
  } finally {
    await harness.dispose()
  }
}
