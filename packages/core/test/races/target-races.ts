/** Races for the targets that the store itself holds. */
import type { TargetRow, TargetRows } from '../../src/ports.ts'
import type { Race } from './race.ts'

export const targetRaces: readonly Race[] = [
  {
    name: 'whoever reads the targets whenever their version is news ends with those that are there',
    needs: 'targets',
    catches: ['without transactions', 'reads the version after the rows'],
    // Another round's change would be news, too.
    width: 1,
    async round({ stores, target, together, wrong }) {
      const [mine, theirs, others] = stores.map(({ targets }) => targets as TargetRows) as [TargetRows, TargetRows, TargetRows]
      const [key, other] = [`${target} 1`, `${target} 2`]
      let known = await others.read()
      const look = async () => {
        const { targets: version } = await (stores[2] as (typeof stores)[number]).peek({ now: 0, targets: [] })
        if (version !== known.version) known = await others.read()
      }
      await mine.put({ key, uid: 'u0', target: 0 })
      await together(
        () => mine.put({ key, uid: 'u1', target: 1 }).then(() => mine.put({ key: other, uid: 'u2', target: 2 })),
        () => theirs.put({ key: other, uid: 'u3', target: 3 }).then(() => theirs.delete(key)),
        async () => {
          for (let n = 0; n < 4; n++) await look()
        },
      )
      await look()
      const there = rowsOf(target, (await mine.read()).rows)
      if (rowsOf(target, known.rows) !== there) wrong(`missed: ${rowsOf(target, known.rows)} instead of ${there}`)
      await theirs.delete(key)
      await theirs.delete(other)
    },
  },
  {
    name: 'a target that two put at once is one, and a delete counts once',
    needs: 'targets',
    catches: ['looks before it deletes'],
    async round({ stores, target, together, wrong }) {
      const [mine, theirs] = stores.map(({ targets }) => targets as TargetRows) as [TargetRows, TargetRows]
      const before = (await mine.read()).version
      await together(
        () => mine.put({ key: target, uid: 'mine', target: 1 }),
        () => theirs.put({ key: target, uid: 'theirs', target: 2 }),
      )
      const [one, two] = [await mine.read(), await theirs.read()]
      const [row, ...more] = one.rows.filter(({ key }) => key === target)
      if (row === undefined || more.length > 0) return wrong(`${1 + more.length} rows of one key`)
      if (row.uid !== two.rows.find(({ key }) => key === target)?.uid) wrong('its uid changed')
      if (one.version < before + 2) wrong('one of two changes is not news')
      await theirs.put({ key: target, uid: 'later', target: 3 })
      if ((await mine.read()).rows.find(({ key }) => key === target)?.uid !== row.uid) wrong('its uid changed')
      const deleted = await together(
        () => mine.delete(target),
        () => theirs.delete(target),
      )
      if (deleted.filter(Boolean).length !== 1) wrong(`deleted ${deleted.filter(Boolean).length} times`)
    },
  },
]

function rowsOf(target: string, rows: readonly TargetRow[]): string {
  return JSON.stringify(rows.filter(({ key }) => key.startsWith(`${target} `)))
}
