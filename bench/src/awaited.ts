import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { changesOf, quietPipeline, type SampleChange, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, ratioOf, type Subject, sampleOf, slowly, timed } from './measure.ts'
import type { Row } from './row.ts'
import { tellTrouble } from './senders.ts'
import { diskFolder, withServers } from './servers.ts'
import { type OnStore, STORES, type StoreName, storeNames, storesOn } from './stores.ts'

const JUDGED: ReadonlySet<StoreName> = new Set(['sqlite', 'postgres'])

/** One caller, who publishes one change, waits until it is durable, and publishes the next; nobody delivers. */
export const awaited: Group = (effort) =>
  withServers(['redis', 'postgres', 'mysql'], async (urls) => {
    const changes = changesOf(effort.quick ? 100 : 1000)
    // Neither syncs anything before it answers.
    const { memory: _, redis: __, ...stores } = storesOn(urls)
    const subjects: Record<string, Subject> = { disk: () => appendRate(changes.length) }
    for (const [name, onStore] of Object.entries(stores)) subjects[name] = () => publishRate(onStore, changes)
    const { postgres } = urls
    if (postgres !== undefined) subjects.driver = () => insertRate(postgres, changes)
    const rates: Partial<Record<string, number[]>> = await interleave(subjects, slowly(effort, 7))
    const row = (what: string, of: string, mark: Row['mark']): Row => {
      const [ours = [], disk = []] = [rates[of], rates.disk]
      const peer = { what: 'append 300 bytes to a file and fdatasync', ...sampleOf(disk) }
      return { what, unit: 'changes/s', ours: sampleOf(ours), peer, ratio: ratioOf(ours, disk), mark }
    }
    return [
      ...storeNames(stores).map((name) =>
        row(`published one after the other, each awaited: ${STORES[name]}`, name, JUDGED.has(name) ? { atLeast: 0.5 } : null),
      ),
      ...(postgres ? [row('inserted one after the other by the driver of Postgres, prepared, without us', 'driver', null)] : []),
    ]
  })

function publishRate(onStore: OnStore, changes: readonly SampleChange[]): Promise<number> {
  return onStore(async (store) => {
    // Nobody listens on the discard port, and nobody is asked to.
    const pipeline = quietPipeline({ targets: [targetOf('one', 'http://127.0.0.1:9/')], store })
    tellTrouble(pipeline)
    // Connections, prepared statements.
    for (const change of changes.slice(0, 20)) await pipeline.publish({ ...change, key: change.key + changes.length })
    const took = await timed(async () => {
      for (const change of changes) await pipeline.publish(change)
    })
    await pipeline.stop()
    return changes.length / (took / 1000)
  })
}

/** What a server allows: the INSERT of a change as text, and nothing around it. */
async function insertRate(url: string, changes: readonly SampleChange[]): Promise<number> {
  const client = new Client(url)
  await client.connect()
  try {
    await client.query('DROP TABLE IF EXISTS bench_noted')
    await client.query('CREATE TABLE bench_noted (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body TEXT NOT NULL)')
    const took = await timed(async () => {
      for (const change of changes) {
        await client.query({ name: 'note', text: 'INSERT INTO bench_noted (body) VALUES ($1)', values: [JSON.stringify(change)] })
      }
    })
    await client.query('DROP TABLE bench_noted')
    return changes.length / (took / 1000)
  } finally {
    await client.end()
  }
}

/** What the disk allows: one record at a time, each on the disk before the next. */
async function appendRate(count: number): Promise<number> {
  const folder = mkdtempSync(join(diskFolder(), 'unstale-bench-'))
  const file = openSync(join(folder, 'log'), 'a')
  const record = Buffer.alloc(300, 'x')
  const took = await timed(() => {
    for (let n = 0; n < count; n++) {
      writeSync(file, record)
      fdatasyncSync(file)
    }
  })
  closeSync(file)
  rmSync(folder, { recursive: true })
  return count / (took / 1000)
}
