/** Races for a batch: who gets it, who may settle it, and what comes while it ends. */
import { DELIVERED, keysOf, retryAt, T0 } from '../../src/testing/contract/subject.ts'
import type { Verdict } from '../../src/types.ts'
import type { Actor, Race } from './race.ts'

export const flightRaces: readonly Race[] = [
  {
    name: 'a publish at the end of a flight is not stranded',
    catches: ['without locks', 'without transactions', 'idle is decided before the append lands'],
    async round({ at, together, rest, wrong }) {
      const [owner, publisher] = at as [Actor, Actor]
      await owner.put({ key: '1' })
      const batch = await owner.take(T0)
      const [settled] = await together(
        () => owner.settle(batch, DELIVERED, T0 + 1),
        // One of them looks at what is due, as its worker does.
        () => publisher.put({ key: '2', at: T0 + 1 }).then(() => publisher.store.peek({ now: T0 + 1, targets: [] })),
      )
      if (!settled.ok) wrong('the owner could not settle')
      const delivered = await rest(T0 + 2)
      if (!delivered.some(({ entries }) => entries.some(({ last }) => last.key === '2'))) wrong('lost: 2')
    },
  },
  {
    name: 'of several claims one gets the batch',
    catches: ['without locks', 'without transactions', 'whoever asks gets the batch'],
    async round({ at, together, rest, wrong }) {
      await (at[0] as Actor).put({ key: '1' }, { key: '2' })
      const claims = await together(...at.map((actor) => () => actor.claim(T0)))
      const got = claims.filter((batch) => batch !== null)
      if (got.length !== 1) wrong(`${got.length} claims got a batch: ${JSON.stringify(got.map(({ id }) => id))}`)
      for (const batch of got) await (at[0] as Actor).settle(batch, DELIVERED, T0 + 1)
      const delivered = [...got, ...(await rest(T0 + 2))]
      if (new Set(delivered.flatMap((batch) => keysOf(batch) ?? [])).size !== 2) wrong('lost: one of two')
    },
  },
  {
    name: 'when a lease ends, its owner renews it or another claims it, never both',
    catches: ['without locks', 'without transactions', 'any token will do'],
    async round({ at, together, rest, wrong }) {
      const [owner, other, third] = at as [Actor, Actor, Actor]
      await owner.put({ key: '1' })
      const batch = await owner.take(T0, { leaseUntil: T0 + 10 })
      const [renewed, ...claims] = await together(
        () => owner.renew(batch, T0 + 100),
        () => other.claim(T0 + 10, { leaseUntil: T0 + 100 }),
        () => third.claim(T0 + 10, { leaseUntil: T0 + 100 }),
      )
      const got = claims.filter((claimed) => claimed !== null)
      if (Number(renewed) + got.length !== 1) wrong(`${got.length} claimed it and renewing it answered ${renewed}`)
      for (const again of got) {
        if (again.id !== batch.id || !again.reclaimed || keysOf(again)?.join() !== '1') wrong(`changed: ${JSON.stringify(again)}`)
      }
      const { ok } = await owner.settle(batch, DELIVERED, T0 + 20)
      if (ok !== renewed) wrong(`renewing it answered ${renewed}, settling it ${ok}`)
      for (const again of got) if (!(await other.settle(again, DELIVERED, T0 + 21)).ok) wrong('its new owner could not settle')
      await rest(T0 + 200)
    },
  },
  {
    name: 'a settle after the lease ended changes nothing once another has claimed',
    catches: ['without locks', 'without transactions', 'any token will do'],
    async round({ at, target, together, rest, wrong }) {
      const [owner, other] = at as [Actor, Actor]
      const verdicts: Verdict[] = [DELIVERED, retryAt(T0 + 10), { kind: 'dead', reason: 'refused' }, { kind: 'aborted' }]
      const verdict = verdicts[Number(target.match(/\d+$/)) % verdicts.length] as Verdict
      await owner.put({ key: '1' })
      const batch = await owner.take(T0, { leaseUntil: T0 + 10 })
      const [{ ok }, claimed] = await together(
        () => owner.settle(batch, verdict, T0 + 10),
        () => other.claim(T0 + 10, { leaseUntil: T0 + 100 }),
      )
      const kept = verdict.kind === 'retry' || verdict.kind === 'aborted'
      if (!ok && claimed === null) wrong('nobody has it')
      if (ok && claimed !== null && !kept) wrong(`both were told that it is theirs: ${verdict.kind}, and claimed`)
      if (claimed !== null && verdict.kind === 'retry' && claimed.attempt !== (ok ? 2 : 1)) wrong(`attempt ${claimed.attempt}`)
      if (claimed !== null && !(await other.settle(claimed, DELIVERED, T0 + 11)).ok) wrong('its new owner could not settle')
      const dead = await owner.store.listDead({ target, limit: 9 })
      if (dead.length !== (ok && verdict.kind === 'dead' ? 1 : 0)) wrong(`${dead.length} dead letters`)
      await rest(T0 + 200)
    },
  },
]
