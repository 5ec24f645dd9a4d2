import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Page, poll } from './poll.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function aPage(visibilityState: DocumentVisibilityState = 'visible') {
  const target = new EventTarget()
  const page = Object.assign(target, { visibilityState }) as unknown as Page & EventTarget & { visibilityState: string }
  const turn = (state: DocumentVisibilityState): void => {
    page.visibilityState = state
    page.dispatchEvent(new Event('visibilitychange'))
  }
  return { page, turn }
}

test('looks now, and every three seconds while the page is visible', async () => {
  const { page, turn } = aPage()
  const look = vi.fn(async () => {})
  poll(look, 3000, page)
  expect(look).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(6000)
  expect(look).toHaveBeenCalledTimes(3)
  turn('hidden')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(look).toHaveBeenCalledTimes(3)
  turn('visible')
  expect(look).toHaveBeenCalledTimes(4)
  await vi.advanceTimersByTimeAsync(3000)
  expect(look).toHaveBeenCalledTimes(5)
})

test('a page that opens in the background is not looked after', async () => {
  const { page, turn } = aPage('hidden')
  const look = vi.fn(async () => {})
  poll(look, 3000, page)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(look).not.toHaveBeenCalled()
  turn('visible')
  expect(look).toHaveBeenCalledTimes(1)
})

test('never two looks at once; one that is asked for meanwhile follows at once', async () => {
  const { page } = aPage()
  const ends: (() => void)[] = []
  const look = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)))
  const poller = poll(look, 3000, page)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(look).toHaveBeenCalledTimes(1)
  poller.lookNow()
  poller.lookNow()
  expect(look).toHaveBeenCalledTimes(1)
  ends[0]!()
  await vi.advanceTimersByTimeAsync(0)
  expect(look).toHaveBeenCalledTimes(2)
  ends[1]!()
  await vi.advanceTimersByTimeAsync(2999)
  expect(look).toHaveBeenCalledTimes(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(look).toHaveBeenCalledTimes(3)
})

test('a look that fails ends nothing', async () => {
  const { page } = aPage()
  const look = vi.fn(() => Promise.reject(new Error('down')))
  poll(look, 3000, page)
  await vi.advanceTimersByTimeAsync(3000)
  expect(look).toHaveBeenCalledTimes(2)
})

test('stopped: the look under way is aborted, no other follows', async () => {
  const { page, turn } = aPage()
  let end = (): void => {}
  const look = vi.fn((_signal: AbortSignal) => new Promise<void>((resolve) => void (end = resolve)))
  const poller = poll(look, 3000, page)
  poller.lookNow()
  poller.stop()
  expect(look.mock.calls[0]![0].aborted).toBe(true)
  end()
  turn('hidden')
  turn('visible')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(look).toHaveBeenCalledTimes(1)
})
