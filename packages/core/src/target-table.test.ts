import { beforeEach, describe, expect, it } from 'vitest'
import {
  createPipeline,
  memoryStore,
  type Pipeline,
  type Store,
  type TargetInput,
  type TargetTable,
  targetTable,
} from './index.ts'
import { type ScriptedTransport, scriptedTransport } from './testing/scripted-transport.ts'
import { type VirtualClock, virtualClock } from './testing/virtual-clock.ts'

let clock: VirtualClock
let transport: ScriptedTransport
let store: Store

beforeEach(() => {
  clock = virtualClock(1_700_000_000_000)
  transport = scriptedTransport()
  store = memoryStore({ now: clock.now })
})

const site = (over: Partial<TargetInput> = {}): TargetInput & { key: string } => ({
  key: 'site',
  url: 'https://site.test/flush',
  rules: [{ collection: 'posts', payload: ['title'] }],
  ...over,
})
const edit = (key: number) => ({ collection: 'posts', event: 'update', key, fields: { title: `title ${key}` } }) as const

/** As a process of its own would have it: its own table object, its own list. */
function pipelineOn(targets: TargetTable): Pipeline {
  const logger = { info() {}, warn() {}, error() {} }
  return createPipeline({ store, targets, transport, clock, random: () => 0.5, logger, notifiers: [] })
}

describe('targets in the store', () => {
  it('are put, replaced and deleted, and keep their uid as long as they live', async () => {
    const table = targetTable(store)
    await table.put(site())
    const [first] = await table.list()
    await table.put(site({ url: 'https://other.test/' }))
    const [second] = await table.list()
    expect([second?.uid, second?.url]).toEqual([first?.uid, 'https://other.test/'])
    expect([await table.delete('site'), await table.delete('site')]).toEqual([true, false])
    await table.put(site())
    const [anew] = await table.list()
    expect(anew?.uid).not.toBe(first?.uid)
  })

  it('are seen by another process within a second, while it delivers', async () => {
    const other = pipelineOn(targetTable(store))
    await other.start()
    await clock.advance(5_000)
    await targetTable(store).put(site())
    await clock.advance(1_000)
    await other.publish(edit(1))
    await clock.advance(1_000)
    expect(transport.requests.map(({ url }) => url)).toEqual(['https://site.test/flush'])
    await other.stop()
  })

  it('are known to the pipeline that was given the table as soon as they are put', async () => {
    const table = targetTable(store)
    const pipeline = pipelineOn(table)
    await pipeline.start()
    await table.put(site())
    await pipeline.publish(edit(1))
    await table.delete('site')
    await pipeline.publish(edit(2))
    await clock.advance(1_000)
    expect(transport.requests).toEqual([])
    await table.put(site())
    await pipeline.publish(edit(3))
    await clock.advance(1_000)
    expect(transport.bodies).toMatchObject([[{ fields: { id: 3 } }]])
    await pipeline.stop()
  })

  it('are seen within a second by a process that only publishes', async () => {
    const publisher = pipelineOn(targetTable(store))
    await publisher.publish(edit(1))
    await targetTable(store).put(site())
    await clock.advance(1_000)
    await publisher.publish(edit(2))
    expect(await store.stats((await targetTable(store).list()).map(({ uid }) => uid))).toMatchObject([{ pending: 1 }])
  })

  it('count at once for what waits for another attempt', async () => {
    await targetTable(store).put(site())
    const pipeline = pipelineOn(targetTable(store))
    await pipeline.start()
    transport.answer(500)
    await pipeline.publish(edit(1))
    await clock.advance(120_000)
    transport.answer(200)
    await targetTable(store).put(site({ url: 'https://mended.test/' }))
    await clock.advance(1_000)
    expect(transport.requests.at(-1)?.url).toBe('https://mended.test/')
    await pipeline.stop()
  })

  it('are forgotten with what waits for them once they are deleted', async () => {
    const table = targetTable(store)
    await table.put(site())
    const uids = (await table.list()).map(({ uid }) => uid)
    const pipeline = pipelineOn(table)
    transport.answer(500)
    await pipeline.start()
    await pipeline.publish(edit(1))
    await clock.advance(400)
    await table.delete('site')
    await clock.advance(1_000)
    expect(await store.stats(uids)).toMatchObject([{ pending: 0, inFlight: 0 }])
    await pipeline.stop()
  })

  it('are validated before they are put, every problem named', async () => {
    const table = targetTable(store)
    await expect(table.put({ ...site(), url: 'nowhere', rules: [{ collection: '' }] })).rejects.toThrow(/url.*rules/s)
    await expect(table.put({ ...site(), key: undefined } as never)).rejects.toThrow(/key: a target of a table needs one/)
    expect(await table.list()).toEqual([])
  })

  it('are changed by one of two who edit the same one at once, and the other is told', async () => {
    const [mine, theirs] = [targetTable(store), targetTable(store)]
    expect(await Promise.all([mine.put(site(), { was: null }), theirs.put(site({ name: 'B' }), { was: null })])).toEqual([
      true,
      false,
    ])
    const [was] = (await mine.table.rows.read()).rows
    if (was === undefined) throw new Error('there is no row')
    expect(await Promise.all([mine.put(site({ name: 'C' }), { was }), theirs.put(site({ name: 'D' }), { was })])).toEqual([
      true,
      false,
    ])
    expect(await theirs.delete('site', { was })).toBe(false)
    expect(await theirs.list()).toMatchObject([{ name: 'C', uid: was.uid }])
    const [now] = (await mine.table.rows.read()).rows
    expect(await theirs.delete('site', now === undefined ? {} : { was: now })).toBe(true)
    expect(await mine.list()).toEqual([])
  })

  it('tell a pipeline only of a change that was made', async () => {
    const table = targetTable(store)
    let told = 0
    table.watch?.(() => void told++)
    await table.put(site(), { was: null })
    await table.put(site(), { was: null })
    expect(told).toBe(1)
  })

  it('are not changed on a condition by a store that cannot compare', async () => {
    const { swap: _, ...targets } = store.targets ?? targetTable(store).table.rows
    const table = targetTable({ ...store, targets })
    await table.put(site())
    await expect(table.put(site(), { was: null })).rejects.toThrow(/cannot change a target only if/)
  })

  it('have to be those of the same store', () => {
    const elsewhere = targetTable(memoryStore())
    expect(() => pipelineOn(elsewhere)).toThrow(/same store/)
    const { targets: _, ...without } = store
    expect(() => targetTable(without)).toThrow(/holds no targets of its own/)
  })
})
