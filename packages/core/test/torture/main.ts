/**
 * Kills processes at random until it has to be believed: several workers and publishers on one store, SIGKILL at random
 * moments, half of them while a request is in flight. Whatever was acknowledged or committed has to arrive at every
 * target: each newest value and each value that was replaced. Ends with `0 lost`, or `k lost` and exit code 1.
 *
 *     npm run torture -- --store sqlite --kills 50 [--seed 1] [--workers 2] [--publishers 2]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Said, Task } from './child.ts'
import { createSink, type Sink } from './sink.ts'
import { stores } from './stores.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    workers: { type: 'string', default: '2' },
    publishers: { type: 'string', default: '2' },
    targets: { type: 'string', default: '3' },
  },
})
const shared = stores[values.store]
if (shared === undefined) throw new Error(`--store ${values.store}: there are ${Object.keys(stores).join(', ')}`)
const kills = Number(values.kills)
const seed = Number(values.seed)
const random = mulberry32(seed)
/** Milliseconds without a request after which what is missing counts as lost. */
const patience = 30_000

console.log(`torture: store ${values.store}, ${kills} kills, SEED=${seed}`)
const place = await shared.prepare()
const acknowledged = new Map<string, number>()
const children = new Map<ChildProcess, Task>()
/** Those of them that have begun to work. */
const ready = new Set<ChildProcess>()
let readied: () => void = () => {}
let spawned = 0
/** Kills as soon as the next request is in flight. */
let ambush: (() => void) | null = null
let heard: () => void = () => {}

const sinks: Sink[] = []
for (let index = 0; index < Number(values.targets); index++) {
  sinks.push(
    await createSink(random, () => {
      ambush?.()
      heard()
    }),
  )
}
const urls = sinks.map(({ url }) => url)

function start(role: Task['role']): void {
  const number = ++spawned
  const task: Task = { role, name: `${role}${number}`, store: values.store, place, urls, transactional: number % 2 === 0 }
  const child = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [JSON.stringify(task)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.set(child, task)
  child.on('message', (said: Said) => {
    if (said !== 'ready') acknowledged.set(said.key, said.value)
    else if (children.has(child)) {
      ready.add(child)
      readied()
    }
  })
  child.once('exit', (code) => {
    if (!children.delete(child)) return
    console.error(`${task.name} ended by itself with code ${code} (SEED=${seed})`)
    process.exit(1)
  })
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child)
  ready.delete(child)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function killOne(): Promise<void> {
  // Else it would only be their start that is tested.
  const roles = () => new Set([...ready].map((child) => children.get(child)?.role))
  while (roles().size < 2) await new Promise<void>((resolve) => (readied = resolve))
  await sleep(random() * 400)
  // Half of the time while a request is in flight, or after a while if none comes.
  if (random() < 0.5) await Promise.race([new Promise<void>((resolve) => (ambush = resolve)), sleep(1500)])
  ambush = null
  const candidates = [...children]
  const victim = candidates[Math.floor(random() * candidates.length)]
  if (victim === undefined) return
  await kill(victim[0])
  start(victim[1].role)
}

function lost(expected: ReadonlyMap<string, number>): string[] {
  return sinks.flatMap(({ arrived }, index) =>
    [...expected].flatMap(([key, value]) => {
      const item = arrived.get(key)
      const missed: string[] = []
      if ((item?.newest ?? -1) < value) missed.push(`target-${index}: ${key} is ${value}, known as ${item?.newest ?? 'nothing'}`)
      for (let old = 0; old < value; old++)
        if (!item?.replaced.has(old)) missed.push(`target-${index}: ${key} was ${old}, never announced`)
      return missed
    }),
  )
}

/** Milliseconds. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function mulberry32(state: number): () => number {
  let a = state
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

for (let index = 0; index < Number(values.workers); index++) start('worker')
for (let index = 0; index < Number(values.publishers); index++) start('publisher')
for (let done = 1; done <= kills; done++) {
  await killOne()
  const requests = sinks.reduce((sum, { counts }) => sum + counts.requests, 0)
  const line = `${done} of ${kills} kills, ${requests} requests`
  if (process.stdout.isTTY) process.stdout.write(`\r${line} `)
  else if (done % 10 === 0 || done === kills) console.log(line)
}
if (process.stdout.isTTY) console.log()

for (const [child, task] of [...children]) if (task.role === 'publisher') await kill(child)
const opened = await shared.open(place)
const expected = new Map([...acknowledged, ...(await opened.committed())])
await opened.close()

let missing = lost(expected)
for (let silent = false; missing.length > 0 && !silent; missing = lost(expected)) {
  silent = await Promise.race([
    new Promise<boolean>((resolve) => (heard = () => resolve(false))),
    sleep(patience).then(() => true),
  ])
  // What is heard is booked a few milliseconds later.
  await sleep(50)
}
for (const [child] of [...children]) await kill(child)
for (const sink of sinks) sink.close()
await shared.remove(place)

const total = (name: keyof Sink['counts']) => sinks.reduce((sum, { counts }) => sum + counts[name], 0)
const changes = [...expected.values()].reduce((sum, value) => sum + value, 0)
console.log(`${changes} changes of ${expected.size} items in ${total('requests')} requests to ${sinks.length} targets`)
console.log(`${total('duplicates')} batches arrived twice, ${total('changedBatches')} of them not the same`)
console.log(`${total('overlaps')} requests overlapped, ${total('outOfOrder')} changes out of order`)
for (const line of missing.slice(0, 20)) console.log(line)
console.log(`${missing.length} lost${missing.length > 0 ? ` (SEED=${seed})` : ''}`)
if (changes === 0) console.log('nothing was published: this proves nothing')
if (changes === 0 || missing.length + total('overlaps') + total('outOfOrder') + total('changedBatches') > 0) process.exitCode = 1
process.exit()
