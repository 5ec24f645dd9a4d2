import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { memoryStore, type Store } from '../../src/index.ts'
import { compareStores } from '../../src/testing/contract/model.ts'
import { DELIVERED, keysOf, retryAt, type Subject, subjectOf, T0 } from '../../src/testing/contract/subject.ts'
import { storeContract } from '../../src/testing/index.ts'
import { fileJournal } from './file-journal.ts'
import { journalStore } from './journal-store.ts'

const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

async function folder(): Promise<{ filename: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(root, 'unstale-'))
  return { filename: join(path, 'journal'), remove: () => rm(path, { recursive: true, force: true }) }
}

async function newFile(): Promise<string> {
  const { filename, remove } = await folder()
  cleanUp.push(remove)
  return filename
}

async function open(filename: string): Promise<Pick<Store, 'stats' | 'close'> & Pick<Subject, 'put' | 'take' | 'settle'>> {
  const store = await journalStore(await fileJournal(filename))
  cleanUp.push(() => store.close().catch(() => {}))
  const { put, take, settle } = subjectOf({ store, dispose: async () => {} })
  return { stats: store.stats, close: store.close, put, take, settle }
}

/** Numbers of batches begin anew with the journal, and pruned letters may come back. */
function withoutCounts(store: Store): Store {
  const same = <T extends { refusedIn?: number }>({ refusedIn, ...entry }: T) => ({ ...entry, refusedIn: refusedIn && 1 }) as T
  return {
    ...store,
    async claim(request) {
      const batch = await store.claim(request)
      const entries = batch?.entries.map(same) ?? []
      return batch && { ...batch, seq: 0, epoch: 0, entries, state: { ...batch.state, deliveredSeq: 0 } }
    },
    stats: async (targets) => (await store.stats(targets)).map((stats) => ({ ...stats, seq: 0 })),
    listDead: async (query) => (await store.listDead(query)).map((letter) => ({ ...letter, entry: same(letter.entry) })),
    prune: async () => 0,
  }
}

storeContract(
  'a journal',
  async () => {
    const { filename, remove } = await folder()
    const journal = await fileJournal(filename)
    let full = false
    const store = await journalStore({
      ...journal,
      get size() {
        return journal.size
      },
      add: (line) => (full ? Promise.reject(new Error('the disk is full')) : journal.add(line)),
    })
    return {
      store,
      async reopen() {
        await store.close()
        return journalStore(await fileJournal(filename))
      },
      // A call is one write, whatever it holds.
      async breaking(_, act) {
        full = true
        await act()
        full = false
      },
      dispose: remove,
    }
  },
  { describe, it },
  {
    seeds: 5,
    without: {
      another: 'its file belongs to one process',
      transaction: 'it has no inbox',
      swap: 'it puts targets unconditionally',
    },
  },
)

describe('a journal', () => {
  it('that ends in the middle of a line is whole without it, and goes on', async () => {
    const filename = await newFile()
    const before = await open(filename)
    await before.put({ key: '1' })
    const whole = (await stat(filename)).size
    await before.put({ key: 'torn' }, { key: 'torn, too', target: 'b' })
    await before.close()
    const { size } = await stat(filename)
    for (const cut of [size - 1, Math.round((whole + size) / 2), whole + 1]) {
      await truncate(filename, cut)
      const store = await open(filename)
      expect((await store.stats(['a', 'b'])).map(({ pending }) => pending)).toEqual([1, 0])
      await store.close()
    }
    const again = await open(filename)
    await again.put({ key: 'torn' })
    await again.close()
    // A disk writes in any order.
    const bytes = await readFile(filename)
    await writeFile(filename, bytes.fill(0, whole + 10, whole + 40))

    const after = await open(filename)
    await after.put({ key: '2' })
    await after.close()
    expect(keysOf(await (await open(filename)).take(T0))).toEqual(['1', '2'])
  })

  it('that has grown is begun anew without what is done, also for a target that always has something pending', async () => {
    const filename = await newFile()
    const store = await open(filename)
    const fields = JSON.stringify({ text: 'x'.repeat(100_000) })
    await store.put({ key: 'down', target: 'b' }, { key: '0' })
    const first = await store.take(T0)
    await store.settle(await store.take(T0, { target: 'b' }), retryAt(T0 + 50), T0)
    let flying = first
    for (let n = 1; n <= 25; n++) {
      await store.put({ key: String(n), at: T0 + n, change: { fields } })
      await store.settle(flying, DELIVERED, T0 + n)
      flying = await store.take(T0 + n)
    }
    await store.put({ key: 'new', at: T0 + 30 })
    expect((await stat(filename)).size).toBeLessThan(1_200_000)

    const stats = await store.stats(['a', 'b'])
    await store.close()
    const after = await open(filename)
    expect(await after.stats(['a', 'b'])).toEqual(stats)
    await after.settle(flying, DELIVERED, T0 + 31)
    const last = await after.take(T0 + 31)
    expect([keysOf(last), last.epoch > first.epoch, last.seq < 25]).toEqual([['new'], true, true])
    expect(keysOf(await after.take(T0 + 50, { target: 'b' }))).toEqual(['down'])
  })

  it('that is begun anew after every call answers as the memory store does', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const journal = await fileJournal(await newFile())
      let bytes = 1
      const store = await journalStore({
        ...journal,
        get size() {
          bytes *= 3
          return bytes
        },
      })
      await compareStores(withoutCounts(store), withoutCounts(memoryStore()), seed, 60)
      await store.close()
    }
  })

  it('is what the guide shows', async () => {
    const guide = await readFile(new URL('../../../../docs/6-write-your-own-store.md', import.meta.url), 'utf8')
    const shown = [...guide.matchAll(/^```ts.*\n([\s\S]*?)^```$/gm)].map(([, code]) => code)
    for (const name of ['journal-store.ts', 'file-journal.ts']) {
      const code = await readFile(new URL(name, import.meta.url), 'utf8')
      expect(shown).toContain(code.replace('../../src/index.ts', '@unstale/core'))
    }
  })
})
