/**
 * SQLite's log of commits (`-wal`), synced and checkpointed beside our thread.
 *
 * Under `synchronous = NORMAL` a commit is written into the log and not waited for. We wait: a commit counts once a
 * `fdatasync` of the log that began after it has ended, which is what SQLite does under FULL, only in our thread. So
 * nothing that counted is lost with the power: a recovery takes the log's commits up to the first frame whose checksum,
 * a running one, is wrong, and all frames up to one that counted are on the disk. What a checkpoint has moved is, too: it
 * syncs the log before it writes into the database, and the database before the log may begin anew.
 *
 * The log stays the same file for as long as our connection is open; only the last connection of all removes it. To close
 * our descriptor of it ends no lock: SQLite locks the database file and the `-shm` alone.
 *
 * A file that grows with each commit takes the disk half as long again to sync, as its length is synced, too. So the log is
 * made as long as it will get, with zeros, which end a recovery as the end of the file does.
 */
import { close, fdatasync, fdatasyncSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Checkpointer } from './checkpointer.ts'
import type { Own } from './sqlite-executor.ts'

/** What is needed of a connection that is in WAL mode under `synchronous = NORMAL`, and makes no checkpoints. */
export interface WalConnection {
  pragma(text: string, options?: { simple: boolean }): unknown
  prepare(sql: string): { get(): unknown; run(): unknown }
  close(): void
}

export interface WalOptions {
  database: WalConnection
  /** The database's absolute path. */
  filename: string
  /** Whether a commit counts only when it is on the disk. */
  synced: boolean
  /** Runs something between two transactions of this connection. */
  alone<T>(fn: () => Promise<T>): Promise<T>
  /** Null: there can be none. */
  startCheckpointer(): Checkpointer | null
}

export interface Wal extends Own {
  /** Closes the connection, too. */
  close(): Promise<void>
}

/** Frames by which the log has grown when a checkpoint is due, in a thread of its own or in this one. */
const GROWN = { aside: 600, here: 150 }
/** A sync of fewer milliseconds is quick; after one that was not, so many are left to another thread. */
const QUICK = 0.5
const ASIDE = 20
/** Milliseconds after which a commit that nobody waits for is synced. */
const SOON = 200
/** Bytes of a log that a checkpoint empties in time, whose pages have 8 kB. */
const LENGTH = 1.25 * GROWN.aside * 8_216
/** Commits after which we look how long the log is. */
const LOOK = 8

function sync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve())))
}

export function openWal({ database, filename, synced, alone, startCheckpointer }: WalOptions): Wal {
  const fd = synced ? openSync(`${filename}-wal`, 'r+') : null
  if (fd !== null) lengthen(database, fd)
  // No checkpoint: it only tells.
  const length = database.prepare('PRAGMA wal_checkpoint(NOOP)')
  let running: Promise<void> | null = null
  let following: Promise<void> | null = null
  let soon: NodeJS.Timeout | undefined
  /** Syncs that have yet to be quick before one is made in this thread. */
  let aside = ASIDE
  /** Why there may be a hole in the log. Nothing behind it counts, until a checkpoint has moved everything out of the log. */
  let doubt: Error | null = null
  let checkpointer: Checkpointer | null | undefined
  let checkpointing: Promise<void> | null = null
  let closed: Promise<void> | null = null
  let commits = 0
  /** The log's frames after the last checkpoint. */
  let base = 0

  async function syncOnce(fd: number): Promise<void> {
    // A second sync would succeed, and would say nothing about what the first one has failed to write.
    if (doubt !== null) throw doubt
    const from = performance.now()
    try {
      await sync(fd)
    } catch (error) {
      throw failed(error)
    }
    noteTime(performance.now() - from)
  }

  function failed(error: unknown): Error {
    doubt = toSyncError(error)
    aside = ASIDE
    return doubt
  }

  function begin(fd: number): Promise<void> {
    clearTimeout(soon)
    soon = undefined
    const begun = syncOnce(fd)
    const end = () => {
      if (running === begun) running = null
    }
    begun.then(end, end)
    running = begun
    return begun
  }

  /** One that runs may have begun too early for this commit: those who come meanwhile share the next. */
  function syncFrom(fd: number): Promise<void> {
    if (running === null) return begin(fd)
    following ??= running
      .catch(() => {})
      .then(() => {
        following = null
        return begin(fd)
      })
    return following
  }

  function syncAs(fd: number, how: Parameters<Own['committed']>[0]): Promise<void> | null {
    if (how === 'relaxed') return syncSoon(fd)
    return how === 'quiet' && aside === 0 && running === null && doubt === null ? syncHere(fd) : syncFrom(fd)
  }

  /** On a disk that is as quick as most are, the way to another thread and back takes as long again. */
  function syncHere(fd: number): null {
    const from = performance.now()
    try {
      fdatasyncSync(fd)
    } catch (error) {
      throw failed(error)
    }
    noteTime(performance.now() - from)
    return null
  }

  function noteTime(took: number): void {
    aside = took > QUICK ? ASIDE : Math.max(0, aside - 1)
  }

  /** Nobody waits for it, and mostly somebody else's comes before. */
  function syncSoon(fd: number): null {
    soon ??= setTimeout(() => {
      soon = undefined
      syncFrom(fd).catch(() => {})
    }, SOON).unref()
    return null
  }

  async function checkpoint(mode: 'PASSIVE' | 'RESTART'): Promise<boolean> {
    if (checkpointer === undefined) checkpointer = startCheckpointer()
    const complete = checkpointer === null ? null : await checkpointer.run(mode)
    if (complete !== null) return complete
    checkpointer = null
    try {
      const [row] = database.pragma('wal_checkpoint(PASSIVE)') as { busy: number; log: number; checkpointed: number }[]
      return row?.busy === 0 && row.log === row.checkpointed
    } catch {
      return false
    }
  }

  async function makeRoom(): Promise<void> {
    await checkpoint('PASSIVE')
    // Under a steady load the log would never be empty; what is left by now takes a moment.
    if (checkpointer !== null) await alone(() => checkpoint('RESTART'))
    base = frames()
    checkpointing = null
  }

  function frames(): number {
    return (length.get() as { log: number }).log
  }

  /** Starts a checkpoint if it is due. */
  function look(): void {
    commits = 0
    const now = frames()
    // Another process may have begun it anew.
    if (now < base) base = 0
    if (now - base >= (checkpointer === null ? GROWN.here : GROWN.aside)) checkpointing = makeRoom()
  }

  async function end(): Promise<void> {
    await checkpointing
    await alone(async () => {
      clearTimeout(soon)
      await following?.catch(() => {})
      await running?.catch(() => {})
      // Else the last connection to be closed does it while its thread waits.
      if (checkpointer) await checkpoint('PASSIVE')
      await checkpointer?.close()
      if (fd !== null) await promisify(close)(fd)
      database.close()
    })
  }

  return {
    ready() {
      if (doubt === null) return null
      return checkpoint('RESTART').then((complete) => {
        if (!complete && doubt !== null) throw doubt
        doubt = null
      })
    },
    committed(how) {
      commits += 1
      const counts = fd === null ? null : syncAs(fd, how)
      if (commits >= LOOK && checkpointing === null && closed === null) look()
      return counts
    },
    close() {
      closed ??= end()
      return closed
    },
  }
}

/** Nobody writes into the log meanwhile; where somebody does just now, it stays as it is. */
function lengthen(database: WalConnection, fd: number): void {
  try {
    database.prepare('BEGIN IMMEDIATE').run()
  } catch {
    return
  }
  try {
    const { size } = fstatSync(fd)
    const missing = LENGTH - size
    // A disk that has no more room has better uses for it.
    if (missing > 0 && written(fd, missing, size) < missing) ftruncateSync(fd, size)
  } finally {
    database.prepare('ROLLBACK').run()
  }
}

function written(fd: number, count: number, position: number): number {
  try {
    return writeSync(fd, Buffer.alloc(count), 0, count, position)
  } catch {
    return 0
  }
}

/** As SQLite itself would have failed. */
function toSyncError(cause: unknown): Error {
  const code = (cause as { code?: unknown } | null)?.code === 'ENOSPC' ? 'SQLITE_FULL' : 'SQLITE_IOERR_FSYNC'
  return Object.assign(new Error('the log of commits could not be synced', { cause }), { code })
}
