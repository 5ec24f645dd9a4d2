export type Page = Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>

export interface Poller {
  /** Looks at once; if a look is under way, again after it, because that one may have been asked too early. */
  lookNow(): void
  stop(): void
}

/** Looks now, and `every` milliseconds after the last look has ended, while the page is visible. Never two looks at once. */
export function poll(look: (signal: AbortSignal) => Promise<void>, every: number, page: Page): Poller {
  const end = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let looking = false
  let again = false

  const next = async (): Promise<void> => {
    clearTimeout(timer)
    if (looking) {
      again = true
      return
    }
    looking = true
    do {
      again = false
      await look(end.signal).catch(() => undefined)
    } while (again && !end.signal.aborted)
    looking = false
    if (!end.signal.aborted && page.visibilityState === 'visible') timer = setTimeout(() => void next(), every)
  }
  const onVisibility = (): void => {
    clearTimeout(timer)
    if (page.visibilityState === 'visible') void next()
  }

  page.addEventListener('visibilitychange', onVisibility)
  if (page.visibilityState === 'visible') void next()
  return {
    lookNow: () => void next(),
    stop() {
      clearTimeout(timer)
      end.abort()
      page.removeEventListener('visibilitychange', onVisibility)
    },
  }
}
