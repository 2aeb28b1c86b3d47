/** The few shapes the pictures are made of. Colours follow the reader's scheme; text stays text. */
const scheme = (
  ink: string,
  faint: string,
  line: string,
  ours: string,
  peer: string,
  others: readonly string[],
): string => `
    text { fill: ${ink} }
    .note, .tick, .peer-name { fill: ${faint} }
    .grid { stroke: ${line} }
    .one, .raw { stroke: ${faint} }
    .ours { fill: ${ours} }
    .peer { fill: ${peer} }
    ${[ours, ...others].map((colour, at) => `.series-${at} { stroke: ${colour}; color: ${colour} }`).join('\n    ')}`

// Plain colours and one media query: viewers that know no custom properties still draw the light scheme.
const style = `
    text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif }
    .title { font-size: 16px; font-weight: 600 }
    .tick, .peer-name { font-size: 11px }
    .value { font-weight: 600 }
    .grid { stroke-width: 1 }
    .one, .raw { stroke-width: 1.5 }
    .raw, .line { fill: none }
    .line { stroke-width: 2 }
    .dot { fill: currentColor; stroke: none }${scheme('#1f2328', '#59636e', '#d1d9e0', '#0969da', '#8c959f', ['#bf5700', '#1a7f37', '#8250df', '#cf222e', '#656d76', '#9a6700'])}
    @media (prefers-color-scheme: dark) {${scheme('#f0f6fc', '#9198a1', '#3d444d', '#58a6ff', '#8b949e', ['#f0883e', '#3fb950', '#bc8cff', '#ff7b72', '#b1bac4', '#d29922'])}
    }`

export interface Scale {
  readonly x: (value: number) => number
  readonly ticks: readonly number[]
}

/** A logarithmic scale with a tick at every power of ten, and at 2 and 5 of them when there is room. */
export function logScale([low, high]: readonly [number, number], [from, to]: readonly [number, number]): Scale {
  const [a, b] = [Math.log10(low), Math.log10(high)]
  const steps = b - a > 4 ? [1] : [1, 2, 5]
  const powers = Array.from({ length: Math.ceil(b) - Math.floor(a) + 1 }, (_, at) => Math.floor(a) + at)
  const ticks = powers.flatMap((power) => steps.map((step) => Number((step * 10 ** power).toPrecision(3))))
  return {
    x: (value) => from + ((Math.log10(value) - a) / (b - a)) * (to - from),
    ticks: ticks.filter((tick) => tick >= low && tick <= high),
  }
}

export const text = (x: number, y: number, words: string, kind: string, anchor = 'start'): string =>
  `<text class="${kind}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${plain(words)}</text>`

/** A bar between two places, whichever comes first. */
export const bar = (from: number, to: number, y: number, height: number): string =>
  `<rect class="ours" x="${Math.min(from, to).toFixed(1)}" y="${y}" width="${Math.max(1, Math.abs(to - from)).toFixed(1)}" height="${height}" rx="2"/>`

/** A vertical line of the grid, named at its head. */
export const tick = (x: number, y1: number, y2: number, label: string, strong = false): string =>
  `<line class="${strong ? 'one' : 'grid'}" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${y1 + 12}" y2="${y2}"/>${text(x, y1 + 6, label, 'tick', 'middle')}`

export function chart(parts: { width: number; height: number; title: string; body: readonly string[] }): string {
  const { width, height, title, body } = parts
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${plain(title)}">
  <title>${plain(title)}</title>
  <style>${style}
  </style>
  ${body.join('\n  ')}
</svg>
`
}

const plain = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
