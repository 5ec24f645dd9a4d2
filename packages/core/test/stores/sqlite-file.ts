/** A SQLite file of a test's own, and a disk that does what the test says. */
import fs, { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { PipelineError } from '../../src/errors.ts'

// In memory where there is such a place: what is tested is not how long a disk takes.
const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const steps: (() => unknown)[] = []
afterEach(async () => {
  for (const step of steps.splice(0).reverse()) await step()
})

/** Last in, first out. */
export function cleanUp(step: () => unknown): void {
  steps.push(step)
}

export async function newFolder(): Promise<string> {
  const path = await mkdtemp(join(root, 'unstale-'))
  cleanUp(() => rm(path, { recursive: true, force: true }))
  return path
}

export async function newFile(): Promise<string> {
  return join(await newFolder(), 'test.db')
}

export async function failure(promise: Promise<unknown>): Promise<PipelineError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(PipelineError)
  return error as PipelineError
}

/** Is told of each sync of one file that is made in our thread, and fails it by throwing. */
export function onSyncHere(filename: string, tell: () => void): void {
  const { fdatasyncSync } = fs
  const { ino } = fs.statSync(filename)
  fs.fdatasyncSync = (fd) => {
    if (fs.fstatSync(fd).ino === ino) tell()
    fdatasyncSync(fd)
  }
  syncBuiltinESMExports()
  cleanUp(() => {
    fs.fdatasyncSync = fdatasyncSync
    syncBuiltinESMExports()
  })
}

/**
 * Takes the place of `fdatasync` for one file, until the test is over. `end` ends a sync, with an error or without. All are made
 * aside: it is a slow disk.
 */
export function onSync(filename: string, sync: (end: (error?: Error) => void) => void): void {
  const { fdatasync, fdatasyncSync } = fs
  const { ino } = fs.statSync(filename)
  const replaced = (fd: number, done: (error: Error | null) => void): void => {
    if (fs.fstatSync(fd).ino !== ino) return void fdatasync(fd, done)
    const from = performance.now()
    sync((error) => {
      while (performance.now() < from + 1);
      done(error ?? null)
    })
  }
  fs.fdatasync = replaced as typeof fdatasync
  fs.fdatasyncSync = (fd) => {
    if (fs.fstatSync(fd).ino === ino) throw new Error('a disk that is slow was synced in our thread')
    fdatasyncSync(fd)
  }
  syncBuiltinESMExports()
  cleanUp(() => {
    fs.fdatasync = fdatasync
    fs.fdatasyncSync = fdatasyncSync
    syncBuiltinESMExports()
  })
}
