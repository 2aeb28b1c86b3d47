import { times } from './figures.js'
import { base, medianOf, type Report, ratio } from './report/report.js'

/** What is promised of convoy, and what is tried for. */
export interface Bar {
  readonly row: string
  readonly bar: number
  readonly aim: number
  /** `times` better than bullmq by jobId; at `most` so many units; a `share` of the raw limit; at most so many times `bee-queue`'s. */
  readonly kind: 'times' | 'most' | 'share' | 'bee-queue'
}

export const bars: readonly Bar[] = [
  { row: 'A', kind: 'times', bar: 4.5, aim: 6 },
  { row: 'B', kind: 'times', bar: 18, aim: 25 },
  { row: 'C', kind: 'times', bar: 7, aim: 10 },
  { row: 'D1', kind: 'times', bar: 1.6, aim: 2 },
  { row: 'D1p100', kind: 'times', bar: 18, aim: 30 },
  { row: 'D10', kind: 'times', bar: 2, aim: 3 },
  { row: 'D100', kind: 'times', bar: 5, aim: 8 },
  { row: 'D100p100', kind: 'times', bar: 6.5, aim: 10 },
  { row: 'D100p1000', kind: 'times', bar: 12, aim: 20 },
  { row: 'E', kind: 'times', bar: 6, aim: 10 },
  { row: 'L50', kind: 'bee-queue', bar: 1.25, aim: 1 },
  { row: 'F', kind: 'most', bar: 85, aim: 80 },
  { row: 'CPUc', kind: 'most', bar: 8, aim: 5 },
  { row: 'CPUr', kind: 'most', bar: 6, aim: 4 },
  // The same bars as shares of what bullmq took where they were set (37 + 33 µs): these hold on a machine of any speed.
  { row: 'CPUc', kind: 'times', bar: 37 / 8, aim: 37 / 5 },
  { row: 'CPUr', kind: 'times', bar: 33 / 6, aim: 33 / 4 },
  { row: 'P500', kind: 'share', bar: 0.5, aim: 0.7 },
  { row: 'S500', kind: 'share', bar: 0.5, aim: 0.7 },
]

export interface Verdict {
  readonly bar: Bar
  readonly value: number
  readonly outcome: 'aim' | 'pass' | 'miss'
}

/** Every bar this run can judge. */
export function judge(report: Report): readonly Verdict[] {
  return bars.flatMap((bar) => {
    const value = measured(report, bar)
    if (value === undefined) return []
    const reached = (mark: number) => (bar.kind === 'times' || bar.kind === 'share' ? value >= mark : value <= mark)
    return [{ bar, value, outcome: reached(bar.aim) ? 'aim' : reached(bar.bar) ? 'pass' : 'miss' } as const]
  })
}

function measured(report: Report, bar: Bar): number | undefined {
  const ours = medianOf(report, bar.row, 'convoy')
  const line = report.lines.find((each) => each.row.key === bar.row)
  if (ours === undefined || line === undefined) return undefined
  const beside = (system: string) => {
    const other = medianOf(report, bar.row, system)
    return other === undefined ? undefined : ours / other
  }
  switch (bar.kind) {
    case 'times':
      return ratio(report, line.row, line.figures['convoy'] as never)
    case 'most':
      return ours
    case 'share':
      return beside('raw')
    case 'bee-queue':
      return beside('bee-queue')
  }
}

export function barsTable(report: Report): string {
  const verdicts = judge(report)
  if (verdicts.length === 0) return ''
  const text = ({ kind }: Bar, value: number) =>
    kind === 'times'
      ? times(value)
      : kind === 'share'
        ? `${Math.round(value * 100)} %`
        : String(Number(value.toPrecision(3)))
  const beside = { times: base, most: 'absolute', share: 'raw', 'bee-queue': 'bee-queue' }
  return [
    '',
    `bars${report.quick ? ' (of a quick run: a hint, no more)' : ''}`,
    `  ${'row'.padEnd(12)}${'is'.padStart(8)}${'bar'.padStart(8)}${'aim'.padStart(8)}   against`,
    ...verdicts.map(({ bar, value, outcome }) => {
      const mark = outcome === 'miss' ? 'MISS' : outcome === 'pass' ? 'pass' : 'pass, aim reached'
      return `  ${bar.row.padEnd(12)}${text(bar, value).padStart(8)}${text(bar, bar.bar).padStart(8)}${text(bar, bar.aim).padStart(8)}   ${beside[bar.kind].padEnd(11)}${mark}`
    }),
  ].join('\n')
}
