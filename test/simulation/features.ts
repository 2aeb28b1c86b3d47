import type { QueueOptions } from '../../src/options.js'
import type { DedupePolicy } from '../../src/policy.js'
import { Dice } from './dice.js'
import { CRONS } from './parts/timetable.js'

/** What a queue's options ask for beyond a plain lane, and what its publishes bring. */
export interface Features {
  readonly dedupe: Pick<DedupePolicy, 'processing' | 'waiting' | 'timing'>
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
  /** ms for which an ID that was done is remembered, and since when. */
  readonly remember?: { readonly time: number; readonly from: 'finish' | 'publish' }
  readonly active?: number
  readonly rate?: { readonly max: number; readonly per: number }
  /** How many IDs the queue holds, and how long a publish waits for room, ms. */
  readonly room?: { readonly most: number; readonly wait: number }
  readonly once?: true
  /** Somebody listens; and so many messages are kept, or none. */
  readonly journal?: { readonly keep: number }
  /** Runs are waited for. */
  readonly waits?: true
  /** An ID is published at intervals of so many ms … */
  readonly every?: number
  /** … or by one of the cron texts. */
  readonly cron?: number
}

/** Two seeds of five; the others tell the stories they told before there was any of this. */
export function featuresBy(seed: number): Features | undefined {
  if (seed % 5 > 1) return undefined
  const dice = new Dice(seed ^ 0x0f_ea_70)
  const some = <T>(probability: number, what: () => T): T | undefined => (dice.chance(probability) ? what() : undefined)
  const ordered = dice.chance(0.25)
  const once = dice.chance(0.15)
  const limited = !ordered && dice.chance(0.3)
  const waits = dice.chance(0.35)
  const latest = { waiting: 'replace', timing: 'earliest', processing: 'rerun' } as const
  const features = {
    dedupe: dice.pick([
      latest,
      latest,
      { processing: 'supersede' as const, waiting: 'replace' as const, timing: 'latest' as const },
      { processing: 'supersede' as const, waiting: 'replace' as const, timing: 'first' as const },
      { processing: 'rerun' as const, waiting: 'discard' as const, timing: 'earliest' as const },
      { processing: 'discard' as const, waiting: 'replace' as const, timing: 'first' as const },
    ]),
    attempts: once ? 1 : dice.whole(1, 4),
    backoff: dice.whole(0, 600),
    ordered,
    // Most waits need not be in a hurry, and some must be.
    keepResult: waits ? dice.pick([60_000, 60_000, 300]) : dice.chance(0.5) ? dice.whole(100, 5_000) : 0,
    // In strict order what waits for its time has no place in the line.
    delay: ordered || dice.chance(0.3) ? 0 : dice.whole(50, 800),
    priorities: ordered || dice.chance(0.4) ? [0] : [0, 0, 5, -3, 10],
    remember: some(0.3, () => ({ time: dice.whole(50, 3_000), from: dice.pick(['finish', 'publish'] as const) })),
    active: limited ? dice.whole(1, 3) : undefined,
    rate: some(0.25, () => ({ max: dice.whole(1, 5), per: dice.whole(50, 500) })),
    room: some(0.25, () => ({ most: dice.whole(1, 4), wait: dice.chance(0.6) ? dice.whole(50, 1_500) : 0 })),
    once: once ? true : undefined,
    journal: some(0.35, () => ({ keep: dice.chance(0.8) ? dice.whole(3, 60) : 0 })),
    waits: waits ? true : undefined,
    every: some(0.25, () => dice.whole(1_000, 3_000)),
    cron: some(0.5, () => dice.whole(0, CRONS - 1)),
  }
  return Object.fromEntries(Object.entries(features).filter(([, is]) => is !== undefined)) as unknown as Features
}

/** As `createQueue` is told. */
export function optionsOf(features: Features): QueueOptions<unknown> {
  const { dedupe, attempts, backoff, ordered, keepResult, remember, active, rate, room, once } = features
  const limit = { ...(active ? { active } : {}), ...(rate ? { rate } : {}) }
  return {
    dedupe: { ...dedupe, ...(remember ? { remember: remember.time, rememberFrom: remember.from } : {}) },
    attempts,
    backoff,
    ordered,
    keepResult,
    ...(active || rate ? { limit } : {}),
    ...(room ? { maxLength: room.most, waitForRoom: room.wait } : {}),
    ...(once ? { delivery: 'at-most-once' } : {}),
  }
}

/** May a worker claim more than it has slots for? */
export const mayClaimAhead = ({ ordered, active, rate, once }: Features): boolean =>
  !(ordered || active || rate || once)
