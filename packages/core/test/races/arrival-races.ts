/** Races on the way into the pending sets: the inbox, and appends that are noted before they are taken in. */
import type { Inbox, InboxRow } from '../../src/ports.ts'
import { DELIVERED, entryOf, T0 } from '../../src/testing/contract/subject.ts'
import type { Batch } from '../../src/types.ts'
import { type Actor, expectNewest, expectOnce, type Race, state, toldOf } from './race.ts'

export const arrivalRaces: readonly Race[] = [
  {
    name: 'a row of the inbox is folded once, beside appends and other folders',
    needs: 'inbox',
    catches: ['without transactions', 'fold does not look'],
    async round(field) {
      const { at, stores, target, together, rest, transaction, wrong } = field
      const [one, two, publisher] = at as [Actor, Actor, Actor]
      const inboxes = stores.map(({ inbox }) => inbox as Inbox)
      const write = (key: string) => transaction((tx) => inboxes[0]?.write(tx, [row(target, key)]) ?? Promise.reject())
      await write('1')
      await write('2')
      const rows = await mine(inboxes[0] as Inbox, target)
      if (rows.length !== 2) return wrong(`lost: ${rows.length} rows of 2 are in the inbox`)
      const fold = (inbox: Inbox) => async () =>
        inbox.fold(
          rows,
          rows.flatMap(({ entries }) => entries),
        )
      const [first, second, , , claimed] = await together(
        fold(inboxes[0] as Inbox),
        fold(inboxes[1] as Inbox),
        () => publisher.put(state('1', 2, T0 + 1)).then(() => publisher.store.peek({ now: T0, targets: [] })),
        () => write('3'),
        async () => {
          const batch = await two.claim(T0)
          if (batch !== null) await two.settle(batch, DELIVERED, T0)
          return batch
        },
      )
      if ([first, second].filter((result) => result !== null).length !== 1) wrong('not exactly one has folded them')
      const left = await mine(inboxes[1] as Inbox, target)
      if (left.map(({ change }) => change.key).join() !== '3') wrong(`${left.length} rows are left of which 1 is to be`)
      await one.store.inbox?.fold(
        left,
        left.flatMap(({ entries }) => entries),
      )
      const delivered = [...(claimed === null ? [] : [claimed]), ...(await rest(T0 + 5))]
      expectOnce(field, delivered)
      // Folded late, an old state may follow a newer one.
      if (!toldOf(delivered, '1').includes(2)) wrong('lost: state 2 of 1')
      for (const key of ['2', '3']) expectNewest(field, delivered, key, 1)
    },
  },
  {
    name: 'a transaction that is still open holds up nobody who folds',
    needs: 'transactions side by side',
    catches: ['folding locks the whole inbox'],
    // Each keeps a connection.
    width: 2,
    async round({ stores, target, rest, transaction, wrong }) {
      const [user, folder] = stores.map(({ inbox }) => inbox as Inbox) as [Inbox, Inbox]
      await transaction((tx) => user.write(tx, [row(target, '1')]))
      let commit = () => {}
      const committing = new Promise<void>((resolve) => {
        commit = resolve
      })
      let open: Promise<void> = Promise.resolve()
      await new Promise<void>((resolve, reject) => {
        open = transaction(async (tx) => {
          await user.write(tx, [row(target, '2')])
          resolve()
          await committing
        })
        open.catch(reject)
      })
      let one = 'nothing'
      try {
        await transaction((tx) => user.write(tx, [row(target, '3')]))
        let folded = false
        const folding = fold(folder, target).finally(() => {
          folded = true
        })
        // Time enough for whoever need not wait.
        for (let n = 0; n < 200 && !folded; n++) await stores[2]?.time()
        if (!folded) wrong('folding waits for a transaction of somebody else')
        commit()
        one = await folding
      } finally {
        commit()
        await open
      }
      if (one !== '1,3') wrong(`${one} was folded instead of 1 and 3`)
      if ((await fold(folder, target)) !== '2') wrong('lost: 2')
      const keys = (await rest(T0 + 5)).flatMap(({ entries }) => entries.map(({ last }) => last.key))
      if (keys.sort().join() !== '1,2,3') wrong(`${keys} were delivered`)
    },
  },
  {
    name: 'what several processes append, take in and claim at once is all delivered, in order',
    catches: ['without transactions', 'takes in up to the last', 'appends overtake each other'],
    async round(field) {
      const { at, together, rest } = field
      const [one, two, three] = at as [Actor, Actor, Actor]
      const batches: Batch[] = []
      const work = async (actor: Actor, now: number) => {
        const batch = await actor.claim(now, { leaseUntil: now + 1_000 })
        if (batch === null) return
        batches.push(batch)
        await actor.settle(batch, DELIVERED, now)
      }
      const append = async (actor: Actor, key: string) => {
        // One after the other, but not waited for: the process keeps their order.
        await Promise.all([1, 2, 3].map((n) => actor.put(state(key, n), { key: `${key}${n}` })))
        await work(actor, T0)
      }
      await together(
        () => append(one, 'a'),
        () => append(two, 'b'),
        () => three.store.peek({ now: T0, targets: [] }).then(() => work(three, T0)),
      )
      batches.push(...(await rest(T0 + 5_000)))
      for (const key of ['a', 'b']) {
        expectNewest(field, batches, key, 3)
        for (const n of [1, 2, 3]) {
          if (!batches.some(({ entries }) => entries.some(({ last }) => last.key === `${key}${n}`)))
            field.wrong(`lost: ${key}${n}`)
        }
      }
      expectOnce(field, batches)
    },
  },
]

function row(target: string, key: string): Omit<InboxRow, 'id'> {
  const entry = entryOf({ target, ...state(key, 1) })
  return { at: T0, change: { collection: 'articles', event: 'update', key, fields: { target }, timestamp: T0 }, entries: [entry] }
}

/** Folds what is committed; answers the keys. */
async function fold(inbox: Inbox, target: string): Promise<string> {
  const rows = await mine(inbox, target)
  const entries = rows.flatMap((row) => row.entries)
  return (await inbox.fold(rows, entries)) === null ? 'nothing' : rows.map(({ change }) => change.key).join()
}

/** Other rounds have their rows in the same inbox. */
async function mine(inbox: Inbox, target: string): Promise<readonly InboxRow[]> {
  return (await inbox.read(10_000)).filter(({ change }) => change.fields['target'] === target)
}
