/** Calls to a store that does real I/O, beside a virtual clock. */
export interface Traffic {
  /** Runs the call once all before it have ended: whatever takes how long, one seed gives one world. */
  pass<T>(call: () => Promise<T>): Promise<T>
  /** Resolves when no call is under way; null: there is none. */
  busy(): Promise<unknown> | null
}

export function createTraffic(): Traffic {
  let last: Promise<unknown> = Promise.resolve()
  let under = 0
  return {
    pass(call) {
      under += 1
      const result = last.then(call)
      last = result
        .catch(() => {})
        .then(() => {
          under -= 1
        })
      return result
    },
    busy: () => (under === 0 ? null : last),
  }
}
