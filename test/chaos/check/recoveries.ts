import { epochOf, type Life, type Lives, type Run } from './lives.js'

export interface Recovery {
  readonly what: string
  /** Until it came, or until nobody could tell any more. */
  readonly ms: number
  /** The next fault was there first: in so many ms it had not come, and that is all there is to know. */
  readonly cutShort: boolean
  /** ms that it may take beyond the bound, for a reason that is documented. */
  readonly most: number
}

/**
 * K9: from the end of each fault to the first run of anything (what the next fault holds up is for that one to answer), and
 * from each death to the run of what it held, or to the sweep where another who died had it next.
 */
export function recoveries(lives: Lives): readonly Recovery[] {
  return [...afterFaults(lives), ...afterDeaths(lives)]
}

function* afterFaults({ ids, faults, procs }: Lives): Generator<Recovery> {
  const starts = [...ids.values()].flatMap(({ runs }) => runs.map(({ at }) => at)).sort((a, b) => a - b)
  const published = [...ids.values()].flatMap(({ publishes }) => publishes.map(({ at }) => at)).sort((a, b) => a - b)
  if (procs.size === 0) return
  for (const { name, until } of faults) {
    const first = starts[firstFrom(starts, until)]
    // Faults that end when all are gone home have nothing to recover.
    if (published[firstFrom(published, until)] === undefined) continue
    const next = faults.reduce((least, { at }) => (at >= until ? Math.min(least, at) : least), Number.POSITIVE_INFINITY)
    const cutShort = next < (first ?? Number.POSITIVE_INFINITY)
    const what = `${first === undefined || cutShort ? 'no' : 'the first'} run after ${name}`
    yield { what, ms: (Math.min(first ?? next, next) - until) / 1_000, cutShort, most: 0 }
  }
}

/** A death is recovered by a lapse: `lease + every`. What a fault of the server held up meanwhile is not counted. */
function* afterDeaths({ ids, procs, procOf, faults }: Lives): Generator<Recovery> {
  for (const [id, life] of ids) {
    for (const run of life.runs) {
      const killed = procs.get(run.proc)?.killed ?? Number.POSITIVE_INFINITY
      if (run.until < killed || killed === Number.POSITIVE_INFINITY || run.at > killed) continue
      const next = life.runs.find((other) => other.token !== run.token && other.at > killed)
      if (!next) continue
      const holders = [{ who: run.proc, token: run.token, death: killed }, ...successors(life, run, next)]
      for (const [i, { who, token, death }] of holders.entries()) {
        const last = i === holders.length - 1
        // What has a successor was recovered when its claim was swept, if a guard has told of it.
        const end = last ? next.at : life.jams.find((jam) => jam.token === token)?.at
        if (end === undefined) continue
        const most = grace(life, i === 0 ? run.at : death, end)
        yield { what: `${id} after the death of ${who}`, ms: (end - death) / 1_000, cutShort: false, most }
      }
    }
  }

  /** Who had claimed it ahead next, and came to nothing before it ran: from then on it is that which is recovered. */
  function successors({ jams }: Life, run: Run, next: Run) {
    return jams
      .map(({ at, token }) => ({ at, token, epoch: epochOf(token) }))
      .filter(({ epoch }) => epoch > run.epoch && epoch < next.epoch)
      .sort((one, other) => one.epoch - other.epoch)
      .map(({ at, token }) => {
        const proc = procOf(token)
        return { who: proc?.name ?? 'a worker that ran nothing', token, death: Math.min(proc?.killed ?? at, at) }
      })
  }

  function grace({ jams }: Life, from: number, to: number): number {
    const held = faults
      .filter(({ at, until }) => at < to && until > from)
      .reduce((sum, { at, until }) => sum + (Math.min(until, to) - at) / 1_000, 0)
    // From its second jam on an ID is held back, on purpose.
    const again = jams.some((jam) => jam.jams > 1 && jam.at < to)
    return again ? Number.POSITIVE_INFINITY : held
  }
}

/** The place of the first number of at least `value` in a sorted list. */
function firstFrom(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
