import { short, times } from '../figures.js'
import type { Line } from '../rounds.js'
import { moreIsBetter } from '../work.js'
import { base, type Report, ratio } from './report.js'
import { bar, chart, logScale, text, tick } from './svg.js'

/** The works a reader of the README asks about, in the words of the picture. */
const shown: Readonly<Record<string, string>> = {
  A: 'publish one by one',
  B: 'publish in bulk',
  C: 'publish duplicates',
  D1: 'drain, 1 at a time',
  D1p100: '… 100 claimed ahead',
  D10: 'drain, 10 at a time',
  D100: 'drain, 100 at a time',
  D100p100: '… 100 claimed ahead',
  D100p1000: '… 1,000 claimed ahead',
  E: 'publish and work at once',
  L50: 'latency, idle queue',
  F: 'memory per waiting ID',
}

const width = 860
const left = 190
const right = 100
const top = 74
const rowHeight = 40

interface Mark {
  readonly name: string
  readonly ratio: number
  readonly median: number
}

/**
 * How many times better than bullmq by jobId, on a logarithmic scale: convoy as a bar, every peer as a dot on the line
 * beneath it (the best one named), the raw limit as an open diamond. Legible on light and dark.
 */
export function picture(report: Report): string {
  const rows = report.lines.flatMap((line) => {
    const label = shown[line.row.key]
    const marks = label ? marksOf(report, line) : []
    return label && marks.length > 0 ? [{ line, label, marks }] : []
  })
  const ratios = rows.flatMap(({ marks }) => marks.map((mark) => mark.ratio))
  const scale = logScale([Math.min(0.28, ...ratios) * 0.9, Math.max(4, ...ratios) * 1.05], [left, width - right])
  const bottom = top + rows.length * rowHeight
  return chart({
    width,
    height: bottom + 62,
    title: 'convoy beside other queues',
    body: [
      text(16, 28, 'Times better than BullMQ (unique by jobId)', 'title'),
      text(16, 48, 'faster, or cheaper; logarithmic; median of interleaved rounds on one machine', 'note'),
      ...scale.ticks.map((at) => tick(scale.x(at), top - 8, bottom, `${at}×`, at === 1)),
      ...rows.flatMap(({ line, label, marks }, at) => row(line, label, marks, top + at * rowHeight, scale.x)),
      ...legend(bottom + 28),
      text(16, bottom + 50, footnote(report), 'note'),
    ],
  })
}

function marksOf(report: Report, line: Line): Mark[] {
  return Object.entries(line.figures).flatMap(([name, figure]) => {
    const times_ = ratio(report, line.row, figure)
    return times_ !== undefined && 'median' in figure ? [{ name, ratio: times_, median: figure.median }] : []
  })
}

function row(line: Line, label: string, marks: readonly Mark[], y: number, x: (ratio: number) => number): string[] {
  const ours = marks.find((mark) => mark.name === 'convoy')
  const raw = marks.find((mark) => mark.name === 'raw')
  const peers = marks.filter((mark) => !['convoy', 'raw', base].includes(mark.name))
  const best = peers.toSorted((a, b) => b.ratio - a.ratio)[0]
  const unit = moreIsBetter(line.row) ? '/s' : ` ${line.row.unit}`
  const dots = y + 26
  return [
    text(left - 12, y + 14, label, 'label', 'end'),
    ...(ours
      ? [
          bar(x(1), x(ours.ratio), y + 4, 13),
          text(
            Math.max(x(1), x(ours.ratio)) + 6,
            y + 15,
            `${times(ours.ratio).replace('x', '×')}  ${short(ours.median)}${unit}`,
            'value',
          ),
        ]
      : []),
    ...peers.map(
      (peer) =>
        `<circle class="peer" cx="${x(peer.ratio).toFixed(1)}" cy="${dots}" r="3.5"><title>${peer.name}: ${times(peer.ratio)}</title></circle>`,
    ),
    ...(raw
      ? [
          `<path class="raw" d="M${x(raw.ratio).toFixed(1)} ${dots - 5}l5 5-5 5-5-5z"><title>raw limit: ${times(raw.ratio)}</title></path>`,
        ]
      : []),
    ...(best ? [text(x(best.ratio) + 8, dots + 4, best.name, 'peer-name')] : []),
  ]
}

function legend(y: number): string[] {
  return [
    bar(left, left + 22, y - 9, 10),
    text(left + 28, y, 'convoy', 'label'),
    `<circle class="peer" cx="${left + 100}" cy="${y - 4}" r="3.5"/>`,
    text(left + 110, y, 'a peer (the best one named)', 'label'),
    `<path class="raw" d="M${left + 310} ${y - 9}l5 5-5 5-5-5z"/>`,
    text(left + 321, y, 'raw Lua limit', 'label'),
  ]
}

const footnote = ({ date, machine, redis, rounds, quick }: Report): string =>
  `${date} · ${machine.cores} cores, Node ${machine.node}, Redis ${redis} · ${quick ? 'a quick run, not for quoting' : `${rounds} rounds`}`
