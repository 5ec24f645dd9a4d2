/** Runs one random sequence of calls on two stores and compares everything that they answer (law 13: equal calls give equal state). */
import { deepEqual } from 'node:assert/strict'
import { type AppendResult, LONGEST, type Store, type TargetRows } from '../../ports.ts'
import type { Batch, DeadLetter, Entry, Verdict } from '../../types.ts'
import { entryOf, receiptOf, T0 } from './subject.ts'

const TARGETS = ['a', 'b', 'c'] as const
const KEYS = ['1', '2', '3', '4', '5'] as const

/** Rejects at the first call after which `subject` differs from `model`, naming the seed and the calls. */
export async function compareStores(subject: Store, model: Store, seed: number, calls: number): Promise<void> {
  const random = randomOf(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const chance = (share: number) => random() < share
  const held: Batch[] = []
  const trace: string[] = []
  let now = T0
  let n = 0

  /** Both stores do the same; answers what the model answered. */
  async function both<T>(
    name: string,
    args: unknown,
    call: (store: Store, which: 'subject' | 'model') => Promise<T>,
    view: (answer: T) => unknown = same,
  ): Promise<T> {
    trace.push(`${name}(${JSON.stringify(args)})`)
    const [expected, actual] = [await call(model, 'model'), await call(subject, 'subject')]
    compare(view(actual), view(expected), name)
    return expected
  }
  function compare(actual: unknown, expected: unknown, what: string): void {
    try {
      deepEqual(actual, expected)
    } catch (cause) {
      const last = trace.slice(-25).join('\n')
      throw new Error(
        `${subject.name} differs in ${what}, SEED=${seed}, call ${trace.length}:\n${last}\n${(cause as Error).message}`,
        { cause },
      )
    }
  }

  function entry(): Entry {
    const at = now + pick([0, 0, 0, 0, -5, -40, 3])
    const quietUntil = at + pick([0, 10, 50])
    const old = chance(0.3) ? { previous: JSON.stringify({ slug: pick(['x', 'y', 'z']) }) } : {}
    const far = chance(0.02) ? { closeBy: at + 10 * LONGEST.window, quietUntil: at + 10 * LONGEST.window } : {}
    return entryOf({
      key: pick(KEYS),
      target: pick(TARGETS),
      at,
      quietUntil,
      closeBy: at + 100,
      size: pick([2, 4, 50]),
      maxPending: pick([3, 5, 100, 100]),
      collapsible: chance(0.1),
      revision: pick(['r1', 'r2']),
      ...far,
      change: {
        collection: pick(['articles', 'pages']),
        event: pick(['create', 'update', 'delete']),
        fields: `{"n":${n++}${'x'.repeat(Math.floor(random() * 40))}}`,
        ...old,
      },
    })
  }
  function verdict(): Verdict {
    const at = now + pick([0, 5, 60, 900, 2 * LONGEST.retry])
    const limit = pick([1, 2, 3])
    return pick<Verdict>([
      { kind: 'delivered', limit: null },
      { kind: 'delivered', limit: pick([null, 1, 4]) },
      { kind: 'delivered', limit: null, skipped: true },
      { kind: 'retry', at, failing: chance(0.5) },
      { kind: 'retry', at, failing: true, refused: true },
      { kind: 'retry', at, failing: chance(0.5), suspend: pick(['gone', 'horizon']) },
      { kind: 'split', at, limit, failing: chance(0.5) },
      { kind: 'split', at, limit, failing: false },
      { kind: 'dead', reason: 'refused' },
      { kind: 'return' },
      { kind: 'aborted' },
    ])
  }

  const commands: Record<string, () => Promise<unknown>> = {
    append() {
      const entries = Array.from({ length: pick([1, 1, 2, 5]) }, entry)
      return both('append', entries, (store) => store.append(entries), resultOf)
    },
    appendTogether() {
      const groups = Array.from({ length: 4 }, () => [entry(), entry()])
      return both(
        'appendTogether',
        groups,
        (store) => Promise.all(groups.map((group) => store.append(group))),
        (all) => all.map(resultOf),
      )
    },
    collapse() {
      const whole = { ...entry(), collapsible: true }
      const replaced = entryOf({ ...whole, key: '*' })
      return both('collapse', replaced, (store) => store.collapse(whole.target, [replaced]))
    },
    async claim() {
      const claim = ++n
      const request = {
        target: pick(TARGETS),
        now,
        entries: pick([1, 2, 100]),
        bytes: pick([100, 350, 9_999]),
        batchId: `b${claim}`,
        binding: { revision: pick(['r1', 'r2']), asOf: now },
        token: `k${claim}`,
        leaseUntil: now + pick([20, 100, 400, 2 * LONGEST.lease]),
      }
      const batch = await both('claim', request, (store) => store.claim(request))
      if (batch !== null) held.push(batch)
    },
    async settle() {
      // Claims are kept for a while after they were settled, so that stale ones are tried, too.
      const batch = held.length > 0 && chance(0.8) ? held.splice(chance(0.7) ? held.length - 1 : 0, 1)[0] : pick(held)
      if (batch === undefined) return
      const [receipt, said] = [receiptOf(batch), verdict()]
      if (chance(0.1)) held.push(batch)
      await both('settle', [receipt, said, now], (store) => store.settle(receipt, said, now))
    },
    async renew() {
      if (held.length === 0) return
      const [receipt, until] = [receiptOf(pick(held)), now + pick([20, 200])]
      await both('renew', [receipt, until], (store) => store.renew(receipt, until))
    },
    wake: () => onTarget('wake', (store, target) => store.wake(target, now)),
    suspend: () => onTarget('suspend', (store, target) => store.suspend(target, 'manual', now)),
    resume: () => onTarget('resume', (store, target) => store.resume(target, now)),
    forget() {
      const asOf = now - pick([0, 0, 5, 100])
      return onTarget(`forget ${asOf}`, (store, target) => store.forget(target, asOf))
    },
    async redrive() {
      const target = pick(TARGETS)
      const letters = {
        subject: await subject.listDead({ target, limit: 99 }),
        model: await model.listDead({ target, limit: 99 }),
      }
      const chosen = chance(0.5) ? letters.model.map((_, place) => place).filter(() => chance(0.5)) : undefined
      await both('redrive', [target, chosen], (store, which) => {
        const ids = chosen?.map((place) => letters[which][place]?.id ?? '')
        return store.redrive({ target, now, ...(ids && { ids }) })
      })
    },
    async putTarget() {
      const row = { key: pick(KEYS), uid: `u${++n}`, target: { n, list: [pick(KEYS), null] } }
      await onRows('putTarget', row, ({ put }) => put(row))
    },
    async deleteTarget() {
      const key = pick(KEYS)
      await onRows('deleteTarget', key, (rows) => rows.delete(key))
    },
    prune() {
      const query = { before: now - pick([0, 50, 500]), limit: pick([1, 100]) }
      return both('prune', query, (store) => store.prune(query))
    },
    later: async () => {
      now += pick([1, 1, 5, 5, 30, 60, 300, 1_000])
    },
  }
  function onTarget(name: string, call: (store: Store, target: string) => Promise<void>): Promise<void> {
    const target = pick(TARGETS)
    return both(name, [target, now], (store) => call(store, target))
  }

  /** Versions are each store's own: they tell whether something changed. A store without targets has nothing to compare. */
  async function onRows(name: string, args: unknown, call: (rows: TargetRows) => Promise<unknown>): Promise<void> {
    const versions = async (store: Store) => (await store.peek({ now, targets: [] })).targets
    await both(name, args, async (store) => {
      if (subject.targets === undefined || store.targets === undefined) return null
      const before = await versions(store)
      const answer = await call(store.targets)
      const { rows, version } = await store.targets.read()
      return { answer, rows, changed: version > before, told: (await versions(store)) === version }
    })
  }

  const often = [
    'append',
    'append',
    'append',
    'appendTogether',
    'claim',
    'claim',
    'claim',
    'settle',
    'settle',
    'settle',
    'later',
    'later',
    'later',
  ]
  const all = [...often, ...often, ...Object.keys(commands)]
  for (let call = 0; call < calls; call++) {
    await commands[pick(all)]?.()
    const known = TARGETS.filter(() => chance(0.9))
    await both(
      'stats',
      TARGETS,
      (store) => store.stats(TARGETS),
      (stats) => stats.map(({ dueAt, ...rest }) => ({ ...rest, due: dueAt !== null })),
    )
    await both(
      'peek',
      known,
      (store) => store.peek({ now, targets: known }),
      ({ nextDueAt }) => nextDueAt !== null && Math.max(nextDueAt, now),
    )
    // Those that are due since the same instant may come in any order.
    const query = { now, targets: known, limit: 9, failingLimit: chance(0.7) ? 9 : 1 }
    await both(
      'due',
      query,
      (store) => store.due(query),
      (due) => (query.failingLimit === 1 ? due.length : [...due].sort()),
    )
    await both('listDead', {}, (store) => store.listDead({ limit: 99 }), lettersOf)
  }
}

const same = (answer: unknown): unknown => answer

/** The targets of one append have no order among themselves. */
function resultOf({ overflowed, collapsible }: AppendResult): unknown {
  const byTarget = (a: { target: string }, b: { target: string }) => (a.target < b.target ? -1 : 1)
  return { overflowed: [...overflowed].sort(byTarget), collapsible: [...collapsible].sort(byTarget) }
}

/** Ids are the store's own. Within one instant only those of one target have an order. */
function lettersOf(letters: readonly DeadLetter[]): unknown {
  return [...letters]
    .sort((a, b) => b.diedAt - a.diedAt || a.target.localeCompare(b.target))
    .map(({ id: _, ...letter }) => letter)
}

/** Mulberry32: small, seeded, good enough for tests. */
function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
