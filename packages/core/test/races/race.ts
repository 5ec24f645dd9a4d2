/** What a race is, and how many rounds of it are run side by side. */
import type { SqlTransaction, Store } from '../../src/ports.ts'
import { DELIVERED, keysOf, receiptOf, type Subject, subjectOf, T0 } from '../../src/testing/contract/subject.ts'
import type { Batch } from '../../src/types.ts'
import { seeded } from '../simulation/random.ts'

/** Stores on one place, each on connections of its own, as one process each would have them. */
export interface Processes {
  stores: readonly Store[]
  /** Runs `fn` in a transaction of the user's database. */
  transaction?(fn: (transaction: SqlTransaction) => Promise<void>): Promise<void>
  close(): Promise<void>
}

export interface Race {
  name: string
  /** One round. What is wrong afterwards is told to `wrong`. */
  round(field: Field): Promise<void>
  /** Names of doubles (see doubles.ts) that it has to catch, where the store has them. */
  catches: readonly string[]
  needs?: 'inbox' | 'targets' | 'transactions side by side'
  /** Rounds that run at once, where they would hide each other's trouble. */
  width?: number
}

/** Where one round takes place: a target of its own on stores that it shares with other rounds. */
export interface Field {
  target: string
  /** By process: short ways to call its store for this target. */
  at: readonly Actor[]
  stores: readonly Store[]
  transaction: NonNullable<Processes['transaction']>
  /** Runs all at once, each after a moment that differs from round to round; answers what they answer. */
  together<T extends readonly (() => Promise<unknown>)[]>(...acts: T): Promise<{ [K in keyof T]: Awaited<ReturnType<T[K]>> }>
  /** Delivers what is left for this target, and answers all that was delivered since. Tells what nobody can claim. */
  rest(now: number): Promise<readonly Batch[]>
  wrong(problem: string): void
}

export interface Actor extends Pick<Subject, 'put' | 'settle'> {
  store: Store
  claim: (now: number, over?: Parameters<Subject['claim']>[1]) => Promise<Batch | null>
  take: (now: number, over?: Parameters<Subject['claim']>[1]) => Promise<Batch>
  renew(batch: Batch, leaseUntil: number): Promise<boolean>
}

export interface Found {
  rounds: number
  /** Something was lost, stranded, doubled or reordered. */
  problems: readonly string[]
  /** Calls that were rejected: nothing is promised of a store that fails, but ours must not. */
  failures: readonly string[]
}

/** Rounds that run at once. */
const WIDTH = 12

/** Runs one round after the other for `ms` milliseconds, or until a problem was found if `untilWrong`. */
export async function run(
  race: Race,
  { stores, transaction }: Processes,
  { ms, untilWrong = false }: { ms: number; untilWrong?: boolean },
): Promise<Found> {
  const problems: string[] = []
  const failures: string[] = []
  const until = performance.now() + ms
  let begun = 0

  async function lane(): Promise<void> {
    while (performance.now() < until && !(untilWrong && problems.length > 0)) {
      const n = ++begun
      const target = `${race.name} ${n}`
      const wrong = (problem: string) => void problems.push(`round ${n}: ${problem}`)
      const field = fieldOf({
        stores,
        target,
        seed: n,
        wrong,
        transaction: transaction ?? (() => Promise.reject(new Error('none'))),
      })
      await race.round(field).catch((error: unknown) => failures.push(`round ${n}: ${messageOf(error)}`))
    }
  }
  await Promise.all(Array.from({ length: race.width ?? WIDTH }, lane))
  return { rounds: begun, problems, failures }
}

function fieldOf(options: Pick<Field, 'stores' | 'target' | 'wrong' | 'transaction'> & { seed: number }): Field {
  const { stores, target, seed, wrong } = options
  const random = seeded(seed)
  const at = stores.map((store) => actorOn(store, target))
  return {
    ...options,
    at,
    async together(...acts) {
      const started = acts.map(async (act) => {
        for (let turns = random.below(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
        return act()
      })
      // All have ended before one that failed ends the round.
      await Promise.allSettled(started)
      return (await Promise.all(started)) as never
    },
    async rest(now) {
      const delivered: Batch[] = []
      for (let turn = 0; turn < 20; turn++) {
        const actor = at[turn % at.length] as Actor
        const { nextDueAt } = await actor.store.peek({ now, targets: [target] })
        if (nextDueAt === null) break
        const batch = await actor.claim(now)
        if (batch === null) continue
        delivered.push(batch)
        await actor.settle(batch, DELIVERED, now)
      }
      const [stats] = await (at[0] as Actor).store.stats([target])
      const { pending = 0, inFlight = 0 } = stats ?? {}
      if (pending + inFlight > 0) wrong(`stranded: ${pending} pending, ${inFlight} in flight, and nothing to claim`)
      return delivered
    },
  }
}

function actorOn(store: Store, target: string): Actor {
  const subject = subjectOf({ store, dispose: async () => {} })
  return {
    store,
    put: (...entries) => subject.put(...entries.map((entry) => ({ target, ...entry }))),
    claim: (now, over) => subject.claim(now, { target, ...over }),
    take: (now, over) => subject.take(now, { target, ...over }),
    settle: subject.settle,
    renew: (batch, leaseUntil) => store.renew(receiptOf(batch), leaseUntil),
  }
}

/** What the entries of an item tell, batch by batch: the `n` of its fields. */
export function toldOf(batches: readonly Batch[], key: string): number[] {
  return batches.flatMap(({ entries }) =>
    entries.filter(({ last }) => last.key === key).map(({ last }) => (JSON.parse(last.fields) as { n: number }).n),
  )
}

/** An entry whose fields are a number: the n-th state of its item. */
export function state(key: string, n: number, at: number = T0): { key: string; at: number; change: { fields: string } } {
  return { key, at, change: { fields: `{"n":${n}}` } }
}

/** Tells if the newest state of the item was not delivered, or an older one after it. */
export function expectNewest({ wrong }: Pick<Field, 'wrong'>, delivered: readonly Batch[], key: string, n: number): void {
  const told = toldOf(
    [...delivered].sort((a, b) => a.epoch - b.epoch || a.seq - b.seq),
    key,
  )
  const newest = told.indexOf(n)
  if (newest < 0) wrong(`lost: state ${n} of ${key}; delivered were ${JSON.stringify(told)}`)
  else if (told.slice(newest).some((other) => other < n)) wrong(`disorder: ${key} was delivered as ${JSON.stringify(told)}`)
}

/** Tells of entries that are in one batch twice. */
export function expectOnce({ wrong }: Pick<Field, 'wrong'>, batches: readonly (Batch | null)[]): void {
  for (const batch of batches) {
    const identities = batch?.entries.map(({ identity }) => identity) ?? []
    if (new Set(identities).size < identities.length) wrong(`doubled: one batch holds ${JSON.stringify(keysOf(batch))}`)
  }
}

function messageOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string } }
  return `${message}${cause?.message === undefined ? '' : ` (${cause.message})`}`
}
