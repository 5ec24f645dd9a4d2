/** The candidate that a name was probably meant to be; undefined if none is near. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.min(Math.max(1, Math.floor(name.length / 3)), 4) + 1
  for (const candidate of candidates) {
    // At least as many steps as they differ in length: a name of a megabyte is compared with nothing.
    if (Math.abs(name.length - candidate.length) >= least) continue
    const steps = distance(name.toLowerCase(), candidate.toLowerCase())
    if (steps < least) {
      least = steps
      best = candidate
    }
  }
  return best
}

/** Letters to insert, remove, replace or swap with their neighbour to get from one text to the other. */
function distance(from: string, to: string): number {
  let above: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1)
      let least = Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1)
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      if (swapped) least = Math.min(least, (above[j - 2] as number) + 1)
      next.push(least)
    }
    above = row
    row = next
  }
  return row[to.length] as number
}
