import { spawnSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { closeSync, copyFileSync, openSync, readSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { expect, it } from 'vitest'
import type { Store } from '../../src/ports.ts'
import { sqliteStore } from '../../src/stores/sql/index.ts'
import { type EntryInput, entryOf, keysOf, subjectOf, T0 } from '../../src/testing/contract/subject.ts'
import { cleanUp, failure, newFile, newFolder, onSync } from './sqlite-file.ts'

const put = (store: Store, ...entries: EntryInput[]) => store.append(entries.map(entryOf))
const claim = (store: Store) => subjectOf({ store, dispose: async () => {} }).claim(T0 + 9)

async function open(filename: string): Promise<Store> {
  const store = await sqliteStore({ filename })
  cleanUp(() => store.close())
  return store
}

/** Syncs that end when they are told to. */
function slowSyncs(filename: string): { begun: () => Promise<(error?: Error) => void>; count: () => number } {
  const waiting: ((error?: Error) => void)[] = []
  let count = 0
  let heard: () => void = () => {}
  onSync(`${filename}-wal`, (end) => {
    count++
    waiting.push(end)
    heard()
  })
  return {
    async begun() {
      while (waiting.length === 0) await new Promise<void>((resolve) => (heard = resolve))
      return waiting.shift() as () => void
    },
    count: () => count,
  }
}

/** How often the log has begun anew. */
function beginnings(filename: string): number {
  const bytes = Buffer.alloc(4)
  const fd = openSync(`${filename}-wal`, 'r')
  readSync(fd, bytes, 0, 4, 12)
  closeSync(fd)
  return bytes.readUInt32BE()
}

/** A program that publishes until the log has begun anew, and leaves the store open. */
const program = `
  import { readFileSync } from 'node:fs'
  import { sqliteStore } from '${new URL('../../src/stores/sql/index.ts', import.meta.url)}'
  import { entryOf } from '${new URL('../../src/testing/contract/subject.ts', import.meta.url)}'
  const filename = process.argv[1]
  const store = await sqliteStore({ filename })
  const entry = (n) => entryOf({ key: String(n), change: { fields: JSON.stringify({ text: 'x'.repeat(1000) }) } })
  let n = 0
  while (n < 20_000 && readFileSync(filename + '-wal').readUInt32BE(12) === 0) {
    await Promise.all(Array.from({ length: 50 }, () => store.append([entry(n++)])))
  }
  const { pending } = (await store.stats(['a']))[0]
  console.log(JSON.stringify({ lost: n - pending, pending, anew: readFileSync(filename + '-wal').readUInt32BE(12) > 0 }))
`

function run(filename: string, ...flags: string[]): { status: number | null; output: { pending?: number } } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', ...flags, '--input-type=module', '--eval', program, filename],
    { encoding: 'utf8', timeout: 15_000 },
  )
  return { status, output: stdout === '' ? stderr : JSON.parse(stdout) }
}

const fine = { status: 0, output: { lost: 0, pending: expect.any(Number), anew: true } }

it('a commit counts once a sync that began after it has ended; those who commit meanwhile share the next', async () => {
  const filename = await newFile()
  const store = await open(filename)
  const syncs = slowSyncs(filename)
  const done: string[] = []
  const first = put(store, { key: '1' }).then(() => done.push('first'))
  const end = await syncs.begun()
  const others = ['b', 'c', 'd'].map((target) => store.suspend(target, 'manual', T0).then(() => done.push(target)))
  // Committed, and visible, while the disk is busy with the first.
  expect((await store.stats(['a', 'd'])).map(({ pending, suspended }) => [pending, suspended])).toEqual([
    [1, null],
    [0, 'manual'],
  ])
  expect([done, syncs.count()]).toEqual([[], 1])
  end()
  await first
  expect(done).toEqual(['first'])
  const endNext = await syncs.begun()
  endNext()
  await Promise.all(others)
  expect(syncs.count()).toBe(2)
})

it('what changes nothing waits for no disk', async () => {
  const filename = await newFile()
  const store = await open(filename)
  const syncs = slowSyncs(filename)
  expect([await claim(store), await store.prune({ before: T0, limit: 10 })]).toEqual([null, 0])
  expect(syncs.count()).toBe(0)
})

it.each([
  ['EIO', /could not append: the disk failed, SQLITE_IOERR_FSYNC/],
  ['ENOSPC', /could not append: the disk is full, SQLITE_FULL/],
])(
  'a sync that fails (%s) fails all who wait for it, and nothing counts until a checkpoint has moved what it left in doubt',
  async (code, message) => {
    const filename = await newFile()
    const store = await open(filename)
    const syncs = slowSyncs(filename)
    const first = failure(put(store, { key: '1' }))
    const fail = await syncs.begun()
    const second = failure(store.suspend('b', 'manual', T0))
    await store.stats(['b'])
    fail(Object.assign(new Error(`${code}: fdatasync`), { code }))
    expect(await first).toMatchObject({ code: 'STORE_FAILED', message: expect.stringMatching(message) })
    expect(await second).toMatchObject({ code: 'STORE_FAILED' })
    const third = put(store, { key: '3' })
    const end = await syncs.begun()
    // Whatever became of the log, the database file alone has it now.
    copyFileSync(filename, `${filename}-copy`)
    end()
    await third
    expect(keysOf(await claim(await open(`${filename}-copy`)))).toEqual(['1'])
  },
)

it('the log begins anew under a steady load, by the work of one other thread', async () => {
  const filename = await newFile()
  const store = await sqliteStore({ filename, synchronous: 'normal' })
  cleanUp(() => store.close())
  let threads = 0
  const count = () => threads++
  subscribe('worker_threads', count)
  cleanUp(() => unsubscribe('worker_threads', count))
  let n = 0
  const publisher = async () => {
    while (beginnings(filename) < 3 && n < 100_000) {
      await put(store, { key: String(n++), change: { fields: JSON.stringify({ text: 'x'.repeat(1000) }) } })
    }
  }
  await Promise.all(Array.from({ length: 20 }, publisher))
  expect(n).toBeLessThan(100_000)
  expect(threads).toBe(1)
  expect(statSync(`${filename}-wal`).size).toBeLessThan(50_000_000)
  expect((await store.stats(['a']))[0]?.pending).toBe(n)
})

it('also beside another process that writes', async () => {
  const filename = await newFile()
  const store = await open(filename)
  const other = new SQLite(filename, { timeout: 0 })
  cleanUp(() => other.close())
  other.pragma('wal_autocheckpoint = 0')
  other.exec('CREATE TABLE theirs (text TEXT)')
  const insert = other.prepare('INSERT INTO theirs VALUES (?)')
  for (let n = 0; beginnings(filename) < 3 && n < 20_000; n++) {
    await put(store, { key: String(n) })
    try {
      insert.run('x'.repeat(1000))
    } catch (error) {
      expect(error).toMatchObject({ code: 'SQLITE_BUSY' })
    }
  }
  expect(beginnings(filename)).toBeGreaterThanOrEqual(3)
})

it('everything else has its turns while a large append is stored', async () => {
  const store = await open(await newFile())
  let turns = 0
  let stored = false
  const count = () => {
    turns++
    if (!stored) setImmediate(count)
  }
  count()
  await put(store, ...Array.from({ length: 5000 }, (_, n) => ({ key: String(n) })))
  stored = true
  expect(turns).toBeGreaterThan(10)
})

it('a process that leaves the store open ends by itself, and has lost nothing', async () => {
  const filename = await newFile()
  const ended = run(filename)
  expect(ended).toEqual(fine)
  expect((await (await open(filename)).stats(['a']))[0]?.pending).toBe(ended.output.pending)
})

it('does without a thread of its own and without syncs of its own where Node permits neither', async () => {
  const flags = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons']
  expect(run(await newFile(), ...flags)).toEqual(fine)
})

it('follows a link to the file', async () => {
  const filename = await newFile()
  const link = join(await newFolder(), 'link.db')
  await (await sqliteStore({ filename })).close()
  symlinkSync(filename, link)
  const store = await open(link)
  await put(store, { key: '1' })
  expect(keysOf(await claim(await open(filename)))).toEqual(['1'])
})

it('in memory there is nothing to sync', async () => {
  const store = await open(':memory:')
  await put(store, { key: '1' })
  expect(keysOf(await claim(store))).toEqual(['1'])
})

it('leaves no log behind, and may be closed twice', async () => {
  const filename = await newFile()
  const store = await sqliteStore({ filename })
  await put(store, { key: '1' })
  await Promise.all([store.close(), store.close()])
  await store.close()
  expect(statSync(`${filename}-wal`, { throwIfNoEntry: false })).toBeUndefined()
  expect(await failure(put(store, { key: '2' }))).toMatchObject({ code: 'STORE_FAILED' })
})
