import { Buffer } from 'node:buffer'
import { failureText } from '../failure.js'
import type { Job } from '../job.js'
import type { Retry } from '../retries.js'
import type { Held, Kept, Settlement } from '../step.js'

/** IDs a step settles at most … */
const MOST = 400
/** … failures and retries among them: each brings up to 4 KiB of text … */
const MOST_FAILURES = 200
/** … and bytes of results to be kept, though one alone may have more. */
const MOST_RESULTS = 1_048_576

interface Failed {
  readonly job: Job
  readonly error: unknown
  /** Absent when it is final. */
  readonly retry?: Retry
}

/** What failed handlers threw, by ID. */
export type Thrown = ReadonlyMap<string, Failed>

/** Settlements taken for one step, and what is told of them once they are accepted. */
export interface Parcel {
  readonly settle: readonly Settlement[]
  readonly thrown: Thrown
}

export const EMPTY: Parcel = { settle: [], thrown: new Map() }

/** Settlements on their way to the next step: those that fell due while a step was on its way share the next one. */
export class Outbox {
  #done: Job[] = []
  #kept: { readonly job: Job; readonly kept: Kept }[] = []
  #released: Job[] = []
  #failed: Failed[] = []

  get size(): number {
    return this.#done.length + this.#kept.length + this.#released.length + this.#failed.length
  }

  done(job: Job): void {
    this.#done.push(job)
  }

  /** Done, with a result to be kept. */
  keep(job: Job, kept: Kept): void {
    this.#kept.push({ job, kept })
  }

  release(job: Job): void {
    this.#released.push(job)
  }

  fail(job: Job, error: unknown): void {
    this.#failed.push({ job, error })
  }

  /** Failed, and to be tried again after `delay` ms. */
  retry(job: Job, error: unknown, delay: number): void {
    this.#failed.push({ job, error, retry: { attempt: job.attempt, delay } })
  }

  /** Up to 400 settlements. */
  take(): Parcel {
    if (this.size === 0) return EMPTY
    const done = this.#done
    this.#done = done.length > MOST ? done.splice(MOST) : []
    const settle: Settlement[] = []
    // No spreads here: at one job per step they cost more than the job.
    for (const { token, ids } of groups(done)) settle.push({ token, ids, end: 'done' })
    if (this.size > 0) this.#takeOthers(settle, MOST - done.length)
    if (this.#failed.length === 0) return { settle, thrown: EMPTY.thrown }
    const failed = this.#failed.splice(0, Math.min(MOST_FAILURES, MOST - counted(settle)))
    return { settle: [...settle, ...settlements(failed)], thrown: new Map(failed.map((one) => [one.job.id, one])) }
  }

  #takeOthers(settle: Settlement[], most: number): void {
    const released = this.#released.splice(0, most)
    for (const group of groups(released)) settle.push({ ...group, end: 'release' })
    if (this.#kept.length > 0) settle.push(...this.#takeKept(most - released.length))
  }

  #takeKept(most: number): Settlement[] {
    let bytes = 0
    let n = 0
    for (const { kept } of this.#kept) {
      bytes += Buffer.byteLength(kept.text)
      if (n === most || (n > 0 && bytes > MOST_RESULTS)) break
      n++
    }
    const taken = this.#kept.splice(0, n)
    const texts = new Map(taken.map(({ job, kept }) => [job.id, kept]))
    return groups(taken.map(({ job }) => job)).map((group) => ({
      ...group,
      end: 'done',
      results: group.ids.map((id) => texts.get(id) as Kept),
    }))
  }
}

function settlements(failed: readonly Failed[]): Settlement[] {
  const of = new Map(failed.map((one) => [one.job.id, one]))
  const errors = ({ ids }: Held): string[] =>
    ids.map((id) => {
      const { error, job } = of.get(id) as Failed
      return failureText(error, job.attempt)
    })
  const delays = ({ ids }: Held): number[] => ids.map((id) => of.get(id)?.retry?.delay ?? 0)
  const jobs = (again: boolean): Job[] =>
    failed.filter(({ retry }) => again === (retry !== undefined)).map(({ job }) => job)
  return [
    ...groups(jobs(false)).map((group) => ({ ...group, end: 'fail' as const, errors: errors(group) })),
    ...groups(jobs(true)).map((group) => ({
      ...group,
      end: 'retry' as const,
      errors: errors(group),
      delays: delays(group),
    })),
  ]
}

const counted = (settle: readonly Held[]): number => settle.reduce((sum, { ids }) => sum + ids.length, 0)

/** Jobs by token: a batch claimed together is mostly settled together. */
export function groups(jobs: readonly Pick<Job, 'id' | 'token'>[]): Held[] {
  const all: { readonly token: string; readonly ids: string[] }[] = []
  let last: (typeof all)[number] | undefined
  let byToken: Map<string, typeof last> | undefined
  for (const { token, id } of jobs) {
    if (last?.token !== token) {
      // Made once there are two.
      if (last) byToken ??= new Map([[last.token, last]])
      last = byToken?.get(token)
      if (!last) {
        last = { token, ids: [] }
        all.push(last)
        byToken?.set(token, last)
      }
    }
    last.ids.push(id)
  }
  return all
}
