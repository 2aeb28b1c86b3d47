import type { Findings } from './check/check.js'
import type { Lap } from './stopwatch.js'

/** One line of the table. */
export interface Tally {
  readonly row: string
  readonly seed: string
  readonly rounds: number
  readonly faults: number
  readonly kills: number
  readonly prefixes: number
  readonly undone: number
  /** Transactions of the append-only file that were replayed and judged one by one. */
  readonly transactions: number
  readonly findings: Findings
  /** What else went wrong: a fault that did not bite, a row that broke. */
  readonly troubles: readonly string[]
  /** Said with the verdict, and not held against the row. */
  readonly notes: readonly string[]
  readonly seconds: Readonly<Record<Lap, number>>
}
