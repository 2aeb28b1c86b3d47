import { type Features, featuresBy } from './features.js'
import type { Manners } from './handlers.js'
import type { Terms } from './host.js'
import type { World } from './world.js'

/** How workers are started. */
export interface Habits extends Terms {
  readonly ids: readonly string[]
  readonly every: number
  readonly jobTimeout: number
  readonly abortGrace: number
  readonly closeTimeout: number
  /** `current` stands in while it is there. */
  readonly manners: { readonly usual: Manners; current: Manners | undefined }
  readonly slowest: number
  /** Absent: a plain lane. */
  readonly features?: Features
}

export function habitsBy({ dice, seed }: World): Habits {
  const features = featuresBy(seed)
  const lease = dice.whole(400, 2_500)
  const often = (most: number): number => (dice.chance(0.5) ? dice.whole(1, most) : 0)
  return {
    lease,
    maxJams: dice.pick([0, 1, 3]),
    publishTimeout: dice.whole(200, 2_000),
    replyTimeout: dice.whole(100, Math.round(lease / 2)),
    ids: Array.from({ length: dice.whole(1, 7) }, (_, i) => `job${i}`),
    every: dice.whole(Math.round(lease / 5), lease),
    jobTimeout: dice.chance(0.4) ? dice.whole(30, 600) : 0,
    abortGrace: dice.whole(20, 600),
    closeTimeout: dice.whole(0, 1_000),
    manners: {
      usual: {
        quick: 3,
        atOnce: often(2),
        slow: often(2),
        fails: often(2),
        obeys: often(2),
        deaf: often(1),
        again: often(1),
      },
      current: undefined,
    },
    slowest: dice.whole(100, 2 * lease),
    ...(features === undefined ? {} : { features }),
  }
}

/** ms that all attempts after the first may take, and what waits for its time. */
export function triesTake({ features, ids, slowest }: Habits): number {
  if (features === undefined) return 0
  const { attempts, backoff, ordered, delay } = features
  const more = (attempts - 1) * (slowest + 100) * ids.length
  // Owed runs come after those that owe them.
  return 2 * (more + (attempts - 1) * (2 * backoff + 100) * (ordered ? ids.length : 1) + delay)
}
