import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Store } from '../../src/ports.ts'
import { sqliteStore } from '../../src/stores/sql/index.ts'
import { entryOf, keysOf, subjectOf, T0 } from '../../src/testing/contract/subject.ts'
import { cleanUp, failure, newFolder } from './sqlite-file.ts'

const mount = (...args: string[]) => spawnSync('mount', args, { encoding: 'utf8' })

/** A disk of 2 MB. */
async function smallDisk(): Promise<string> {
  const folder = await newFolder()
  const { status, stderr } = mount('-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder)
  if (status !== 0) throw new Error(stderr)
  cleanUp(() => spawnSync('umount', ['--lazy', folder]))
  return folder
}

async function open(filename: string): Promise<Store> {
  const store = await sqliteStore({ filename })
  cleanUp(() => store.close())
  return store
}

const put = (store: Store, key: string) =>
  store.append([entryOf({ key, change: { fields: JSON.stringify({ text: key.padEnd(3000, '.') }) } })])

async function pendingKeys(store: Store): Promise<unknown[]> {
  const batch = await subjectOf({ store, dispose: async () => {} }).claim(T0 + 9, { entries: 10_000, bytes: 1e9 })
  return keysOf(batch) ?? []
}

const required = process.env.UNSTALE_REQUIRE_SERVICES === '1'
const canMount = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0
if (!canMount) console.warn('a full and a read-only disk are not tested: to mount them, run this as root on Linux')
const itOnDisk = it.runIf(canMount || required)

itOnDisk('on a full disk it fails, keeps what it had, and goes on when there is room', async () => {
  const folder = await smallDisk()
  const filename = join(folder, 'test.db')
  const ballast = join(folder, 'ballast')
  writeFileSync(ballast, Buffer.alloc(1_200_000))
  const store = await open(filename)
  const kept: string[] = []
  let n = 0
  let error: unknown
  while (error === undefined) {
    const key = String(++n)
    await put(store, key).then(
      () => kept.push(key),
      (reason: unknown) => (error = reason),
    )
  }
  expect(error).toMatchObject({ code: 'STORE_FAILED', message: expect.stringMatching(/could not append: the disk is full/) })
  expect(kept.length).toBeGreaterThan(10)
  // Many at once fail as one does.
  const all = await Promise.allSettled(Array.from({ length: 50 }, (_, k) => put(store, `more ${k}`)))
  for (const [k, { status }] of all.entries()) if (status === 'fulfilled') kept.push(`more ${k}`)
  rmSync(ballast)
  for (const key of ['again 1', 'again 2']) {
    await put(store, key)
    kept.push(key)
  }
  expect((await store.stats(['a']))[0]?.pending).toBe(kept.length)
  expect((await pendingKeys(await open(filename))).toSorted()).toEqual(kept.toSorted())
})

itOnDisk('on a read-only disk it says so', async () => {
  const folder = await smallDisk()
  const filename = join(folder, 'test.db')
  await (await sqliteStore({ filename })).close()
  expect(mount('-o', 'remount,ro', folder).status).toBe(0)
  const { code, message } = await failure(sqliteStore({ filename }))
  expect([code, message]).toEqual(['STORE_FAILED', expect.stringMatching(/could not open .*test\.db .*writable.*: .*SQLITE_/)])
})
