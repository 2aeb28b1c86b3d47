import { epochOf, type Fault, type Life, type Run } from './life.js'
import type { Lives } from './lives.js'

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
export function recoveries(lives: Lives, lease: number): readonly Recovery[] {
  return [...afterFaults(lives), ...afterDeaths(lives, lease)]
}

function* afterFaults({ ids, faults, procs }: Lives): Generator<Recovery> {
  const starts = [...ids.values()].flatMap(({ runs }) => runs.map(({ at }) => at)).sort((a, b) => a - b)
  const published = [...ids.values()].flatMap(({ publishes }) => publishes.map(({ at }) => at)).sort((a, b) => a - b)
  if (procs.size === 0) return
  for (const fault of faults) {
    const { name, until } = fault
    const first = starts[firstFrom(starts, until)]
    // Faults that end when all are gone home have nothing to recover.
    if (published[firstFrom(published, until)] === undefined) continue
    const next = nextAfter(fault, faults)
    const cutShort = next < (first ?? Number.POSITIVE_INFINITY)
    const what = `${first === undefined || cutShort ? 'no' : 'the first'} run after ${name}`
    yield { what, ms: (Math.min(first ?? next, next) - until) / 1_000, cutShort, most: 0 }
  }
}

/** A death is recovered by a lapse: `lease + every`. What a fault of the server held up meanwhile is not counted. */
function* afterDeaths({ ids, procs, procOf, faults }: Lives, lease: number): Generator<Recovery> {
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
        const most = disturbance(i === 0 ? run.at : death, end) + (last ? heldBack(life, token, end) : 0)
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

  function disturbance(from: number, to: number): number {
    return faults
      .filter(({ at, until }) => at < to && until > from)
      .reduce((sum, { at, until }) => sum + (Math.min(until, to) - at) / 1_000, 0)
  }

  /** From its second jam on an ID is held back, on purpose: for its jams x lease, and half a lease more by chance. */
  function heldBack({ jams }: Life, token: string, to: number): number {
    // A guard that died before it told of a jam has counted it all the same.
    const untold = 1 + jams.reduce((most, one) => (one.at < to ? Math.max(most, one.jams) : most), 0)
    const count = jams.find((one) => one.token === token)?.jams ?? untold
    return count > 1 ? (count + 0.5) * lease : 0
  }
}

/** When the fault begins that comes after this one; never, after the last. */
export function nextAfter({ until }: Fault, faults: readonly Fault[]): number {
  return faults.reduce((least, { at }) => (at >= until ? Math.min(least, at) : least), Number.POSITIVE_INFINITY)
}

/** The place of the first number of at least `value` in a sorted list. */
export function firstFrom(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
