import type { Row } from './row.ts'

/** Figures that are measured together, in a process of their own. */
export type Group = (effort: Effort) => Promise<Row[]>

export interface Effort {
  rounds: number
  /** A smoke test: everything runs, and no figure means much. */
  quick: boolean
}
