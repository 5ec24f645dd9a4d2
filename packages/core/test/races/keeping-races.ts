/** Races of what takes entries back or away with claims and appends. */
import type { AppendResult } from '../../src/ports.ts'
import { DELIVERED, T0 } from '../../src/testing/contract/subject.ts'
import type { Batch } from '../../src/types.ts'
import { type Actor, expectNewest, expectOnce, type Race, state } from './race.ts'

export const keepingRaces: readonly Race[] = [
  {
    name: 'what is redriven twice at once comes back once, beside claims and appends',
    catches: ['without locks', 'without transactions', 'redrive counts what it has seen'],
    async round(field) {
      const { at, target, together, rest, wrong } = field
      const [owner, publisher, worker] = at as [Actor, Actor, Actor]
      await owner.put(state('1', 1))
      await owner.settle(await owner.take(T0), { kind: 'dead', reason: 'refused' }, T0)
      const redrive = ({ store }: Actor) => store.redrive({ target, now: T0 + 5 })
      const [one, two, , claimed] = await together(
        () => redrive(owner),
        () => redrive(worker),
        () => publisher.put(state('1', 2, T0 + 5), { key: '2', at: T0 + 5 }),
        () => worker.claim(T0 + 5),
      )
      if (one + two !== 1) wrong(`one letter was redriven ${one} and ${two} times`)
      const delivered = await deliver(field, worker, claimed)
      // Redriven, an old state may follow a newer one.
      const told = delivered.flatMap(({ entries }) => entries.map(({ last }) => last.fields))
      if (!told.includes('{"n":2}')) wrong(`lost: state 2 of 1; delivered were ${told}`)
      if (!delivered.some(({ entries }) => entries.some(({ last }) => last.key === '2'))) wrong('lost: 2')
      expectOnce(field, delivered)
      if ((await owner.store.listDead({ target, limit: 9 })).length > 0) wrong('it is a dead letter, too')
      await rest(T0 + 9)
    },
  },
  {
    name: 'a batch that is split while others claim and append loses nothing and keeps its order',
    catches: ['without locks', 'without transactions', 'a split is two steps'],
    async round(field) {
      const { at, together } = field
      const [owner, publisher, worker] = at as [Actor, Actor, Actor]
      await owner.put(state('1', 1), state('2', 1))
      const batch = await owner.take(T0)
      const [, , claimed] = await together(
        () => owner.settle(batch, { kind: 'split', at: T0 + 5, limit: 1, failing: false }, T0 + 5),
        () => publisher.put(state('1', 2, T0 + 5), state('3', 1, T0 + 5)),
        () => worker.claim(T0 + 5),
      )
      const delivered = await deliver(field, worker, claimed)
      expectNewest(field, delivered, '1', 2)
      for (const key of ['2', '3']) expectNewest(field, delivered, key, 1)
      expectOnce(field, delivered)
    },
  },
  {
    name: 'what overflows is a dead letter once, and told once',
    catches: ['without transactions', 'overflow is told to nobody'],
    // What is told to one round may be another's.
    width: 1,
    async round({ at, target, together, rest, wrong }) {
      const publish = async (actor: Actor, process: number) => {
        const results: AppendResult[] = []
        for (let n = 0; n < 3; n++) results.push(await actor.put({ key: `${process}${n}`, maxPending: 3 }))
        return results
      }
      const results = (await together(...at.map((actor, process) => () => publish(actor, process)))).flat()
      for (const { store } of at) {
        const { overflow } = await store.peek({ now: T0, targets: [target] })
        if (overflow !== undefined) results.push(overflow)
      }
      const told = results.flatMap(({ overflowed }) => overflowed).reduce((sum, { count }) => sum + count, 0)
      const dead = await (at[0] as Actor).store.listDead({ target, limit: 99 })
      if (told !== dead.length) wrong(`${dead.length} died, and ${told} were told of`)
      const keys = [...dead.map(({ entry }) => entry), ...(await rest(T0)).flatMap(({ entries }) => entries)].map(
        ({ last }) => last.key,
      )
      if (keys.length !== 9 || new Set(keys).size !== 9) wrong(`of 9 entries there are ${keys.sort()}`)
      if (dead.length !== 6) wrong(`${dead.length} died instead of 6`)
    },
  },
  {
    name: 'what is forgotten in flight is gone, and what comes after is not',
    catches: ['without transactions', 'forgets what comes after'],
    async round(field) {
      const { at, target, together, wrong, rest } = field
      const [owner, editor, publisher] = at as [Actor, Actor, Actor]
      await owner.put({ key: '1' })
      const batch = await owner.take(T0, { leaseUntil: T0 + 50 })
      await together(
        () => owner.settle(batch, { kind: 'retry', at: T0 + 20, failing: false }, T0 + 10),
        () => editor.store.forget(target, T0 + 5),
        () => publisher.put({ key: '2', at: T0 + 6 }).then(() => publisher.claim(T0 + 6)),
      )
      // Whoever got it is gone; its lease is over by then.
      const delivered = await rest(T0 + 100_000)
      const keys = delivered.flatMap(({ entries }) => entries.map(({ last }) => last.key))
      if (keys.includes('1')) wrong('1 was forgotten, and delivered')
      if (!keys.includes('2')) wrong('lost: 2')
    },
  },
]

/** Settles what was claimed, and delivers the rest: all batches, in the order in which they were delivered. */
async function deliver(
  { rest }: Pick<Parameters<Race['round']>[0], 'rest'>,
  worker: Actor,
  claimed: Batch | null,
): Promise<readonly Batch[]> {
  if (claimed === null) return rest(T0 + 8)
  await worker.settle(claimed, DELIVERED, T0 + 7)
  return [claimed, ...(await rest(T0 + 8))]
}
