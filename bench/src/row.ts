/** One published figure: what was measured, against whom, and what it has to reach. */
export interface Row {
  what: string
  /** Of both values: `changes/s`, `µs`, `bytes`, … */
  unit: string
  ours: Sample
  /** Null: the figure stands alone, and `ratio` is our own value. */
  peer: (Sample & { what: string }) | null
  /** Ours over the peer's: the median of the rounds' own ratios, so that what slows a whole round down cancels out. */
  ratio: Sample
  /** Of `ratio`; null: reported only. */
  mark: Mark | null
}

export type Mark = { atLeast: number } | { atMost: number }

/** Of some rounds. */
export interface Sample {
  median: number
  least: number
  most: number
}

/** `level`: too near to 1 to say on a machine that others share. */
export type Judgement = 'reached' | 'level' | 'missed' | 'reported'

/** Ratios nearer to 1 than this are not judged. */
const NEAR = 1.2

export function judge({ ratio, mark, peer }: Pick<Row, 'ratio' | 'mark' | 'peer'>): Judgement {
  if (mark === null) return 'reported'
  if (marginOf(ratio.median, mark) >= 1) return 'reached'
  return peer !== null && isNearOne(ratio.median) && isNearOne(levelOf(mark)) ? 'level' : 'missed'
}

/** How many times better than the mark: 1 is just reached. */
export function marginOf(ratio: number, mark: Mark): number {
  return 'atLeast' in mark ? ratio / mark.atLeast : mark.atMost / ratio
}

export function levelOf(mark: Mark): number {
  return 'atLeast' in mark ? mark.atLeast : mark.atMost
}

const isNearOne = (ratio: number): boolean => ratio < NEAR && ratio > 1 / NEAR

/** About three digits that count; whole numbers up to 10,000 as they are. */
export function shown(value: number): string {
  if (value >= 100) return Math.round(value < 10_000 ? value : Number(value.toPrecision(3))).toLocaleString('en-US')
  if (value >= 10) return value.toFixed(1)
  return value.toFixed(value >= 0.1 ? 2 : 3)
}
