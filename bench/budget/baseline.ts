import type { Exact } from './exact.js'

/** `bench/baseline.json`: the best ever recorded. */
export interface Baseline {
  readonly date: string
  readonly ratios: Readonly<Record<string, number>>
  readonly exact: Exact
  /** Why something became worse, each time it was allowed to. */
  readonly lowered: readonly { readonly date: string; readonly reason: string; readonly what: readonly string[] }[]
}

/** A run may be this much worse than the best: the noise of a shared machine. */
const tolerance = 0.7

export interface Kept {
  readonly kept: boolean
  readonly text: string
}

type Ratios = Readonly<Record<string, number>>

export function judgeRatio({ ratios: best }: Baseline, now: Ratios): readonly Kept[] {
  return Object.entries(best).map(([row, mark]) => {
    const share = now[row]
    const kept = share !== undefined && share >= mark * tolerance
    const percent = (value: number | undefined) => (value === undefined ? 'gone' : `${(value * 100).toFixed(1)} %`)
    return {
      kept,
      text: `${kept ? 'ok  ' : 'FAIL'} ${row.padEnd(26)} ${percent(share).padStart(8)} of the raw limit, best ${percent(mark)}`,
    }
  })
}

export function judgeExact({ exact: mark }: Baseline, now: Exact): readonly Kept[] {
  const commands = Object.entries(mark.commands).map(([call, wanted]) => compare(call, wanted, now.commands[call]))
  if (mark.redis !== now.redis)
    return [
      ...commands,
      { kept: true, text: `ok   bytes per ID: recorded on ${mark.redis}, not compared on ${now.redis}` },
    ]
  return [...commands, compare('bytes per waiting ID', mark.bytesPerId, now.bytesPerId)]
}

function compare(name: string, wanted: unknown, found: unknown): Kept {
  const [was, is] = [JSON.stringify(wanted), JSON.stringify(found)]
  const kept = was === is
  return {
    kept,
    text: kept ? `ok   ${name.padEnd(26)} ${is}` : `FAIL ${name.padEnd(26)} ${is}\n     ${''.padEnd(21)} was: ${was}`,
  }
}

/** The best of both, or a sentence that says what would become worse. */
export function raised(before: Baseline | undefined, ratios: Ratios, exact: Exact, date: string): Baseline | string {
  if (!before) return { date, ratios, exact, lowered: [] }
  const changed = judgeExact(before, exact).filter(({ kept }) => !kept)
  if (changed.length > 0)
    return `exact figures changed: record them with --lower "reason"\n${changed.map(({ text }) => text).join('\n')}`
  return { ...before, date, ratios: better(before.ratios, ratios) }
}

/** Row by row. */
export function better(some: Ratios, others: Ratios): Ratios {
  const rows = new Set([...Object.keys(some), ...Object.keys(others)])
  return Object.fromEntries([...rows].map((row) => [row, Math.max(some[row] ?? 0, others[row] ?? 0)]))
}

/** What this run found, whatever it is, with the reason. */
export function lowered(
  before: Baseline | undefined,
  ratios: Ratios,
  exact: Exact,
  reason: string,
  date: string,
): Baseline {
  if (!before) return { date, ratios, exact, lowered: [] }
  const worse = Object.keys(before.ratios).filter((row) => (ratios[row] ?? 0) < (before.ratios[row] as number))
  const changed = judgeExact(before, exact).flatMap(({ kept, text }) => (kept ? [] : [text.replace(/\s+/g, ' ')]))
  const what = [...worse.map((row) => `${row}: ${before.ratios[row]} to ${ratios[row] ?? 'gone'}`), ...changed]
  return { date, ratios, exact, lowered: [...before.lowered, { date, reason, what }] }
}
