/** A store in a journal: each call that changes something is written into it, and on the disk, before it is done and answered. */
import { memoryStore, PipelineError, type Store, type TargetRows } from '../../src/index.ts'
import type { Journal } from './file-journal.ts'

/** The calls that change something: those of a store, and those of its targets. */
type Calls = Omit<
  Store,
  'name' | 'durable' | 'due' | 'peek' | 'stats' | 'listDead' | 'time' | 'close' | 'inbox' | 'targets' | 'log' | 'watch'
> &
  Omit<TargetRows, 'read'>
/** One call, as it is written. */
type Line = { [N in keyof Calls]: [name: N, ...args: Parameters<Calls[N]>] }[keyof Calls]

/** Calls that may wait for a disk that is slow. */
const WAITING = 10_000
/** The file is begun anew without what is over when it has so many bytes, and twice as many as the last time. */
const GROWN = 1_000_000

export async function journalStore(journal: Journal): Promise<Store> {
  const read = async () => (await journal.read()).flatMap((group) => JSON.parse(group) as Line[])
  let memory = await replay(await read())
  let waiting: { line: string; resolve(answer: unknown): void; reject(error: unknown): void }[] = []
  let running: Promise<void> | undefined
  let limit = Math.max(GROWN, 2 * journal.size)

  function call<N extends keyof Calls>(name: N, ...args: Parameters<Calls[N]>): ReturnType<Calls[N]> {
    return new Promise((resolve, reject) => {
      if (waiting.length >= WAITING)
        throw new PipelineError('STORE_FAILED', 'the journal store is too slow: too much waits for it')
      waiting.push({ line: JSON.stringify([name, ...args]), resolve, reject })
      running ??= write()
    }) as ReturnType<Calls[N]>
  }

  /** While some calls are on their way to the disk, others gather: they will be one line together. */
  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        await journal.add(`[${group.map(({ line }) => line)}]`)
        for (const { line, resolve, reject } of group) await apply(memory, JSON.parse(line)).then(resolve, reject)
      } catch (cause) {
        const error = new PipelineError('STORE_FAILED', 'the journal store could not write', { cause })
        for (const { reject } of group) reject(error)
      }
      if (journal.size > limit) await beginAnew().catch(() => {})
    }
    running = undefined
  }

  /** Leaves out what is done: a target counts its batches from 1 again, under another epoch. */
  async function beginAnew(): Promise<void> {
    limit = 2 * journal.size
    const lines = await read()
    const done = await lastDone(lines)
    const left = lines.flatMap((line, n) => without(line, (uid) => n <= (done.get(uid) ?? -1)))
    const fresh = await replay(left)
    await journal.replace(left.map((line) => JSON.stringify([line])))
    memory = fresh
    limit = Math.max(GROWN, 2 * journal.size)
  }

  return {
    name: 'journal',
    durable: true,
    append: (entries) => call('append', entries),
    collapse: (target, entries) => call('collapse', target, entries),
    due: (query) => memory.due(query),
    async claim(request) {
      const { target, now } = request
      // Most find nothing: that is not worth a line.
      const due = await memory.due({ now, targets: [target], limit: 1, failingLimit: 1 })
      return due.length === 0 ? null : call('claim', request)
    },
    renew: (receipt, leaseUntil) => call('renew', receipt, leaseUntil),
    settle: (receipt, verdict, now) => call('settle', receipt, verdict, now),
    wake: (target, at) => call('wake', target, at),
    suspend: (target, reason, at) => call('suspend', target, reason, at),
    resume: (target, at) => call('resume', target, at),
    peek: (query) => memory.peek(query),
    stats: (targets) => memory.stats(targets),
    listDead: (query) => memory.listDead(query),
    redrive: (query) => call('redrive', query),
    forget: (target, asOf) => call('forget', target, asOf),
    prune: (query) => call('prune', query),
    time: () => memory.time(),
    async close() {
      await running
      await journal.close()
    },
    targets: {
      read: () => (memory.targets as TargetRows).read(),
      put: (row) => call('put', row),
      delete: (key) => call('delete', key),
    },
  }
}

/** Equal calls give equal state (law 13): so what was done can be done again. */
async function replay(lines: readonly Line[]): Promise<Store> {
  const memory = memoryStore()
  // What was rejected is rejected again.
  for (const line of lines) await apply(memory, line).catch(() => {})
  return memory
}

function apply(store: Store, [name, ...args]: Line): Promise<unknown> {
  const calls = { ...store, ...store.targets } as Record<keyof Calls, (...args: unknown[]) => Promise<unknown>>
  return calls[name](...args)
}

/**
 * By uid, the number of the last claim that took all that was pending and was delivered: nothing is left of what was before
 * it, if nothing is wrong with the target.
 */
async function lastDone(lines: readonly Line[]): Promise<Map<string, number>> {
  const [done, took] = [new Map<string, number>(), new Map<string, number>()]
  const memory = memoryStore()
  for (const [n, line] of lines.entries()) {
    const answer = await apply(memory, line).catch(() => null)
    const [uid = ''] = uidsOf(line)
    const [stats] = await memory.stats([uid])
    // What was forgotten or redriven in part is put back.
    if (line[0] === 'forget' || line[0] === 'redrive') took.delete(uid)
    if (line[0] === 'claim' && answer !== null) took.set(uid, stats?.pending === 0 ? n : -1)
    const delivered = line[0] === 'settle' && line[2].kind === 'delivered' && (answer as { ok: boolean }).ok
    if (!delivered || stats === undefined) continue
    const well = stats.dead + stats.inFlight + stats.failures === 0 && stats.suspended === null && stats.limit === null
    const from = took.get(uid) ?? -1
    if (well && from >= 0) done.set(uid, from)
  }
  return done
}

function uidsOf(line: Line): string[] {
  if (line[0] === 'append') return line[1].map(({ target }) => target)
  if (line[0] === 'put' || line[0] === 'delete' || line[0] === 'prune') return []
  return [typeof line[1] === 'string' ? line[1] : line[1].target]
}

/** The line without what it says of such targets; nothing, if it says nothing else. */
function without(line: Line, such: (uid: string) => boolean): Line[] {
  // Which letters it removes depends on all that were there. Those that come back by this are removed by the next.
  if (line[0] === 'prune') return []
  if (!uidsOf(line).some(such)) return [line]
  if (line[0] !== 'append') return []
  const left = line[1].filter(({ target }) => !such(target))
  return left.length === 0 ? [] : [['append', left]]
}
