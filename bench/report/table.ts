import { short, times } from '../figures.js'
import { type Figure, type Line, notAsked } from '../rounds.js'
import { moreIsBetter } from '../work.js'
import { type Report, ratio } from './report.js'

/** The report for a terminal: one block per row, the best first, blanks with their reasons last. */
export function table(report: Report): string {
  return [...head(report), ...report.lines.flatMap((line) => block(report, line))].join('\n')
}

function head({ date, machine, redis, rounds, quick, took, systems, leftOut }: Report): string[] {
  return [
    `${date} · ${machine.processor}, ${machine.cores} cores, ${machine.memory} · ${machine.system} · Node ${machine.node} · Redis ${redis}`,
    `medians of ${rounds} interleaved round${rounds === 1 ? '' : 's'} (min–max), ratio to bullmq by jobId${quick ? ' · QUICK: a tenth of the jobs, not for quoting' : ''} · ${took.toFixed(1)} minutes`,
    '',
    ...systems.flatMap(({ name, version, settings }) => [
      `${name.padEnd(14)}${version}`,
      `${' '.repeat(14)}${settings}`,
    ]),
    ...leftOut.map(({ name, why }) => `${name.padEnd(14)}LEFT OUT: ${why}`),
  ]
}

function block(report: Report, line: Line): string[] {
  const value = (figure: Figure) => ('median' in figure ? figure.median : Number.NaN)
  const sign = moreIsBetter(line.row) ? -1 : 1
  const shown = Object.entries(line.figures)
    .filter(([, figure]) => 'median' in figure)
    .sort(([, a], [, b]) => sign * (value(a) - value(b)))
  const blank = Object.entries(line.figures).filter(([, figure]) => 'blank' in figure && figure.blank !== notAsked)
  if (shown.length + blank.length === 0) return []
  return [
    '',
    `${line.row.key}  ${line.row.title}, ${line.row.unit}`,
    ...shown.map(([name, figure]) => {
      const { median, min, max } = figure as { median: number; min: number; max: number }
      const times_ = ratio(report, line.row, figure)
      const ratioText = times_ === undefined ? '' : times(times_)
      return `  ${name.padEnd(14)}${short(median).padStart(8)}  ${`(${short(min)}–${short(max)})`.padEnd(18)}${ratioText.padStart(7)}`
    }),
    ...blank.map(([name, figure]) => `  ${name.padEnd(14)}${'–'.padStart(8)}  ${(figure as { blank: string }).blank}`),
  ]
}
