import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts'
import { createHooks, type Hooks } from './index.ts'

const MINUTE = 60_000
/** A whole minute, wherever the machine is. */
const NOON = new Date(2026, 2, 10, 12, 0).getTime()

let clock: VirtualClock
let logged: string[]
let hooks: Hooks

beforeEach(() => {
  clock = virtualClock(NOON)
  logged = []
  const log = (line: string) => void logged.push(line)
  hooks = createHooks({ clock, logger: { info: log, warn: log, error: log } })
})

describe('cron(<statement>)', () => {
  it('runs between start and stop, at its instants', async () => {
    const at: number[] = []
    hooks.on('cron(*/5 * * * *)', () => void at.push(clock.now() - NOON))
    await clock.advance(10 * MINUTE)
    expect(at).toEqual([])
    hooks.start()
    hooks.start()
    await clock.advance(10 * MINUTE)
    await hooks.stop()
    await clock.advance(10 * MINUTE)
    expect(at).toEqual([15 * MINUTE, 20 * MINUTE])
    expect(clock.sleepers()).toEqual([])
    hooks.start()
    await clock.advance(5 * MINUTE)
    expect(at).toEqual([15 * MINUTE, 20 * MINUTE, 35 * MINUTE])
  })

  it('one that comes after start runs, too; one that was unregistered does not', async () => {
    const run = vi.fn()
    hooks.start()
    const off = await hooks.registerHook(() => ({ 'cron(* * * * *)': run }), { database: 'pool' })
    await clock.advance(2 * MINUTE)
    off()
    await clock.advance(MINUTE)
    expect(run).toHaveBeenCalledTimes(2)
    expect(run).toHaveBeenCalledWith({ event: 'cron(* * * * *)', accountability: null, schema: null, database: 'pool' })
    expect(clock.sleepers()).toEqual([])
  })

  it('takes six fields, with seconds, and spaces', async () => {
    const run = vi.fn()
    hooks.on('cron( */10  * * * * * )', run)
    hooks.on('cron(@hourly)', run)
    hooks.start()
    await clock.advance(MINUTE)
    expect(run).toHaveBeenCalledTimes(6)
  })

  it('is exact where timers reach no further than 25 days, and are early', async () => {
    const timers = {
      now: clock.now,
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(Math.min(Math.max(ms - 1, 1), 2 ** 31), signal),
    }
    const yearly = createHooks({ clock: timers })
    const at: number[] = []
    yearly.on('cron(0 0 1 1 *)', () => void at.push(clock.now()))
    yearly.start()
    await clock.advance(400 * 1440 * MINUTE)
    expect(at).toEqual([new Date(2027, 0, 1).getTime()])
  })

  it('never overlaps itself: what is due meanwhile is left out, and said', async () => {
    let release = () => {}
    const starts: number[] = []
    hooks.on('cron(* * * * *)', () => {
      starts.push((clock.now() - NOON) / MINUTE)
      return new Promise<void>((resolve) => {
        release = resolve
      })
    })
    const other = vi.fn()
    hooks.on('cron(* * * * *)', other)
    hooks.start()
    await clock.advance(3 * MINUTE)
    expect(starts).toEqual([1])
    expect(other).toHaveBeenCalledTimes(3)
    expect(logged).toEqual(Array(2).fill('unstale: cron(* * * * *) is due, and left out: its last run has not ended'))
    release()
    await clock.advance(MINUTE)
    expect(starts).toEqual([1, 4])
  })

  it('one that throws is logged, and runs the next time', async () => {
    const run = vi.fn(() => {
      throw new Error('no space')
    })
    hooks.on('cron(* * * * *)', run)
    hooks.start()
    await clock.advance(2 * MINUTE)
    expect(run).toHaveBeenCalledTimes(2)
    expect(logged).toEqual(Array(2).fill(expect.stringContaining('the hook "cron(* * * * *)" failed')))
  })

  it('stop waits for a running one, boundedly', async () => {
    hooks.on('cron(* * * * *)', () => new Promise(() => {}))
    hooks.start()
    await clock.advance(MINUTE)
    let stopped = false
    const stopping = hooks.stop().then(() => {
      stopped = true
    })
    await clock.advance(4999)
    expect(stopped).toBe(false)
    await clock.advance(1)
    await stopping
    expect(logged).toEqual([expect.stringContaining('have not ended within 5000 ms')])
  })

  it('a machine that slept catches up with one run', async () => {
    let now = NOON
    let wake = () => {}
    const slept = { now: () => now, sleep: () => new Promise<void>((resolve) => void (wake = resolve)) }
    const runs: number[] = []
    const log = (line: string) => void logged.push(line)
    const sleepy = createHooks({ clock: slept, logger: { info: log, warn: log, error: log } })
    sleepy.on('cron(* * * * *)', () => void runs.push(now))
    sleepy.start()
    now = NOON + 90 * MINUTE
    wake()
    await new Promise((resolve) => setImmediate(resolve))
    expect(runs).toEqual([now])
    expect(logged).toEqual([])
  })

  it('is not called by name, nor by a pattern', async () => {
    const run = vi.fn()
    hooks.on('cron(* * * * *)', run)
    hooks.on('*', run)
    hooks.start()
    await clock.advance(MINUTE)
    expect(run).toHaveBeenCalledTimes(1)
    await expect(hooks.emit('cron(* * * * *)')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it.each([
    ['61 * * * *', 'has the minute "61": it takes 0 to 59'],
    ['* 24 * * *', 'has the hour "24": it takes 0 to 23'],
    ['0 0 32 * *', 'has the day of month "32": it takes 1 to 31'],
    ['0 0 * 13 *', 'has the month "13": it takes 1 to 12'],
    ['0 0 * * 8', 'has the day of week "8": it takes 0 to 7'],
    ['60 * * * * *', 'has the second "60": it takes 0 to 59'],
    ['*/0 * * * *', 'has the minute "*/0"'],
    ['* 9-25 * * *', 'has the hour "9-25"'],
    ['* * * MAI *', 'has the month "MAI"'],
    ['* * * *', 'has 4 fields and not 5 (minute, hour, day of month, month, day of week) or 6'],
    ['* * * * * * *', 'has 7 fields'],
    ['', 'has 0 fields'],
    ['every day', 'has 2 fields'],
    ['@reboot', 'is a word that is not known'],
    ['0 0 31 2 *', 'names a day that never comes'],
    ['2030-01-01T00:00:00', 'has 1 fields'],
  ])('(%s) is refused where it is written', (statement, says) => {
    expect(() => hooks.on(`cron(${statement})`, () => {})).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(`"cron(${statement})" ${says}`) }),
    )
    expect(() => hooks.on(`cron(${statement})`, () => {})).toThrow('such as "cron(*/15 * * * *)"')
  })
})
