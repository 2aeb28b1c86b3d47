import { ConvoyError } from '../errors.js'
import { messageOf } from '../failure.js'
import type { Job } from '../job.js'
import { packResult, type Serializer } from '../payload.js'
import { retryDelay } from '../retries.js'
import type { RunSettings } from '../run-options.js'
import type { Kept } from '../step.js'
import { type Clock, chance, show } from '../time.js'
import type { Claims } from './claims.js'
import type { Outbox } from './outbox.js'
import type { Reports } from './reports.js'
import type { RunEnds } from './runs.js'
import type { Turn } from './turn.js'

export interface EndsOptions extends Pick<RunSettings, 'retries' | 'keepResult' | 'delivery'> {
  readonly resultSerializer: Serializer<unknown>
  readonly claims: Claims
  readonly outbox: Outbox
  readonly reports: Reports
  readonly clock: Clock
  readonly onError: (error: ConvoyError) => void
  /** For the next step. */
  readonly turn: Turn
}

/** What becomes of a run that has ended: by the queue's options, and once all that it told of itself is out. */
export class Ends implements RunEnds {
  readonly #options: EndsOptions

  constructor(options: EndsOptions) {
    this.#options = options
  }

  done(job: Job, result: unknown): void {
    if (!this.#take(job, 'done', result)) return
    const { outbox, keepResult } = this.#options
    const ttl = job.kept ?? keepResult
    const kept = ttl > 0 ? this.#pack(job, result, ttl) : undefined
    if (kept) outbox.keep(job, kept)
    else outbox.done(job)
  }

  fail(job: Job, error: unknown): void {
    if (!this.#take(job, 'fail', error)) return
    const { outbox, retries, clock } = this.#options
    let final = error
    try {
      const delay = retryDelay(retries, job, error, () => chance(clock))
      if (delay !== undefined) {
        outbox.retry(job, error, delay)
        return
      }
    } catch (wrong) {
      final = wrong
      this.#tell(wrong, 'BAD_HANDLER', `the attempts, backoff or retryIf for ${show(job.id)}`)
    }
    outbox.fail(job, final)
  }

  refuse(job: Job, error: unknown): void {
    if (this.#take(job, 'refuse', error)) this.#options.outbox.fail(job, error)
  }

  release(job: Job): void {
    if (this.#take(job, 'release')) this.#options.outbox.release(job)
  }

  cut(job: Job): void {
    if (this.#options.delivery === 'at-most-once') this.refuse(job, job.stopped)
    else this.release(job)
  }

  /**
   * Takes a job off our hands, to go out with the next step. False when there is nothing to be settled: it is not ours any
   * more, or not yet, since its last reports are on their way; then its end comes again.
   */
  #take(job: Job, end: 'done' | 'fail' | 'refuse' | 'release', what?: unknown): boolean {
    const { reports, claims, turn } = this.#options
    // Ours or not: its slot is free, and no renewal or settlement comes of what was lost.
    turn.due()
    if (reports.of(job)) {
      reports.finish(job, () => this[end](job, what))
      return false
    }
    return claims.drop(job)
  }

  #pack(job: Job, result: unknown, ttl: number): Kept | undefined {
    try {
      return { text: packResult(this.#options.resultSerializer, result), ttl }
    } catch (error) {
      this.#tell(error, 'BAD_RESULT', `the result of ${show(job.id)} is not kept`)
      return undefined
    }
  }

  #tell(error: unknown, code: 'BAD_HANDLER' | 'BAD_RESULT', where: string): void {
    this.#options.onError(new ConvoyError(code, `${where}: ${messageOf(error)}`, { cause: error }))
  }
}
