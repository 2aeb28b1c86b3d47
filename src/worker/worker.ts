import { ConvoyError } from '../errors.js'
import type { Events } from '../events.js'
import type { Desk, Handler } from '../job.js'
import { type CloseOptions, check, type ProcessSettings } from '../options.js'
import type { Serializer } from '../payload.js'
import type { Pulse } from '../pulse.js'
import type { RetryOptions } from '../retries.js'
import type { RunSettings } from '../run-options.js'
import type { StepReply } from '../step.js'
import type { Store } from '../store.js'
import { type Clock, pause } from '../time.js'
import { Answers } from './answers.js'
import { Claims } from './claims.js'
import { Condition } from './condition.js'
import { Ends } from './ends.js'
import { EMPTY, Outbox } from './outbox.js'
import { Reports } from './reports.js'
import { Runs } from './runs.js'
import { known, NOTHING, Steps, type Wish } from './steps.js'
import { Turn } from './turn.js'
import { Watch } from './watch.js'

export interface WorkerOptions extends Omit<ProcessSettings, keyof RetryOptions | 'keepResult'>, RunSettings {
  readonly handler: Handler
  readonly lease: number
  /** ms between renewals: a third of the queue's lease. */
  readonly beat: number
  readonly serializer: Serializer<unknown>
  readonly resultSerializer: Serializer<unknown>
  /** How long a report waits for a server that is away, ms. */
  readonly publishTimeout: number
  readonly pulse: Pulse | undefined
  readonly keepFailed: number
  readonly store: Store
  readonly clock: Clock
  readonly events: Events
  /** Resolves once the server has been checked. */
  readonly opened: () => Promise<void> | undefined
  /** 1 to 32 of A-Z a-z 0-9, random: never used before. */
  readonly name: string
  readonly closed: () => void
}

/** The longest an idle worker waits for the wake token before it looks for itself, ms. */
const LONGEST_WAIT = 5_000
/**
 * IDs that one step claims at most. With as many settled, on a lane with tries, its script takes 4 ms, and 5 more when the
 * tables of `processing` and `lease` double in it: no script may take 10.
 */
const MOST_IDS = 400
/** From so many on, IDs are claimed in two steps rather than one, and these go out apart. */
const HALVED = 32
/** How long a closing worker tries to tell a server that is away what it ended, ms; then the leases lapse. */
const LAST_WORDS = 5_000

/**
 * Claim → run → settle. The worker lives on the store's `step`: whatever ended, is due for renewal or is wanted goes
 * out together. While two steps are on their way the next one gathers.
 */
export class Worker {
  readonly #options: WorkerOptions
  readonly #runs: Runs
  readonly #steps: Steps
  readonly #outbox = new Outbox()
  readonly #ended: Condition
  readonly #claims: Claims
  readonly #reports: Reports
  readonly #answers: Answers
  readonly #watch: Watch
  #ready = false
  /** The last claim found the line empty … */
  #dry = false
  /** … and how often we were told since that there may be work: a claim sent before that knows nothing of it. */
  #calls = 0
  #paused = false
  readonly #turn = new Turn(() => this.#pump())
  /** What follows a large step waits until that has been written to the socket. */
  readonly #apart = new Turn(() => this.#pump(), setImmediate)
  #closing: Promise<void> | undefined
  #waiting = false
  /** Ends the wait that is on. */
  #breaker = new AbortController()
  readonly #ending = new AbortController()

  /** @internal */
  constructor(options: WorkerOptions) {
    this.#options = options
    const { events, clock, pulse } = options
    this.#ended = new Condition(clock)
    this.#claims = new Claims(pulse)
    const [turn, claims, ended, outbox] = [this.#turn, this.#claims, this.#ended, this.#outbox]
    const onError = (error: ConvoyError): void => events.emit('error', error)
    const call = (): void => {
      this.#called()
      // All there is room for rides with a wait.
      if (this.#wanted() === 0) this.#wake()
      turn.due()
    }
    this.#steps = new Steps({ ...options, onError })
    this.#watch = new Watch({ ...options, claims, steps: this.#steps, onError, wake: this.#wake, turn, call })
    this.#reports = new Reports({ ...options, claims, onError, ended })
    const ends = new Ends({ ...options, claims, outbox, reports: this.#reports, onError, turn })
    const handler = pulse?.watched(options.handler) ?? options.handler
    this.#runs = new Runs({ ...options, handler, ends, claims, turn, ended })
    const desk: Desk = {
      serializer: options.serializer,
      report: (job, progress, lines) => this.#reports.report(job, progress, lines),
    }
    this.#answers = new Answers({ claims, watch: this.#watch, pulse, events, desk, runs: this.#runs })
    void this.#begin()
  }

  /** Its name in tokens and in `inspect()`. */
  get name(): string {
    return this.#options.name
  }

  /** Handlers at once. May be changed at any time; lowering it lets running jobs end. */
  get concurrency(): number {
    return this.#runs.concurrency
  }

  set concurrency(slots: number) {
    check<ProcessSettings>('process', { concurrency: slots })
    // The claim that rides with the wait may be for more than there is room for now.
    if (slots < this.#runs.concurrency) this.#wake()
    this.#runs.concurrency = slots
    this.#turn.due()
  }

  /** Jobs whose handler is running now. */
  get running(): number {
    return this.#runs.size
  }

  /** Claim nothing more until `resume()`; what was claimed goes on. */
  pause(): void {
    this.#paused = true
    this.#wake()
  }

  resume(): void {
    this.#paused = false
    this.#called()
    this.#turn.due()
  }

  /** @internal The server is back: renew before a sweep takes what outlived its lease, and look for work. */
  refresh(): void {
    this.#wake()
    this.#claims.renew()
    this.#called()
    this.#turn.due()
  }

  /**
   * Claims nothing more and lets running jobs end; after `timeout` (default 30 s) their signals are aborted, and
   * what has not returned `abortGrace` later is released to the head of the line, nothing counted, as is what was
   * claimed ahead.
   */
  close(options?: CloseOptions): Promise<void> {
    const { timeout } = check<{ timeout: number }>('close', options)
    this.#ending.abort()
    this.#closing ??= this.#close(timeout)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #begin(): Promise<void> {
    const { opened, clock, events } = this.#options
    while (!this.#ending.signal.aborted) {
      try {
        await opened()
        this.#ready = true
        return this.#turn.due()
      } catch (error) {
        if (this.#ending.signal.aborted) return
        events.emit('error', known(error))
        await pause(clock, 1_000, this.#ending.signal)
      }
    }
  }

  readonly #pump = (): void => {
    if (!this.#ready || (this.#apart.isDue && this.#steps.flying > 0)) return
    while (!this.#steps.full) {
      const wanted = this.#wanted()
      if (this.#outbox.size + this.#claims.pending === 0 && (wanted === 0 || this.#dry)) break
      // Halves, so that the server works at one while we work at the other.
      const halved = this.#steps.flying === 0 && wanted >= HALVED
      this.#fly(Math.min(halved ? Math.ceil(wanted / 2) : wanted, MOST_IDS))
      // They go out apart, or it would read both at once, answer both at once, and one of us would always wait.
      if (wanted >= HALVED) return void this.#apart.due()
    }
    if (this.#steps.flying === 0) this.#awaitWork(LONGEST_WAIT)
  }

  /** How many more IDs there is room for. */
  #wanted(): number {
    if (this.#paused || this.#ending.signal.aborted) return 0
    return Math.max(0, this.#runs.free + this.#options.prefetch - this.#steps.claiming)
  }

  /** How many of those that are claimed next can start at once. */
  #slots(): number {
    return Math.max(0, this.#runs.free - this.#steps.claiming)
  }

  #fly(claim: number): void {
    const { settle, thrown } = this.#outbox.take()
    const renew = this.#claims.takeRenewals()
    const started = this.#claims.takeBegun()
    const wish: Wish = { settle, renew, started, claim, slots: this.#slots() }
    const calls = this.#calls
    this.#steps
      .send(wish, (reply, since) => {
        this.#answers.read(reply, since, wish, thrown)
        this.#go(reply, wish, calls === this.#calls)
      })
      .then(this.#look, this.#refused)
  }

  readonly #look = (): void => this.#ended.look()

  /** Nothing of it was done. What refused it may pass, and nobody else would tell an idle worker so. */
  readonly #refused = (): void => {
    this.#ended.look()
    if (!this.#steps.stopped) this.#watch.callIn(1_000)
  }

  /** On with what the answer says of the line. */
  #go({ ids, more, dueIn }: StepReply, { claim }: Wish, upToDate: boolean): void {
    if (claim > 0) {
      this.#dry = upToDate && !more && ids.length < claim
      const wait = dueIn < 0 ? LONGEST_WAIT : Math.min(LONGEST_WAIT, dueIn + 1)
      // We alone were told of it, and a wait that is on was not.
      if (this.#waiting && wait < LONGEST_WAIT) this.#watch.callIn(wait)
      this.#awaitWork(wait)
    }
    this.#pump()
  }

  /** Ends the wait that is on. */
  readonly #wake = (): void => {
    if (this.#waiting) this.#breaker.abort()
  }

  /** There may be work. */
  #called(): void {
    this.#dry = false
    this.#calls++
  }

  /** Once the line is empty, and there is room: sleep until there may be work, and claim it then. */
  #awaitWork(timeout: number): void {
    const claim = Math.min(this.#wanted(), MOST_IDS)
    if (!this.#dry || this.#waiting || claim === 0 || this.#steps.stopped) return
    // One for many waits: to make one costs more than a wait does.
    if (this.#breaker.signal.aborted) this.#breaker = new AbortController()
    this.#waiting = true
    const wish: Wish = { ...NOTHING, claim, slots: this.#slots() }
    this.#steps
      .wait(wish, Math.min(timeout, this.#watch.longestWait), this.#breaker.signal, (reply, since) => {
        this.#waiting = false
        if (reply.more || reply.ids.length > 0) this.#called()
        this.#answers.read(reply, since, wish, EMPTY.thrown)
        const calls = this.#calls
        // Handlers start first: on an idle queue that is what the publisher waits for.
        process.nextTick(() => this.#go(reply, wish, calls === this.#calls))
      })
      .then(this.#look, () => {
        this.#waiting = false
        this.#refused()
      })
  }

  async #close(timeout: number): Promise<void> {
    this.#wake()
    this.#runs.shut()
    const still = (): boolean => this.#runs.size === 0
    await this.#ended.until(still, timeout)
    this.#runs.stop(new ConvoyError('CLOSED', 'the queue is closing'))
    await this.#ended.until(still, this.#options.abortGrace)
    this.#runs.abandon()
    this.#pump()
    await this.#ended.until(() => this.#reports.size + this.#outbox.size === 0 && this.#steps.idle, LAST_WORDS)
    this.#watch.close()
    await Promise.all([this.#steps.leave(), this.#options.pulse?.stop()])
    this.#options.closed()
  }
}
