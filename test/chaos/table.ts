import type { Rule } from './check/rules.js'
import { type Lap, total } from './stopwatch.js'
import type { Tally } from './tally.js'

export interface Line {
  readonly tally: Tally
  readonly held: boolean
}

type Column = readonly [head: string, cell: (tally: Tally) => string]

const of = ({ findings }: Tally, rule: Rule): number => findings.breaches.filter((one) => one.rule === rule).length
const having = ({ findings }: Tally, text: string): string =>
  `${findings.breaches.filter(({ what }) => what.includes(text)).length}`
const seconds = (s: number): string => `${Math.round(s)} s`
const lap = (part: Lap): Column => [part, (tally) => seconds(tally.seconds[part])]

const COLUMNS: readonly Column[] = [
  ['row', ({ row }) => row],
  ['dose', ({ rounds, findings, kills }) => `${rounds}r ${findings.faults}f ${kills}k`],
  ['publ.', ({ findings }) => `${findings.accepted}`],
  ['runs', ({ findings }) => `${findings.runs}`],
  ['replayed', ({ transactions }) => `${transactions}`],
  ['LOST', (tally) => `${of(tally, 'K1')}${inWindow(tally)}`],
  ['twice', (tally) => having(tally, 'in line twice')],
  ['ends', (tally) => `${of(tally, 'K5')}`],
  ['stuck', (tally) => having(tally, 'is stuck')],
  ['recovery', recovery],
  ['pending', (tally) => having(tally, 'pending')],
  ['uncaught', (tally) => having(tally, 'nobody caught')],
  ...[lap('set-up'), lap('rounds'), lap('drain'), lap('check')],
  ['time', (tally) => seconds(total(tally.seconds))],
]

/** Counted, and not held against anybody. */
function inWindow({ findings: { withinWindow } }: Tally): string {
  return withinWindow > 0 ? `+${withinWindow}` : ''
}

/** ms: the middle one and the longest. */
function recovery({ findings: { recoveries } }: Tally): string {
  const ms = (share: number): number => Math.round(recoveries[Math.floor(share * (recoveries.length - 1))] ?? 0)
  return recoveries.length === 0 ? '-' : `${ms(0.5)}/${ms(1)}`
}

function verdict({ tally, held }: Line): string {
  const rules = new Set(tally.findings.breaches.map(({ rule }) => rule))
  return held ? 'held' : ['BROKEN', ...rules].join(' ')
}

/** What was asked of each row and what came of it, in one table; below, how long all took together. */
export function table(lines: readonly Line[], left: readonly { readonly row: string; readonly why: string }[]): string {
  const head = COLUMNS.map(([name]) => name)
  const rows = lines.map(({ tally }) => COLUMNS.map(([, cell]) => cell(tally)))
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const print = (row: readonly string[], end: string): string => {
    const [first = '', ...rest] = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    )
    return [first, ...rest, end].join('  ').trimEnd()
  }
  const all = lines.reduce((sum, { tally }) => sum + total(tally.seconds), 0)
  return [
    print(head, ''),
    ...rows.map((row, i) => print(row, verdict(lines[i] as Line))),
    ...left.map(({ row, why }) => `${row}  not run: ${why}`),
    `${lines.length} rows in ${Math.floor(all / 60)} min ${Math.round(all % 60)} s`,
  ].join('\n')
}
