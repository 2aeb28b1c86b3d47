import { short } from '../figures.js'
import { type Costs, verbs } from '../growth/sized-queue.js'
import { chart, logScale, text, tick } from './svg.js'

/** What was seen at one size of the queue. */
export interface Spot {
  readonly size: number
  /** Claims alive while the sweep ran. */
  readonly processing: number
  readonly bytes: number
  readonly verbs: Costs
}

const width = 760
const [left, right, top, bottom] = [60, 590, 84, 360]

/** One line per verb over the size of the queue, both scales logarithmic: flat lines are the promise. */
export function growthPicture(report: { date: string; redis: string; spots: readonly Spot[] }): string {
  const { spots } = report
  const costs = verbs.flatMap((verb) => spots.map((spot) => spot.verbs[verb].cost))
  const sizes = spots.map(({ size }) => size)
  const across = logScale([Math.min(...sizes), Math.max(...sizes) * (sizes.length > 1 ? 1 : 10)], [left, right])
  const up = logScale([Math.min(...costs) / 1.5, Math.max(...costs) * 1.5], [bottom, top])
  return chart({
    width,
    height: bottom + 64,
    title: 'cost of each verb over the size of the queue',
    body: [
      text(16, 28, 'Cost per ID while the queue grows', 'title'),
      text(16, 48, 'µs of Redis per ID, in batches of 1,000 (stats: per call); both axes logarithmic', 'note'),
      ...spots.map(({ size }) => tick(across.x(size), top - 18, bottom, short(size), false)),
      ...up.ticks.map((cost) => horizontal(up.x(cost), String(cost))),
      ...verbs.flatMap((verb, at) => line(verb, at, spots, across.x, up.x)),
      ...names(spots, up.x),
      text(
        left,
        bottom + 26,
        `bytes per waiting ID: ${spots.map(({ size, bytes }) => `${bytes.toFixed(1)} at ${short(size)}`).join(' · ')}`,
        'note',
      ),
      text(left, bottom + 46, `${report.date} · Redis ${report.redis}`, 'note'),
    ],
  })
}

const horizontal = (y: number, label: string): string =>
  `<line class="grid" x1="${left}" x2="${right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/>${text(left - 8, y + 4, label, 'tick', 'end')}`

function line(
  verb: (typeof verbs)[number],
  at: number,
  spots: readonly Spot[],
  x: (size: number) => number,
  y: (cost: number) => number,
): string[] {
  const points = spots.map((spot) => `${x(spot.size).toFixed(1)} ${y(spot.verbs[verb].cost).toFixed(1)}`)
  return [
    `<g class="series-${at}"><path class="line" d="M${points.join('L')}"/>${points.map((point) => `<circle class="dot" cx="${point.replace(' ', '" cy="')}" r="3"/>`).join('')}</g>`,
  ]
}

/** The names at the right end, moved apart where their lines end close together. */
function names(spots: readonly Spot[], y: (cost: number) => number): string[] {
  const last = spots.at(-1) as Spot
  const ends = verbs.map((verb, at) => ({ verb, at, y: y(last.verbs[verb].cost) })).sort((a, b) => a.y - b.y)
  let above = Number.NEGATIVE_INFINITY
  return ends.map(({ verb, at, y: end }) => {
    above = Math.max(end, above + 16)
    return `<g class="series-${at}"><path class="line" d="M${right + 4} ${end.toFixed(1)}L${right + 20} ${above.toFixed(1)}"/></g>${text(right + 25, above + 4, `${verb} ${last.verbs[verb].cost.toFixed(2)}`, 'label')}`
  })
}
