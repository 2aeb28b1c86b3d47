import type { DedupePolicy } from '../../src/policy.js'
import { Dice } from './dice.js'

/** What a queue's options ask for beyond a plain lane. */
export interface Features {
  readonly dedupe: 'latest' | Pick<DedupePolicy, 'processing' | 'waiting' | 'timing'>
  readonly attempts: number
  /** ms */
  readonly backoff: number
  readonly ordered: boolean
  /** ms that results are kept; 0: they are not. */
  readonly keepResult: number
  /** A publish is put off by so many ms at most. */
  readonly delay: number
  /** A publish has one of these. */
  readonly priorities: readonly number[]
}

/** Two seeds of five; the others tell the stories they told before there was any of this. */
export function featuresBy(seed: number): Features | undefined {
  if (seed % 5 > 1) return undefined
  const dice = new Dice(seed ^ 0x0f_ea_70)
  const ordered = dice.chance(0.25)
  return {
    dedupe: dice.pick([
      'latest' as const,
      'latest' as const,
      { processing: 'supersede' as const, waiting: 'replace' as const, timing: 'latest' as const },
      { processing: 'supersede' as const, waiting: 'replace' as const, timing: 'first' as const },
      { processing: 'rerun' as const, waiting: 'discard' as const, timing: 'earliest' as const },
      { processing: 'discard' as const, waiting: 'replace' as const, timing: 'first' as const },
    ]),
    attempts: dice.whole(1, 4),
    backoff: dice.whole(0, 600),
    ordered,
    keepResult: dice.chance(0.5) ? dice.whole(100, 5_000) : 0,
    // In strict order what waits for its time has no place in the line.
    delay: ordered || dice.chance(0.3) ? 0 : dice.whole(50, 800),
    priorities: ordered || dice.chance(0.4) ? [0] : [0, 0, 5, -3, 10],
  }
}
