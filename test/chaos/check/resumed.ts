import type { Lives } from './lives.js'
import { firstFrom, nextAfter } from './recoveries.js'
import type { Allowance, Breach } from './rules.js'

/** ms beyond the bound: who has nothing to do waits for a word from the server, and the others may be quicker for a while. */
const SLACK = 2_000
/** So many runs of others are proof that there was work for one more. */
const PLENTY = 100

/**
 * K9, of each worker: one that worked before a fault and lives takes up work again, however well the others do without it.
 * It has room by then: no handler lasts as long as the bound.
 */
export function resumed(
  lives: Lives,
  { recovery }: Allowance,
): { readonly times: number; readonly breaches: Breach[] } {
  const { faults, procs } = lives
  const workers = startsOf(lives)
  const all = [...workers.values()].flat().sort((a, b) => a - b)
  const between = (starts: readonly number[], from: number, to: number): number =>
    firstFrom(starts, to) - firstFrom(starts, from)
  // From then on what is left in line may go to anybody.
  const home = [...lives.ids.values()].reduce(
    (last, { publishes }) => publishes.reduce((latest, { at }) => Math.max(latest, at), last),
    0,
  )
  const breaches: Breach[] = []
  let times = 0
  for (const fault of faults) {
    const { name, at, until } = fault
    for (const [who, starts] of workers) {
      const killed = procs.get(who)?.killed ?? Number.POSITIVE_INFINITY
      const end = Math.min(nextAfter(fault, faults), killed, home)
      if ((starts[0] ?? at) >= at || end <= until) continue
      const first = starts[firstFrom(starts, until)] ?? Number.POSITIVE_INFINITY
      if (first <= end) times++
      const seen = Math.min(first, end)
      const ms = (seen - until) / 1_000
      const others = between(all, until, seen) - between(starts, until, seen)
      if (ms > recovery + SLACK && others >= PLENTY) {
        breaches.push({
          rule: 'K9',
          what: `${who} ran nothing for ${Math.round(ms)} ms after ${name}, while others ran ${others}`,
        })
      }
    }
  }
  return { times, breaches }
}

/** When each worker began something, in order. */
function startsOf({ ids }: Lives): ReadonlyMap<string, number[]> {
  const starts = new Map<string, number[]>()
  for (const { runs } of ids.values()) {
    for (const { proc, at } of runs) {
      const own = starts.get(proc)
      if (own) own.push(at)
      else starts.set(proc, [at])
    }
  }
  for (const own of starts.values()) own.sort((a, b) => a - b)
  return starts
}
