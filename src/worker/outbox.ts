import { failureText } from '../failure.js'
import type { Job } from '../job.js'
import type { Held, Settlement } from '../store.js'

/** IDs a step settles at most … */
const MOST = 1_000
/** … and failures: each brings up to 4 KiB of text. */
const MOST_FAILURES = 200

interface Failed {
  readonly job: Job
  readonly thrown: unknown
}

/** Settlements taken for one step, and what each failed handler threw, by ID. */
export interface Parcel {
  readonly settle: readonly Settlement[]
  readonly thrown: ReadonlyMap<string, unknown>
}

export const EMPTY: Parcel = { settle: [], thrown: new Map() }

/** Settlements on their way to the next step: those that fell due while a step was on its way share the next one. */
export class Outbox {
  #done: Job[] = []
  #released: Job[] = []
  #failed: Failed[] = []

  get size(): number {
    return this.#done.length + this.#released.length + this.#failed.length
  }

  done(job: Job): void {
    this.#done.push(job)
  }

  release(job: Job): void {
    this.#released.push(job)
  }

  fail(job: Job, thrown: unknown): void {
    this.#failed.push({ job, thrown })
  }

  /** Up to 1,000 settlements. */
  take(): Parcel {
    if (this.size === 0) return EMPTY
    const done = this.#done.splice(0, MOST)
    const released = this.#released.splice(0, MOST - done.length)
    const failed = this.#failed.splice(0, Math.min(MOST_FAILURES, MOST - done.length - released.length))
    const settle: Settlement[] = []
    for (const group of groups(done)) settle.push({ ...group, end: 'done' })
    for (const group of groups(released)) settle.push({ ...group, end: 'release' })
    if (failed.length === 0) return { settle, thrown: EMPTY.thrown }
    const thrown = new Map(failed.map((one) => [one.job.id, one.thrown]))
    const texts = new Map(failed.map((one) => [one.job.id, failureText(one.thrown, one.job.attempt)]))
    for (const group of groups(failed.map(({ job }) => job))) {
      settle.push({ ...group, end: 'fail', errors: group.ids.map((id) => texts.get(id) ?? '') })
    }
    return { settle, thrown }
  }
}

/** Jobs by token: a batch claimed together is mostly settled together. */
export function groups(jobs: readonly Pick<Job, 'id' | 'token'>[]): Held[] {
  const byToken = new Map<string, string[]>()
  for (const { token, id } of jobs) {
    const ids = byToken.get(token)
    if (ids) ids.push(id)
    else byToken.set(token, [id])
  }
  return Array.from(byToken, ([token, ids]) => ({ token, ids }))
}
