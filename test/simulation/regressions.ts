import type { Mode } from './simulation.js'

/** A seed that failed once, and what it was. */
interface Regression {
  readonly seed: number
  readonly mode: Mode
  readonly was: string
}

/**
 * Played before all others. A seed tells the same story only while the dice are thrown in the same order: one that a
 * change to the simulation has made harmless is one seed more, and what it was stays worth knowing.
 */
export const REGRESSIONS: readonly Regression[] = [
  { seed: 453, mode: 'liveness', was: 'a stall cut short by the end of the faults left what it had postponed behind' },
  { seed: 1457, mode: 'liveness', was: 'the wake token went with a wire that a pause had cut, and nobody put it back' },
  { seed: 24, mode: 'liveness', was: 'planted: the wake token went with a wire that a pause had cut' },
  { seed: 67, mode: 'safety', was: 'planted: a publish that had happened was told as UNAVAILABLE' },
  { seed: 40, mode: 'safety', was: 'a wait was rejected with what its socket said' },
  {
    seed: 186,
    mode: 'safety',
    was: 'what was sent before the first look at the journal was never told to who listened',
  },
  { seed: 675, mode: 'safety', was: 'a reader was told 8 after 13' },
  { seed: 856, mode: 'safety', was: 'a reader that was ended as it caught up was told what it had heard behind that' },
  { seed: 336, mode: 'safety', was: 'planted: a report of one whose claim was lost was kept' },
  { seed: 1731, mode: 'safety', was: 'who was tried for room with one whose time was over got in before its turn' },
  { seed: 1426, mode: 'liveness', was: 'planted: a wait looked only where it had heard something' },
  { seed: 636, mode: 'liveness', was: 'planted: a schedule ended at its first error' },
  { seed: 586, mode: 'safety', was: 'planted: who had waited for room longest went behind who came since' },
  { seed: 1205, mode: 'safety', was: 'planted: a schedule caught up on all that it had missed' },
  { seed: 620, mode: 'liveness', was: 'planted: at most once, and what was cut off ran again' },
]
