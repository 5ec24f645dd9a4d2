import { spawnSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { closeSync, copyFileSync, openSync, readSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { expect, it } from 'vitest'
import type { Store } from '../../src/ports.ts'
import { sqliteStore } from '../../src/stores/sql/index.ts'
import { openSqlite } from '../../src/stores/sql/sqlite-connection.ts'
import { type EntryInput, entryOf, keysOf, subjectOf, T0 } from '../../src/testing/contract/subject.ts'
import { cleanUp, failure, newFile, newFolder, onSync, onSyncHere } from './sqlite-file.ts'

const put = (store: Store, ...entries: EntryInput[]) => store.append(entries.map(entryOf))
const claim = (store: Store) => subjectOf({ store, dispose: async () => {} }).claim(T0 + 9)

async function open(filename: string): Promise<Store> {
  const store = await sqliteStore({ filename })
  cleanUp(() => store.close())
  return store
}

/** A table, without the store. */
async function opened() {
  const filename = await newFile()
  const { executor, close } = await openSqlite(SQLite, filename, 'full')
  cleanUp(close)
  await executor.run('CREATE TABLE numbers (n INTEGER)', [])
  return { filename, executor, insert: (n: number) => executor.run('INSERT INTO numbers VALUES (?)', [n]) }
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
  const { filename, executor, insert } = await opened()
  const syncs = slowSyncs(filename)
  const done: number[] = []
  const first = insert(1).then(() => done.push(1))
  const end = await syncs.begun()
  const others = [2, 3, 4].map((n) =>
    executor.transaction((tx) => tx.run('INSERT INTO numbers VALUES (?)', [n])).then(() => done.push(n)),
  )
  // Committed, and visible, while the disk is busy with the first.
  expect((await executor.run('SELECT COUNT(*) AS count FROM numbers', [])).rows).toEqual([{ count: 4 }])
  expect({ done, syncs: syncs.count() }).toEqual({ done: [], syncs: 1 })
  end()
  await first
  expect(done).toEqual([1])
  const endNext = await syncs.begun()
  endNext()
  await Promise.all(others)
  expect(syncs.count()).toBe(2)
})

it('what changes nothing waits for no disk', async () => {
  const { filename, executor } = await opened()
  const syncs = slowSyncs(filename)
  await executor.transaction((tx) => tx.run('UPDATE numbers SET n = 0', []))
  expect(syncs.count()).toBe(0)
})

it.each([
  ['EIO', 'SQLITE_IOERR_FSYNC', /could not append: the disk failed, SQLITE_IOERR_FSYNC/],
  ['ENOSPC', 'SQLITE_FULL', /could not append: the disk is full, SQLITE_FULL/],
])(
  'a sync that fails (%s) fails all who wait, and nothing counts before a checkpoint has moved what is in doubt',
  async (errno, code, message) => {
    const { filename, executor, insert } = await opened()
    const syncs = slowSyncs(filename)
    const error = Object.assign(new Error(`${errno}: fdatasync`), { code: errno })
    const all = Promise.allSettled([insert(1), insert(2)])
    const fail = await syncs.begun()
    // Comes after both.
    await executor.run('SELECT n FROM numbers', [])
    fail(error)
    expect((await all).map((result) => result.status === 'rejected' && result.reason.code)).toEqual([code, code])
    const third = insert(3)
    const end = await syncs.begun()
    // Whatever became of the log, the database file alone has them now.
    copyFileSync(filename, `${filename}-copy`)
    end()
    await third
    const copy = new SQLite(`${filename}-copy`)
    cleanUp(() => copy.close())
    expect(copy.prepare('SELECT n FROM numbers').pluck().all()).toEqual([1, 2])

    const other = await newFile()
    const store = await open(other)
    onSync(`${other}-wal`, (end) => end(error))
    expect(await failure(put(store, { key: '1' }))).toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(message),
    })
  },
)

it('on a quick disk a commit that nobody else waits behind is synced at once; that may fail, too', async () => {
  const { filename, executor, insert } = await opened()
  let syncs = 0
  let broken = false
  onSyncHere(`${filename}-wal`, () => {
    syncs++
    if (broken) throw Object.assign(new Error('EIO: fdatasync'), { code: 'EIO' })
  })
  let n = 0
  while (syncs === 0 && n < 10_000) await insert(n++)
  expect(syncs).toBe(1)
  broken = true
  await expect(insert(n)).rejects.toMatchObject({ code: 'SQLITE_IOERR_FSYNC' })
  // A checkpoint has moved what was in doubt into the file, and the next ones are made aside for a while.
  await insert(n + 1)
  expect((await executor.run('SELECT COUNT(*) AS count FROM numbers', [])).rows).toEqual([{ count: n + 2 }])
  expect(syncs).toBe(2)
})

it('the log is as long as it will get from the start, so that a sync need not sync its length', async () => {
  const filename = await newFile()
  const store = await open(filename)
  const { size } = statSync(`${filename}-wal`)
  for (let n = 0; n < 200; n++) await put(store, { key: String(n) })
  expect(statSync(`${filename}-wal`).size).toBe(size)
})

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
