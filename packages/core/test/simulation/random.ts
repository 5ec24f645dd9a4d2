/** Everything that a world leaves to chance comes from one seed. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** Whole, from 0 to below `n`. */
  below(n: number): number
  chance(p: number): boolean
  pick<T>(list: readonly T[]): T
}

/** mulberry32: small, fast, and the same on every machine. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (n: number) => Math.floor(next() * n)
  return { next, below, chance: (p) => next() < p, pick: (list) => list[below(list.length)] as never }
}
