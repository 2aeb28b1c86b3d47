import type { Job } from '../job.js'
import type { Held, Settlement } from '../store.js'

/** IDs a step settles at most … */
const MOST = 1_000
/** … and failures: each brings up to 4 KiB of text. */
const MOST_FAILURES = 200

/** Settlements on their way to the next step: those that fell due while a step was on its way share the next one. */
export class Outbox {
  #done: Job[] = []
  #released: Job[] = []
  #failed: { job: Job; error: string }[] = []

  get size(): number {
    return this.#done.length + this.#released.length + this.#failed.length
  }

  done(job: Job): void {
    this.#done.push(job)
  }

  release(job: Job): void {
    this.#released.push(job)
  }

  fail(job: Job, error: string): void {
    this.#failed.push({ job, error })
  }

  /** Up to 1,000 settlements, in the order `lua/step.lua` answers in: done, released, failed. */
  take(): Settlement[] {
    if (this.size === 0) return []
    const done = this.#done.splice(0, MOST)
    const released = this.#released.splice(0, MOST - done.length)
    const failed = this.#failed.splice(0, Math.min(MOST_FAILURES, MOST - done.length - released.length))
    const texts = new Map(failed.map(({ job, error }) => [job.id, error]))
    return [
      ...groups(done).map((group): Settlement => ({ ...group, end: 'done' })),
      ...groups(released).map((group): Settlement => ({ ...group, end: 'release' })),
      ...groups(failed.map(({ job }) => job)).map((group): Settlement => {
        return { ...group, end: 'fail', errors: group.ids.map((id) => texts.get(id) ?? '') }
      }),
    ]
  }
}

/** Jobs by token: a batch claimed together is mostly settled together. */
export function groups(jobs: readonly Job[]): Held[] {
  const byToken = new Map<string, string[]>()
  for (const { token, id } of jobs) {
    const ids = byToken.get(token)
    if (ids) ids.push(id)
    else byToken.set(token, [id])
  }
  return Array.from(byToken, ([token, ids]) => ({ token, ids }))
}
