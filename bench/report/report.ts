import type { Machine } from '../machine.js'
import type { Figure, Line } from '../rounds.js'
import { moreIsBetter, type Row } from '../work.js'

/** All that a run found, as it is written to `results/latest.json` and read by the table, the bars and the picture. */
export interface Report {
  readonly date: string
  readonly machine: Machine
  readonly redis: string
  readonly rounds: number
  readonly quick: boolean
  /** Minutes it took. */
  readonly took: number
  readonly systems: readonly { readonly name: string; readonly version: string; readonly settings: string }[]
  /** Systems that were asked for and could not run, with the reason. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[]
  readonly lines: readonly Line[]
}

/** The system every ratio is taken to. */
export const base = 'bullmq'

export function medianOf(report: Report, row: string, system: string): number | undefined {
  const figure = report.lines.find((line) => line.row.key === row)?.figures[system]
  return figure && 'median' in figure ? figure.median : undefined
}

/** How many times better than bullmq by jobId: faster, or cheaper. Undefined where either has no figure. */
export function ratio(report: Report, row: Row, figure: Figure): number | undefined {
  const other = medianOf(report, row.against ?? row.key, base)
  if (other === undefined || 'blank' in figure) return undefined
  return moreIsBetter(row) ? figure.median / other : other / figure.median
}
