import { ConvoyError } from '../errors.js'
import type { Events } from '../events.js'
import type { Handler, Job } from '../job.js'
import { type Clock, show, type Timer } from '../time.js'
import type { Claims } from './claims.js'
import type { Condition } from './condition.js'
import { type Runner, type Slot, Slots } from './slots.js'
import type { Turn } from './turn.js'

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
  readonly events: Events
  readonly claims: Claims
  readonly turn: Turn
  /** Nothing runs any more. */
  readonly ended: Condition
}

interface Run {
  /** When jobTimeout is over, by the clock of this process; 0 for never. */
  readonly until: number
  /** When abortGrace is over; 0 while the signal has not been aborted. */
  grace: number
  /** Goes on to the next job when this one has ended; undefined while the handler is being called. */
  slot: Slot | undefined
}

/** The handlers at work, each in a slot; one timer watches all deadlines. */
export class Runs implements Runner {
  readonly #options: RunsOptions
  readonly #slots: Slots
  /** In the order they started: so the first has the next deadline. */
  readonly #runs = new Map<Job, Run>()
  #shut = false
  #timer: Timer
  /** When the timer goes off; later than any deadline when there is none. */
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(options: RunsOptions) {
    this.#options = options
    this.#slots = new Slots(options.concurrency, this)
  }

  get concurrency(): number {
    return this.#slots.concurrency
  }

  set concurrency(slots: number) {
    this.#slots.concurrency = slots
  }

  /** Handlers running now. */
  get size(): number {
    return this.#runs.size
  }

  /** Slots nothing has been claimed for; less than 0 when jobs wait ahead. */
  get free(): number {
    return this.#slots.concurrency - this.#runs.size - this.#slots.waiting
  }

  /** Starts soon if a slot is free, else when one is; given back at once when no more are taken. */
  add(job: Job): void {
    if (this.#shut) this.#options.ends.release(job)
    else this.#slots.add(job)
  }

  /** Takes no more, and gives back all that has not started. */
  shut(): void {
    this.#shut = true
    for (const job of this.#slots.clear()) this.#options.ends.release(job)
  }

  /** Aborts the signal of all that runs. */
  stop(reason: ConvoyError): void {
    for (const job of this.#runs.keys()) job.stop(reason)
  }

  /** Releases what still runs: its handlers are on their own from now on. */
  abandon(): void {
    for (const job of [...this.#runs.keys()]) this.#end(job, 'cut', undefined)
    this.#options.clock.clearTimer(this.#timer)
  }

  /** For the slots. */
  start(job: Job, slot: Slot): boolean {
    // Lost or withdrawn while it waited: there is nothing to run.
    if (job.stopped) {
      this.#options.ends.release(job)
      return false
    }
    const { jobTimeout, clock, handler, claims, turn } = this.#options
    if (job.ahead) {
      claims.begin(job)
      turn.due()
    }
    const run: Run = { until: jobTimeout > 0 ? clock.now() + jobTimeout : 0, grace: 0, slot: undefined }
    this.#runs.set(job, run)
    if (jobTimeout > 0 && run.until < this.#wakeAt) this.#arm(run.until)
    if (!this.#open(job)) return false
    let result: unknown
    try {
      // Called so, no machine code is bound to the first handler that there was in this process, and made anew for the next.
      result = handler.call(undefined, job)
    } catch (error) {
      this.#failed(job, error)
      return false
    }
    if ((typeof result !== 'object' && typeof result !== 'function') || result === null) {
      this.#done(job, result)
      return false
    }
    run.slot = slot
    Promise.resolve(result).then(
      (value: unknown) => this.#done(job, value),
      (error: unknown) => this.#failed(job, error),
    )
    return true
  }

  /** Reads its payload; false when that ended it. */
  #open(job: Job): boolean {
    try {
      job.open()
      return true
    } catch (error) {
      this.#end(job, 'refuse', error)
      return false
    }
  }

  #done(job: Job, result: unknown): void {
    // Too late is too late: what the handler made of it does not count.
    if (job.stopped?.code === 'JOB_TIMEOUT') this.#end(job, 'fail', job.stopped)
    else this.#end(job, 'done', result)
  }

  #failed(job: Job, error: unknown): void {
    // What we asked to stop has not failed, but for the one that ran too long.
    if (!job.stopped) this.#end(job, 'fail', error)
    else if (job.stopped.code === 'JOB_TIMEOUT') this.#end(job, 'fail', job.stopped)
    else this.#end(job, 'cut', undefined)
  }

  /** Once: a handler that was given up may still return. Its end is told before its slot takes another job. */
  #end(job: Job, how: Exclude<keyof RunEnds, 'release'>, what: unknown): void {
    const run = this.#runs.get(job)
    if (!run) return
    this.#runs.delete(job)
    this.#options.ends[how](job, what)
    if (run.slot) this.#slots.free(run.slot)
    if (this.#runs.size === 0) this.#options.ended.look()
  }

  /** One timer for all deadlines, never one per job. */
  readonly #watch = (): void => {
    const { clock, jobTimeout, abortGrace, events } = this.#options
    const now = clock.now()
    this.#wakeAt = Number.POSITIVE_INFINITY
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
        events.emit('overrun', job.id)
        this.#failed(job, job.stopped)
      }
    }
    // What began in a slot that was freed may be due before.
    if (next < this.#wakeAt) this.#arm(next)
  }

  #arm(at: number): void {
    const { clock } = this.#options
    clock.clearTimer(this.#timer)
    this.#timer = clock.setTimer(this.#watch, at - clock.now())
    this.#wakeAt = at
  }
}
