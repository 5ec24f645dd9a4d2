import { beforeEach, describe, expect, it } from 'vitest'
import {
  createPipeline,
  type DeliveryLog,
  type DeliveryRecord,
  memoryLog,
  memoryStore,
  type Outcome,
  type Pipeline,
  type PipelineEvents,
  type PipelineOptions,
} from '../index.ts'
import { type ScriptedTransport, scriptedTransport } from '../testing/scripted-transport.ts'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'
import { createLogWriter, type LogWriter } from './log-writer.ts'

const NOW = 1_700_000_000_000
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

let clock: VirtualClock
let transport: ScriptedTransport
let errors: PipelineEvents['error'][]

beforeEach(() => {
  clock = virtualClock(NOW)
  transport = scriptedTransport()
  errors = []
})

function pipelineOf(log: DeliveryLog, options: Partial<PipelineOptions> = {}): Pipeline {
  const pipeline = createPipeline({
    targets: [
      {
        key: 'site',
        url: 'https://site.test/flush?token=t0k',
        auth: { type: 'bearer', token: 'b34rer' },
        secrets: [SECRET],
        rules: [{ collection: 'posts', payload: ['title'] }],
      },
    ],
    store: memoryStore({ now: clock.now }),
    transport,
    clock,
    random: () => 0.5,
    log,
    ...options,
  })
  pipeline.on('error', (error) => errors.push(error))
  return pipeline
}

const edit = (key: number) => ({ collection: 'posts', event: 'update' as const, key, fields: { title: 'kept from the log' } })

/** Publishes one change and lets it be sent. */
async function send(pipeline: Pipeline, key: number): Promise<void> {
  await pipeline.publish(edit(key))
  await clock.advance(60)
}

/** A log in memory whose writes can be made to fail, or to wait. */
function faultyLog() {
  const inner = memoryLog({ records: 100_000 })
  const groups: number[] = []
  const held: (() => void)[] = []
  let fault: 'none' | 'fails' | 'throws' | 'hangs' = 'none'
  const log: DeliveryLog = {
    ...inner,
    add(outcomes) {
      groups.push(outcomes.length)
      if (fault === 'throws') throw new Error('the log threw')
      if (fault === 'fails') return Promise.reject(new Error('the log failed'))
      if (fault === 'none') return inner.add(outcomes)
      return new Promise((resolve) => held.push(() => resolve(inner.add(outcomes))))
    },
  }
  return {
    log,
    /** How many outcomes each write had. */
    groups,
    set(next: typeof fault) {
      fault = next
    },
    /** Lets the writes that hang succeed. */
    letGo() {
      fault = 'none'
      for (const release of held.splice(0)) release()
    },
    records: () => inner.list({ limit: 100_000 }),
  }
}

describe('the delivery log', () => {
  it('records every attempt with its answer, and nothing secret', async () => {
    const log = memoryLog()
    const pipeline = pipelineOf(log)
    await pipeline.start()
    transport.answer({ kind: 'response', status: 503, body: 'over capacity' })
    await send(pipeline, 7)
    transport.answer({ kind: 'network', message: 'connection reset' })
    await clock.advance(1500)
    transport.answer(204)
    await clock.advance(10_000)
    await pipeline.stop()

    const records = await log.list({ limit: 10 })
    const [third, second, first] = records as [DeliveryRecord, DeliveryRecord, DeliveryRecord]
    expect(records).toHaveLength(3)
    expect(first).toMatchObject({
      target: { uid: 'site', key: 'site' },
      batch: { seq: 1, attempt: 1, items: [{ collection: 'posts', key: 7, event: 'update' }] },
      result: { kind: 'response', status: 503, body: 'over capacity', tookMs: 0 },
      verdict: { kind: 'retry', failing: false },
      count: 1,
      at: NOW + 50,
    })
    expect(first.batch.bytes).toBe(transport.requests[0]?.body.length)
    expect(second).toMatchObject({ result: { kind: 'network', message: 'connection reset' }, batch: { attempt: 2 } })
    expect(third).toMatchObject({ result: { status: 204 }, verdict: { kind: 'delivered' }, batch: { attempt: 3 } })
    expect(await log.list({ batch: first.batch.id, limit: 10 })).toEqual(records)
    expect(JSON.stringify(records)).not.toMatch(/whsec|b34rer|t0k|kept from the log|webhook-/)
  })

  it('is written in groups, twice a second at most', async () => {
    const { log, groups, records } = faultyLog()
    const pipeline = pipelineOf(log)
    await pipeline.start()
    for (let key = 0; key < 20; key++) await send(pipeline, key)
    await clock.advance(600)
    expect(groups.length).toBeLessThanOrEqual(4)
    expect(await records()).toHaveLength(20)
    await pipeline.stop()
  })

  it.each(['hangs', 'fails', 'throws'] as const)('changes nothing for delivery where it %s', async (fault) => {
    const { log, set } = faultyLog()
    set(fault)
    const pipeline = pipelineOf(log)
    await pipeline.start()
    for (let key = 0; key < 50; key++) await send(pipeline, key)
    expect(transport.requests).toHaveLength(50)
    expect(await pipeline.tick()).toEqual({ settled: 0, nextDueAt: null })
    const stopping = pipeline.stop()
    await clock.advance(5000)
    await stopping
    expect(clock.sleepers()).toEqual([])
  })

  it('is told of once when it fails and once when that is over, and loses nothing that could wait', async () => {
    const { log, set, records } = faultyLog()
    set('fails')
    const pipeline = pipelineOf(log)
    await pipeline.start()
    for (let key = 0; key < 30; key++) {
      await send(pipeline, key)
      await clock.advance(10_000)
    }
    expect(errors).toEqual([{ scope: 'log', error: new Error('the log failed') }])
    set('none')
    await clock.advance(30_000)
    expect(await records()).toHaveLength(30)
    expect(errors).toHaveLength(1)
    set('throws')
    await send(pipeline, 31)
    await clock.advance(10_000)
    expect(errors.map(({ error }) => (error as Error).message)).toEqual(['the log failed', 'the log threw'])
    await pipeline.stop()
  })

  it('says how much was not recorded when a pipeline stops without it', async () => {
    const { log, set } = faultyLog()
    set('hangs')
    const pipeline = pipelineOf(log)
    await pipeline.start()
    for (let key = 0; key < 30; key++) await send(pipeline, key)
    const stopping = pipeline.stop({ drain: 1000 })
    await clock.advance(1000)
    await stopping
    expect(errors.map(({ error }) => (error as Error).message)).toEqual([expect.stringMatching(/^30 attempts were not recorded/)])
  })

  it('has everything when a pipeline has stopped, and goes on when it is started again', async () => {
    const { log, records } = faultyLog()
    const pipeline = pipelineOf(log)
    await pipeline.start()
    await send(pipeline, 1)
    await pipeline.stop()
    expect(await records()).toHaveLength(1)
    await pipeline.start()
    await send(pipeline, 2)
    await pipeline.stop()
    expect(await records()).toHaveLength(2)
    expect(errors).toEqual([])
  })

  it('loses what is too old, also while nothing is sent', async () => {
    const log = memoryLog({ maxAge: 3_600_000 })
    const pipeline = pipelineOf(log)
    await pipeline.start()
    await send(pipeline, 1)
    await clock.advance(3_590_000)
    expect(await log.list({ limit: 10 })).toHaveLength(1)
    await clock.advance(120_000)
    expect(await log.list({ limit: 10 })).toEqual([])
    await pipeline.stop()
  })

  it('is pruned in as many steps as it takes, and tells once where that fails', async () => {
    let steps = 0
    const inner = memoryLog()
    const pipeline = pipelineOf({ ...inner, prune: async () => ++steps % 10 !== 0 })
    await pipeline.start()
    await send(pipeline, 1)
    await clock.advance(2000)
    expect(steps).toBe(10)
    await pipeline.stop()

    const failing = pipelineOf({ ...inner, prune: () => Promise.reject(new Error('may not delete')) })
    await failing.start()
    for (let key = 0; key < 5; key++) {
      await send(failing, key)
      await clock.advance(60_000)
    }
    expect(errors).toEqual([{ scope: 'log', error: new Error('may not delete') }])
    await failing.stop()
  })

  it('is no place for lines of text', () => {
    expect(() => pipelineOf(console as never)).toThrow(
      /log has to be a delivery log, such as memoryLog\(\), not an object.*logger/,
    )
  })
})

describe('what waits to be recorded', () => {
  let told: Error[]
  beforeEach(() => {
    told = []
  })

  function writerOn(log: DeliveryLog): LogWriter {
    return createLogWriter({ log, clock, now: clock.now, tell: (error) => void told.push(error as Error) })
  }

  let made = 0
  function note(writer: LogWriter, items = 1): void {
    const outcome: Outcome = {
      target: { uid: 'uid', key: 'key', name: 'name', url: 'https://site.test' },
      batch: {
        id: `msg_${++made}`,
        seq: 1,
        epoch: NOW,
        attempt: 1,
        openedAt: NOW,
        items: Array.from({ length: items }, (_, key) => ({ collection: 'posts', key, event: 'update' })),
        bytes: 100,
      },
      result: { kind: 'response', status: 200, tookMs: 1 },
      verdict: { kind: 'delivered', limit: null },
      at: clock.now() + made,
    }
    void writer.notify({ type: 'outcome', outcome })
  }

  it('is at most 5,000 attempts: the oldest are dropped, and their number is told when it is over', async () => {
    const { log, set, letGo, records } = faultyLog()
    const writer = writerOn(log)
    set('hangs')
    note(writer)
    await clock.advance(500)
    for (let n = 0; n < 5123; n++) note(writer)
    expect(told.map(({ message }) => message)).toEqual([expect.stringMatching(/cannot keep up/)])
    letGo()
    await clock.advance(60_000)
    expect(told.map(({ message }) => message).slice(1)).toEqual([expect.stringMatching(/^123 attempts were not recorded/)])
    const kept = await records()
    expect(kept).toHaveLength(5001)
    expect(kept.slice(0, 5000).map(({ batch }) => batch.id)).toEqual(Array.from({ length: 5000 }, (_, n) => `msg_${made - n}`))
  })

  it('is at most 50,000 items', async () => {
    const { log, set, letGo, records } = faultyLog()
    const writer = writerOn(log)
    set('hangs')
    note(writer)
    await clock.advance(500)
    for (let n = 0; n < 130; n++) note(writer, 500)
    letGo()
    await clock.advance(60_000)
    expect(await records()).toHaveLength(101)
    expect(told.at(-1)?.message).toMatch(/^30 attempts/)
  })

  it('goes out as soon as a group is full, and no write is large', async () => {
    const { log, groups } = faultyLog()
    const writer = writerOn(log)
    for (let n = 0; n < 450; n++) note(writer)
    await clock.advance(0)
    expect(groups).toEqual([200])
    await clock.advance(1000)
    expect(groups).toEqual([200, 200, 50])
    for (let n = 0; n < 5; n++) note(writer, 300)
    await clock.advance(1000)
    expect(groups.slice(3)).toEqual([1, 1, 1, 1, 1])
  })

  it('is written one group after the other, with rests that are longer than the writes', async () => {
    const inner = memoryLog({ records: 10_000 })
    let [busy, writing] = [0, 0]
    const writer = writerOn({
      ...inner,
      async add(outcomes) {
        expect(++writing).toBe(1)
        await clock.sleep(100)
        busy += 100
        writing -= 1
        return inner.add(outcomes)
      },
    })
    for (let n = 0; n < 4000; n++) note(writer)
    await clock.advance(4000)
    expect(busy).toBe(1000)
    await clock.advance(4000)
    expect(await inner.list({ limit: 10_000 })).toHaveLength(4000)
  })

  it('is tried again ever less often, and in the order in which it was told', async () => {
    const { log, groups, set, records } = faultyLog()
    const writer = writerOn(log)
    set('fails')
    note(writer)
    await clock.advance(120_000)
    expect(groups.length).toBeLessThan(10)
    note(writer)
    set('none')
    await clock.advance(30_000)
    expect((await records()).map(({ batch }) => batch.id)).toEqual([`msg_${made}`, `msg_${made - 1}`])
  })
})
