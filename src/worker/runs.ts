import pLimit, { type LimitFunction } from 'p-limit'
import { ConvoyError } from '../errors.js'
import type { Handler, Job } from '../job.js'
import { type Clock, show, type Timer } from '../time.js'

/** How a run ended; exactly one of these is called for each job that was added, once. */
export interface RunEnds {
  done(job: Job, result: unknown): void
  fail(job: Job, error: unknown): void
  /** It could not begin: its payload cannot be read, now or later. */
  refuse(job: Job, error: unknown): void
  /** It never began. */
  release(job: Job): void
  /** It was stopped by us, for no fault of its own. */
  cut(job: Job): void
}

export interface RunsOptions {
  readonly ends: RunEnds
  readonly handler: Handler
  readonly concurrency: number
  readonly jobTimeout: number
  readonly abortGrace: number
  readonly clock: Clock
  /** A job that had been claimed ahead starts. */
  readonly begun: (job: Job) => void
  /** A handler did not return in time; its slot is freed while it still runs. */
  readonly overrun: (job: Job) => void
  /** Nothing runs any more. */
  readonly quiet: () => void
}

interface Run {
  /** When jobTimeout is over, by the clock of this process; 0 for never. */
  readonly until: number
  /** When abortGrace is over; 0 while the signal has not been aborted. */
  grace: number
  free: (() => void) | undefined
}

/**
 * The handlers at work: p-limit counts the slots, one timer watches all deadlines. Jobs claimed ahead wait inside
 * p-limit; no others do.
 */
export class Runs {
  readonly #options: RunsOptions
  readonly #limit: LimitFunction
  /** In the order they started: so the first has the next deadline. */
  readonly #runs = new Map<Job, Run>()
  #timer: Timer
  /** When the timer goes off; later than any deadline when there is none. */
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(options: RunsOptions) {
    this.#options = options
    this.#limit = pLimit({ concurrency: options.concurrency, rejectOnClear: true })
  }

  get concurrency(): number {
    return this.#limit.concurrency
  }

  set concurrency(slots: number) {
    this.#limit.concurrency = slots
  }

  /** Handlers running now. */
  get size(): number {
    return this.#runs.size
  }

  /** Slots nothing has been claimed for; less than 0 when jobs wait ahead. */
  get free(): number {
    return this.#limit.concurrency - this.#limit.activeCount - this.#limit.pendingCount
  }

  /** Starts at once if a slot is free, else when one is. */
  add(job: Job, ahead: boolean): void {
    this.#limit(this.#run, job, ahead).catch(() => this.#options.ends.release(job))
  }

  /** Gives back all that has not started. */
  clear(): void {
    this.#limit.clearQueue()
  }

  /** Aborts the signal of all that runs. */
  stop(reason: ConvoyError): void {
    for (const job of this.#runs.keys()) job.stop(reason)
  }

  /** Releases what still runs: its handlers are on their own from now on. */
  abandon(): void {
    for (const job of [...this.#runs.keys()]) if (this.#end(job)) this.#options.ends.cut(job)
    this.#options.clock.clearTimer(this.#timer)
  }

  /** Never rejects; what it returns resolves when the slot is free again. */
  readonly #run = (job: Job, ahead: boolean): undefined | Promise<void> => {
    // Lost or withdrawn while it waited: there is nothing to run.
    if (job.stopped) return void this.#options.ends.release(job)
    if (ahead) this.#options.begun(job)
    const { jobTimeout, clock, handler } = this.#options
    const run: Run = { until: jobTimeout > 0 ? clock.now() + jobTimeout : 0, grace: 0, free: undefined }
    this.#runs.set(job, run)
    if (jobTimeout > 0 && run.until < this.#wakeAt) this.#arm(run.until)
    if (!this.#open(job)) return undefined
    let result: unknown
    try {
      result = handler(job)
    } catch (error) {
      return void this.#failed(job, error)
    }
    if (typeof result !== 'object' || result === null) return void this.#done(job, result)
    return new Promise((free) => {
      run.free = free
      Promise.resolve(result).then(
        (value: unknown) => this.#done(job, value),
        (error: unknown) => this.#failed(job, error),
      )
    })
  }

  /** Reads its payload; false when that ended it. */
  #open(job: Job): boolean {
    try {
      job.open()
      return true
    } catch (error) {
      if (this.#end(job)) this.#options.ends.refuse(job, error)
      return false
    }
  }

  #done(job: Job, result: unknown): void {
    if (!this.#end(job)) return
    // Too late is too late: what the handler made of it does not count.
    if (job.stopped?.code === 'JOB_TIMEOUT') this.#options.ends.fail(job, job.stopped)
    else this.#options.ends.done(job, result)
  }

  #failed(job: Job, error: unknown): void {
    if (!this.#end(job)) return
    // What we asked to stop has not failed, but for the one that ran too long.
    const { ends } = this.#options
    if (!job.stopped) ends.fail(job, error)
    else if (job.stopped.code === 'JOB_TIMEOUT') ends.fail(job, job.stopped)
    else ends.cut(job)
  }

  /** Frees the slot; false when that was done before. */
  #end(job: Job): boolean {
    const run = this.#runs.get(job)
    if (!run) return false
    this.#runs.delete(job)
    run.free?.()
    if (this.#runs.size === 0) this.#options.quiet()
    return true
  }

  /** One timer for all deadlines, never one per job. */
  readonly #watch = (): void => {
    const { clock, jobTimeout, abortGrace } = this.#options
    const now = clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const [job, run] of [...this.#runs]) {
      if (run.grace === 0 && run.until <= now) {
        job.stop(new ConvoyError('JOB_TIMEOUT', `${show(job.id)} ran longer than ${jobTimeout} ms`))
        run.grace = now + abortGrace
      }
      if (run.grace === 0) {
        next = Math.min(next, run.until)
        break
      }
      if (run.grace > now) {
        next = Math.min(next, run.grace)
      } else {
        // The one documented overlap: it is ended while it still runs, or its slot would be lost for good.
        this.#options.overrun(job)
        this.#failed(job, job.stopped)
      }
    }
    this.#wakeAt = Number.POSITIVE_INFINITY
    if (Number.isFinite(next)) this.#arm(next)
  }

  #arm(at: number): void {
    const { clock } = this.#options
    clock.clearTimer(this.#timer)
    this.#timer = clock.setTimer(this.#watch, at - clock.now())
    this.#wakeAt = at
  }
}
