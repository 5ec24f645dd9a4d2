export interface Bell {
  ring(): void
  /** Resolves once `check` holds; looks now, and whenever it rings. */
  until(check: () => boolean): Promise<void>
}

/** Lets tests wait for what happens, instead of sleeping. */
export function createBell(): Bell {
  let waiting: (() => void)[] = []
  return {
    ring() {
      const all = waiting
      waiting = []
      for (const go of all) go()
    },
    async until(check) {
      while (!check()) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}
