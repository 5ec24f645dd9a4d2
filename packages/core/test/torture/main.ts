/**
 * Kills processes at random until it has to be believed: several workers and publishers on one store, SIGKILL at random
 * moments, half of them while a request is in flight. Whatever was acknowledged or committed has to arrive at every
 * target: each newest value and each value that was replaced; never two requests to one target at a time; and whatever
 * arrived twice needs a reason. Ends with `0 lost`, or with what went wrong and exit code 1.
 *
 *     npm run torture -- --store sqlite|sqlite-file|postgres|mysql|redis --kills 50 [--lease 10000] [--seed 1] [--workers 2] [--publishers 2]
 */
import { parseArgs } from 'node:util'
import { createBooks } from './books.ts'
import { createCrowd } from './crowd.ts'
import { type Ended, lost, report } from './report.ts'
import { type Arrival, createSink, type Sink } from './sink.ts'
import { stores } from './stores.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    kills: { type: 'string', default: '20' },
    lease: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    workers: { type: 'string', default: '2' },
    publishers: { type: 'string', default: '2' },
    targets: { type: 'string', default: '3' },
  },
})
const shared = stores[values.store]
if (shared === undefined) throw new Error(`--store ${values.store}: there are ${Object.keys(stores).join(', ')}`)
const [kills, lease, seed] = [Number(values.kills), Number(values.lease), Number(values.seed)]
const random = mulberry32(seed)
/** Milliseconds without a request after which what is missing counts as lost. */
const patience = 20_000 + lease

console.log(`torture: store ${values.store}, ${kills} kills, a lease of ${lease} ms, SEED=${seed}`)
const place = await shared.prepare()
const acknowledged = new Map<string, number>()
const books = createBooks()
/** Is told of the next request that arrives. */
let ambush: ((sender: string) => void) | null = null
let heard: () => void = () => {}

function onArrival(arrival: Arrival): void {
  books.arrived(arrival)
  ambush?.(arrival.sender)
  heard()
}

const sinks: Sink[] = []
for (let index = 0; index < Number(values.targets); index++) sinks.push(await createSink(random, onArrival))

const crowd = createCrowd({
  common: { store: values.store, place, urls: sinks.map(({ url }) => url), lease },
  heard(name, said) {
    if (said !== 'ready' && 'key' in said) acknowledged.set(said.key, said.value)
    else books.heard(name, said)
  },
  killed: books.killed,
  ended(name, code) {
    console.error(`${name} ended by itself with code ${code} (SEED=${seed})`)
    process.exit(1)
  },
})

async function killOne(): Promise<void> {
  // Else it would only be their start that is tested.
  await crowd.ready()
  await sleep(random() * 400)
  const names = crowd.names()
  let victim = names[Math.floor(random() * names.length)]
  // Half of the time one that has a request in flight; or anybody, if none comes for a while.
  if (random() < 0.5) {
    const sender = new Promise<string>((resolve) => {
      ambush = resolve
    })
    victim = await Promise.race([sender, sleep(1500).then(() => victim)])
    ambush = null
  }
  const role = victim === undefined ? null : await crowd.kill(victim)
  if (role !== null) crowd.start(role)
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

for (let index = 0; index < Number(values.workers); index++) crowd.start('worker')
for (let index = 0; index < Number(values.publishers); index++) crowd.start('publisher')
for (let done = 1; done <= kills; done++) {
  await killOne()
  const requests = sinks.reduce((sum, { arrivals }) => sum + arrivals.length, 0)
  const line = `${done} of ${kills} kills, ${requests} requests`
  if (process.stdout.isTTY) process.stdout.write(`\r${line} `)
  else if (done % 10 === 0 || done === kills) console.log(line)
}
if (process.stdout.isTTY) console.log()

for (const name of crowd.names('publisher')) await crowd.kill(name)
const opened = await shared.open(place)
const expected = new Map([...acknowledged, ...(await opened.committed())])
await opened.close()

let missing = lost(sinks, expected)
for (let silent = false; missing.length > 0 && !silent; missing = lost(sinks, expected)) {
  silent = await Promise.race([
    new Promise<boolean>((resolve) => {
      heard = () => resolve(false)
    }),
    sleep(patience).then(() => true),
  ])
  // What is heard is booked a few milliseconds later.
  await sleep(50)
}
for (const name of crowd.names()) await crowd.kill(name)
for (const sink of sinks) sink.close()
await shared.remove(place)

const ended: Ended = { sinks, books, expected, missing, lease, seed }
process.exit(report(ended) ? 0 : 1)
