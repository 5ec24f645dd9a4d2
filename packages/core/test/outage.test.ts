import { expect, it } from 'vitest'
import { createPipeline, type Outcome } from '../src/index.ts'
import { scriptedTransport, virtualClock } from '../src/testing/index.ts'
import { memoryPlace, type Place } from './simulation/database.ts'
import { sqlitePlace } from './simulation/places.ts'

const START = 1_800_000_000_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const ITEMS = 40
/** Milliseconds that a target takes to answer. */
const ANSWER = 20

const targets = Array.from({ length: 20 }, (_, index) => ({
  key: `site-${index}`,
  url: `https://site-${index}.test/`,
  rules: [{ collection: 'items', payload: ['value'] }],
}))
const [{ key: gone, url: goneUrl }, ...others] = targets as [(typeof targets)[0], ...typeof targets]

interface Seen {
  /** Of all targets but the one that is gone: what arrived where at which instant. */
  deliveries: string[]
  /** What waited for the one that is gone, every hour. */
  waited: number[]
  attempts: number
  incidents: string[]
  /** What it knows in the end, by item. */
  known: Map<string, number>
}

/** A day on which an item changes every `pace` milliseconds. With `outage`, one target does not answer but in its first hour. */
async function spend(place: Place, pace: number, outage: boolean): Promise<Seen> {
  const clock = virtualClock(START, { busy: () => database.busy() })
  const database = await place.open(clock.now)
  const store = await database.connect()
  const seen: Seen = { deliveries: [], waited: [], attempts: 0, incidents: [], known: new Map() }
  let away = false
  const transport = scriptedTransport(async ({ url, body }, signal) => {
    if (url === goneUrl && away) {
      seen.attempts++
      await clock.sleep(DAY, signal)
      return { kind: 'aborted', message: 'nobody waits any more' }
    }
    await clock.sleep(ANSWER, signal)
    if (url === goneUrl) {
      for (const { fields } of JSON.parse(body) as { fields: { id: string; value: number } }[])
        seen.known.set(fields.id, fields.value)
    }
    return 200
  })
  const pipeline = createPipeline({
    targets,
    store,
    transport,
    clock,
    random: () => 0.5,
    notifiers: [
      {
        notify(event) {
          if (event.type === 'incident') seen.incidents.push(`${event.incident.kind} ${event.incident.target.key}`)
        },
      },
    ],
  })
  pipeline.on('delivered', ({ target, batch, at }: Outcome) => {
    const items = batch.items.map(({ key }) => key).join()
    if (target.key !== gone) seen.deliveries.push(`${at - START} ${target.key} ${items}`)
  })
  await pipeline.start()

  for (let now = 0, value = 1; now < DAY; now += pace, value++) {
    away = outage && now >= HOUR
    await pipeline.publish({ collection: 'items', event: 'update', key: `item-${value % ITEMS}`, fields: { value } })
    await clock.advance(pace)
    if (now % HOUR === 0) seen.waited.push((await store.stats([gone]))[0]?.pending ?? -1)
  }
  away = false
  // The longest wait of the first day, and some.
  await clock.advance(10 * MINUTE)
  await pipeline.stop()
  await database.close()
  return seen
}

it.each([
  ['memory', memoryPlace, 2 * MINUTE],
  ['SQLite', sqlitePlace, 10 * MINUTE],
] as const)('%s: a day without one target of twenty', { timeout: 120_000 }, async (_name, place, pace) => {
  const good = await spend(place, pace, false)
  const bad = await spend(place, pace, true)
  // The others hear of everything, at the very same instants.
  expect(good.deliveries).toHaveLength(others.length * (DAY / pace))
  expect(bad.deliveries.find((one, index) => one !== good.deliveries[index])).toBeUndefined()
  expect(bad.deliveries).toHaveLength(good.deliveries.length)
  // What waits grows with the items that change, not with their changes; and it is tried now and then.
  expect(Math.max(...bad.waited)).toBe(ITEMS)
  expect(bad.attempts).toBeLessThan(400)
  // Then it hears of all that the others know. People are told once when it begins, and once when it is over.
  expect(bad.known).toEqual(good.known)
  expect(bad.incidents).toEqual([`failing ${gone}`, `recovered ${gone}`])
  expect(good.incidents).toEqual([])
})
