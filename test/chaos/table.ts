import type { Rule } from './check/rules.js'
import type { Tally } from './tally.js'

export interface Line {
  readonly tally: Tally
  readonly held: boolean
}

const HEAD = [
  'row',
  'dose',
  'publ.',
  'runs',
  'LOST',
  'twice',
  'ends',
  'stuck',
  'recovery',
  'pending',
  'uncaught',
  'time',
  '',
]

/** What was asked of each row and what came of it, in one table. */
export function table(lines: readonly Line[], left: readonly { readonly row: string; readonly why: string }[]): string {
  const rows = [HEAD, ...lines.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const printed = rows.map((row) =>
    row
      .map((cell, i) => (i === 0 || i === 13 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  '),
  )
  return [...printed, ...left.map(({ row, why }) => `${row}  not run: ${why}`)].join('\n')
}

function cells({ tally, held }: Line): string[] {
  const { row, rounds, faults, kills, findings, seconds } = tally
  const of = (...rules: Rule[]): number => findings.breaches.filter(({ rule }) => rules.includes(rule)).length
  const having = (text: string): number => findings.breaches.filter(({ what }) => what.includes(text)).length
  const lost = `${of('K1')}${findings.withinWindow > 0 ? `+${findings.withinWindow}` : ''}`
  const { recoveries } = findings
  const ms = (share: number): string => `${Math.round(recoveries[Math.floor(share * (recoveries.length - 1))] ?? 0)}`
  return [
    row,
    `${rounds}r ${faults}f ${kills}k`,
    String(findings.accepted),
    String(findings.runs),
    String(tally.transactions),
    lost,
    String(having('in line twice')),
    String(of('K5')),
    String(having('is stuck')),
    recoveries.length === 0 ? '-' : `${ms(0.5)}/${ms(1)}`,
    String(having('pending')),
    String(having('nobody caught')),
    `${Math.round(seconds)} s`,
    held ? 'held' : `BROKEN ${[...new Set(findings.breaches.map(({ rule }) => rule))].join(' ')}`,
  ]
}
