/** Moves what was committed from SQLite's log into the database file, in a thread of its own: this waits for the disk. */
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

export interface Checkpointer {
  /**
   * `PASSIVE` moves what it can beside everything else. `RESTART`, while nobody here writes, moves the rest and begins the
   * log anew. Answers whether all of it was moved; null: this thread is gone.
   */
  run(mode: 'PASSIVE' | 'RESTART'): Promise<boolean | null>
  close(): Promise<void>
}

/**
 * Whoever writes first into a log that begins anew waits until its header is on the disk, even under NORMAL: without that,
 * a loss of power could bring old frames back. So that it is not us, the number that users keep in page 1 is written as it is.
 */
const CODE = `
const { parentPort, workerData } = require('node:worker_threads')
const SQLite = require(workerData.driver)
const database = new SQLite(workerData.filename, { fileMustExist: true, timeout: 50 })
database.pragma('synchronous = NORMAL')
database.pragma('wal_autocheckpoint = 0')
const begin = database.transaction(() => {
  database.pragma('user_version = ' + database.pragma('user_version', { simple: true }))
})
function run(mode) {
  const [{ busy, log, checkpointed }] = database.pragma('wal_checkpoint(' + mode + ')')
  const complete = busy === 0 && log === checkpointed
  if (complete && mode === 'RESTART') begin.immediate()
  return complete
}
parentPort.on('message', (mode) => {
  if (mode === 'close') {
    database.close()
    parentPort.close()
    return
  }
  let complete = false
  try {
    complete = run(mode)
  } catch {
    // Locked, or the disk is full: it is tried again when the log has grown.
  }
  parentPort.postMessage(complete)
})
`

/** For the file that `driver`, the module better-sqlite3, has opened. Null: no such thread can be made here. */
export function startCheckpointer(driver: unknown, filename: string): Checkpointer | null {
  const path = pathOf(driver)
  if (path === null) return null
  let worker: Worker
  try {
    worker = new Worker(CODE, { eval: true, execArgv: [], workerData: { driver: path, filename } })
  } catch {
    return null
  }
  const asked: ((complete: boolean | null) => void)[] = []
  let gone = false
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      gone = true
      for (const answer of asked.splice(0)) answer(null)
      resolve()
    })
  })
  worker.on('message', (complete: boolean) => {
    asked.shift()?.(complete)
    if (asked.length === 0) worker.unref()
  })
  // Its end follows, and tells.
  worker.on('error', () => {})
  worker.unref()

  return {
    run(mode) {
      if (gone) return Promise.resolve(null)
      // Else the process could end while somebody waits.
      worker.ref()
      worker.postMessage(mode)
      return new Promise((resolve) => asked.push(resolve))
    },
    close() {
      worker.ref()
      worker.postMessage('close')
      return exited
    },
  }
}

/**
 * Where this very module is, however it got here. Another copy of SQLite in this process would be one too many: when it
 * closed the file, the file's locks would be gone for both.
 */
function pathOf(driver: unknown): string | null {
  const { cache } = createRequire(process.execPath)
  return Object.keys(cache).find((path) => cache[path]?.exports === driver) ?? null
}
