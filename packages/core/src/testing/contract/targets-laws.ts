import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Store, TargetRow, TargetRows, TargetSwap } from '../../ports.ts'
import { type Case, T0 } from './subject.ts'

export const targetsLaws: readonly Case[] = [
  {
    law: 'targets',
    sentence: '`put` creates the row of a key, or replaces its target: then it keeps the uid that it has',
    needs: 'targets',
    async run({ store }) {
      const { put, read } = rowsOf(store)
      deepEqual((await read()).rows, [])
      await put({ key: 'b', uid: 'u1', target: { url: 'http://one.test/' } })
      await put({ key: 'a', uid: 'u2', target: { url: 'http://two.test/' } })
      await put({ key: 'b', uid: 'u3', target: { url: 'http://three.test/' } })
      deepEqual((await read()).rows, [
        { key: 'a', uid: 'u2', target: { url: 'http://two.test/' } },
        { key: 'b', uid: 'u1', target: { url: 'http://three.test/' } },
      ])
    },
  },
  {
    law: 'targets',
    sentence: '`delete` removes the row of a key, which then takes a new uid; of what is not there it is false, and no change',
    needs: 'targets',
    async run({ store }) {
      const { put, delete: remove, read } = rowsOf(store)
      equal(await remove('a'), false)
      await put({ key: 'a', uid: 'u1', target: {} })
      await put({ key: 'b', uid: 'u2', target: {} })
      const before = await read()
      equal(await remove('c'), false)
      deepEqual(await read(), before)
      equal(await versionOf(store), before.version)
      equal(await remove('a'), true)
      equal(await remove('a'), false)
      deepEqual((await read()).rows, [{ key: 'b', uid: 'u2', target: {} }])
      await put({ key: 'a', uid: 'u3', target: {} })
      equal((await read()).rows[0]?.uid, 'u3')
    },
  },
  {
    law: 'targets',
    sentence: 'the version grows with every change, and with nothing else; `peek().targets` tells it',
    needs: 'targets',
    async run({ store, put: append, take }) {
      const { put, delete: remove, read } = rowsOf(store)
      let last = await versionOf(store)
      equal((await read()).version, last)
      const changes = [
        () => put({ key: 'a', uid: 'u1', target: { n: 1 } }),
        // The same once more is a change, too: somebody put it.
        () => put({ key: 'a', uid: 'u1', target: { n: 1 } }),
        () => put({ key: 'b', uid: 'u2', target: { n: 2 } }),
        () => remove('a'),
        () => put({ key: 'a', uid: 'u3', target: { n: 3 } }),
      ]
      for (const change of changes) {
        await change()
        const version = await versionOf(store)
        ok(version > last, `the version went from ${last} to ${version}`)
        equal((await read()).version, version)
        last = version
      }
      await append({ key: '1' })
      await take(T0)
      equal(await versionOf(store), last)
    },
  },
  {
    law: 'targets',
    sentence: 'another process sees every change, and of two that put one key at once both see one row',
    needs: 'targets',
    async run({ store, another }) {
      const other = another === undefined ? store : await another()
      const [mine, theirs] = [rowsOf(store), rowsOf(other)]
      await mine.put({ key: 'a', uid: 'u1', target: { n: 1 } })
      deepEqual(await theirs.read(), await mine.read())
      equal(await versionOf(other), await versionOf(store))
      equal(await theirs.delete('a'), true)
      deepEqual((await mine.read()).rows, [])
      for (let round = 0; round < 5; round++) {
        const before = await versionOf(store)
        const key = `k${round}`
        await Promise.all([
          mine.put({ key, uid: 'mine', target: { round, of: 'mine' } }),
          theirs.put({ key, uid: 'theirs', target: { round, of: 'theirs' } }),
        ])
        const [one, two] = [await mine.read(), await theirs.read()]
        deepEqual(one, two)
        equal(one.rows.length, round + 1)
        ok(one.version >= before + 2, 'each of the two changes counts')
      }
      if (other !== store) await other.close()
    },
  },
  {
    law: 'targets',
    sentence: '`swap` changes, creates or removes a row that is still as it was read, and nothing else',
    needs: 'swap',
    async run({ store }) {
      const { put, delete: remove, read, swap } = rowsOf(store)
      if (swap === undefined) throw new Error('the store swaps no targets: name it in `without`')
      const [one, two] = [
        { uid: 'u1', target: odd(1) },
        { uid: 'u2', target: odd(2) },
      ]
      const refused = async (was: Held | null, now: Held | null) => {
        const before = await read()
        equal(await swap('a', was, now), false)
        deepEqual(await read(), before)
        equal(await versionOf(store), before.version)
      }
      const done = async (was: Held | null, now: Held | null, then: Held | null) => {
        const { version } = await read()
        equal(await swap('a', was, now), true)
        const rows = [...(then === null ? [] : [{ key: 'a', ...then }]), { key: 'b', ...two }]
        deepEqual((await read()).rows, rows)
        ok((await versionOf(store)) > version)
      }
      await put({ key: 'b', ...two })
      await refused(one, two)
      await refused(two, null)
      await done(null, one, one)
      await refused(null, two)
      await refused(null, null)
      await refused({ ...one, uid: 'u2' }, two)
      await refused({ ...one, target: odd(2) }, two)
      await refused({ ...one, target: odd(2) }, null)
      const renewed = { uid: 'u1', target: odd(2) }
      await done(one, two, renewed)
      await refused(one, null)
      await done(renewed, null, null)
      equal(await swap('a', null, null), true)
      // Of the same content, and yet another one.
      await put({ key: 'a', uid: 'u3', target: odd(2) })
      await refused(renewed, one)
      equal(await remove('a'), true)
    },
  },
  {
    law: 'targets',
    sentence: 'of those that `swap` one row at once exactly one does, and of the others none has changed anything',
    needs: 'swap',
    async run({ store, another }) {
      const other = another === undefined ? store : await another()
      const [mine, theirs] = [rowsOf(store), rowsOf(other)]
      if (mine.swap === undefined) throw new Error('the store swaps no targets: name it in `without`')
      let was: TargetRow | null = null
      for (let round = 0; round < 10; round++) {
        const expected: TargetRow | null = was
        const { version } = await mine.read()
        // The last of them removes what the others edit.
        const wishes = Array.from({ length: 6 }, (_, n): Held | null =>
          n === 5 && expected !== null ? null : { uid: expected?.uid ?? `u${round} ${n}`, target: odd(10 * round + n) },
        )
        const swaps = wishes.map((now, n) => (n % 2 === 0 ? mine : theirs).swap?.('a', expected, now))
        const answers: (boolean | undefined)[] = await Promise.all(swaps)
        equal(answers.filter((answer) => answer === true).length, 1)
        const winner = wishes[answers.indexOf(true)] ?? null
        was = winner === null ? null : { key: 'a', ...winner }
        const [one, two] = [await mine.read(), await theirs.read()]
        deepEqual(one, two)
        deepEqual(one.rows, was === null ? [] : [was])
        ok(one.version > version)
      }
      if (other !== store) await other.close()
    },
  },
  {
    law: 'targets',
    sentence: 'targets come back as they were put, whatever they hold, and keys that look alike are different',
    needs: 'targets',
    async run({ store }) {
      const { put, read } = rowsOf(store)
      const keys = ['A', 'a', 'a"', "a'; --", 'a?', 'a\\', 'b'.repeat(255), 'ss', 'ß', 'á', 'ä', 'ﷺ']
      const target = { url: 'http://x.test/?a=$1&b=?', filter: { 'a\u0000"b\n': ['🦊', null, 1e21, '\ud83d', {}] } }
      for (const key of keys) await put({ key, uid: `u ${key}`.slice(0, 255), target: { ...target, key } })
      deepEqual(
        (await read()).rows,
        keys.map((key) => ({ key, uid: `u ${key}`.slice(0, 255), target: { ...target, key } })),
      )
    },
  },
]

type Held = Omit<TargetRow, 'key'>

/** What a store that compares carelessly takes for another, or for the same. */
function odd(n: number): unknown {
  return { url: `http://x.test/?n=${n}&$1=?`, filter: { 'b"\u0000': ['🦊', null, 1e21, '\ud83d', {}], a: n, 7: '' } }
}

function rowsOf(store: Store): TargetRows & TargetSwap {
  if (store.targets === undefined) throw new Error('the store holds no targets: name them in `without`')
  return store.targets
}

async function versionOf(store: Store): Promise<number> {
  return (await store.peek({ now: T0, targets: [] })).targets
}
