import type { Effort } from './group.ts'
import type { Sample } from './row.ts'

/** Makes one measurement and answers its figure. */
export type Subject = () => number | Promise<number>

export interface Rounds {
  rounds: number
  /** Rounds before, which do not count. Default 1. */
  warmups?: number
  /** Milliseconds: none but the first round is begun that would probably end later. */
  within?: number
  /** Whether each round is told as it begins. */
  progress?: boolean
}

/**
 * Measures all subjects in turn, round after round, so that whatever else the machine does meets them alike. Every round
 * begins with another one: what a subject leaves behind for the next is not always the same subject's to bear.
 */
export async function interleave<const Names extends string>(
  subjects: Readonly<Record<Names, Subject>>,
  { rounds, warmups = 1, within = Infinity, progress = false }: Rounds,
): Promise<Record<Names, number[]>> {
  const names = Object.keys(subjects) as Names[]
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Names, number[]>
  const from = performance.now()
  let longest = 0
  for (let round = -warmups; round < rounds; round++) {
    const startedAt = performance.now()
    if (round > 0 && startedAt + longest > from + within) break
    if (progress) process.stderr.write(`  ${round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`}: ${names.join(', ')}\n`)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + warmups) % names.length] as Names
      globalThis.gc?.()
      const figure = await subjects[name]()
      if (round >= 0) figures[name].push(figure)
    }
    longest = Math.max(longest, performance.now() - startedAt)
  }
  return figures
}

/** For figures that take seconds each: fewer rounds, which are told as they go, and fewer still on a slow machine. */
export function slowly({ rounds, quick }: Effort, most: number): Rounds {
  return { rounds: quick ? 1 : Math.min(rounds, most), warmups: quick ? 0 : 1, within: 200_000, progress: true }
}

export function sampleOf(figures: readonly number[]): Sample {
  const sorted = [...figures].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, least: at(0), most: at(sorted.length - 1) }
}

/** Round by round. */
export function ratioOf(ours: readonly number[], peers: readonly number[]): Sample {
  return sampleOf(ours.map((figure, round) => figure / (peers[round] ?? Number.NaN)))
}

/** Runs `work` and answers in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

/** Milliseconds on the machine's one clock that only goes forward: the same in every process. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** The value that this share of all does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
