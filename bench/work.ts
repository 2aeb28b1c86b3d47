import type { Address, Control } from './server.js'
import type { Ability, Session, Shape, System } from './system.js'

/** Something that is measured of every system: one file in `works/`. */
export interface Work {
  readonly key: string
  readonly rows: readonly Row[]
  /** Jobs of a measured run; `--quick` and a system's `share` make it fewer. */
  readonly jobs: number
  /** Jobs of the runs before it that nobody counts: V8 compiles what is hot only after some thousands. */
  readonly warmUp: number
  /**
   * For a work that is bound by the round trip, which wavers with the machine from second to second: a round is done in so
   * many turns, a part of the jobs each, so that the systems meet the same seconds. 1 unless told; 1 with `--quick`.
   */
  readonly turns?: number
  /** Only for systems that can do this; the others are not even named. */
  readonly needs?: Ability
  /** One run; a number for each row, in order. */
  run(trial: Trial): Promise<readonly number[]>
}

/** One line of the table. */
export interface Row {
  readonly key: string
  readonly title: string
  readonly unit: '/s' | 'ms' | 'B' | 'µs' | 'commands'
  /** The row of bullmq it is compared with, when that is not the same one. */
  readonly against?: string
}

/** Rates are better high, everything else is a cost. */
export const moreIsBetter = (row: Row): boolean => row.unit === '/s'

export interface Trial {
  readonly system: System
  readonly address: Address
  readonly jobs: number
  /** A client of the bench's own, for INFO. */
  readonly control: Control
  /** A fresh session; closed by the runner when the run is over. */
  open(shape?: Partial<Shape>): Promise<Session>
}

/** Publish one by one, `width` unanswered at any time. */
export async function publishEach(session: Session, ids: readonly string[], width = 100): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < ids.length) await session.publish(ids[next++] as string)
  }
  await Promise.all(Array.from({ length: Math.min(width, ids.length) }, lane))
}

/** Fill a queue before the clock starts, by the fastest way the system has. */
export async function fill(trial: Trial, session: Session, ids: readonly string[]): Promise<void> {
  if (trial.system.lacks?.['B']) await publishEach(session, ids, 500)
  else await session.publishMany(ids)
}

/** A handler that does nothing, and the moment it did nothing for the last time. */
export function countTo(total: number): { handle: (id: string) => Promise<void>; reached: Promise<void> } {
  let seen = 0
  let resolve: () => void
  const reached = new Promise<void>((done) => {
    resolve = done
  })
  return {
    async handle() {
      if (++seen === total) resolve()
    },
    reached,
  }
}

/** Milliseconds of one call. */
export async function timed(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await call()
  return performance.now() - start
}

export const perSecond = (count: number, ms: number): number => (count / ms) * 1_000
