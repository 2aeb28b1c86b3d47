import { ConvoyError } from '../errors.js'
import type { Job } from '../job.js'
import type { Pulse } from '../pulse.js'
import { type Clock, forPeople, show, type Timer } from '../time.js'
import type { Claims } from './claims.js'
import type { Steps } from './steps.js'
import type { Turn } from './turn.js'

export interface WatchOptions {
  readonly clock: Clock
  /** ms. */
  readonly lease: number
  /** ms between renewals. */
  readonly beat: number
  readonly claims: Claims
  readonly steps: Steps
  readonly pulse: Pulse | undefined
  readonly onError: (error: ConvoyError) => void
  /** The step that rides with a wait is overdue: cut it off, and go on without it. */
  readonly wake: () => void
  /** For renewals. */
  readonly turn: Turn
  /** What the server told the time of has come. */
  readonly call: () => void
}

/** Parts of a lease: a step or a wait so late is a stall … */
const STALL = 1 / 2
/** … and a claim that nothing was heard of for so long is given up: what is left of its lease is for the handler to stop. */
const LAPSE = 9 / 10

/**
 * What the clock of this process says of the worker's progress and of its leases. A lease ends by the server's clock, but
 * not before a lease's time has passed since its claim or renewal was sent: so who looks at that by his own clock stops
 * in time, whatever became of the server.
 */
export class Watch {
  readonly #options: WatchOptions
  #timer: Timer
  #renewTimer: Timer
  #callTimer: Timer
  /** When it goes off. */
  #armed: number = Number.POSITIVE_INFINITY
  /** Told once, until all that was overdue is answered. */
  #stalled = false

  constructor(options: WatchOptions) {
    this.#options = options
    this.#armRenewals()
  }

  /** A claim that rides with a wait is as old as the wait: a third of its lease is the most it may have lost by then, ms. */
  get longestWait(): number {
    return this.#options.lease / 3
  }

  /** At each beat: costs nothing between. */
  readonly look: () => void = () => {
    const { clock, lease, claims, steps, pulse, onError, wake } = this.#options
    const now = clock.now()
    let stalled = false
    for (const { number, since, due } of steps.flights) {
      if (now - due < lease * STALL) continue
      if (!this.#stalled && !stalled) onError(stall(number, now - since))
      stalled = true
      if (due > since) wake()
    }
    this.#stalled = stalled
    clock.clearTimer(this.#timer)
    this.#armed = Number.POSITIVE_INFINITY
    let next = Number.POSITIVE_INFINITY
    // A heartbeat's renewals are not ours to count, but they hold.
    const outside = now - (pulse?.sinceRenewal() ?? Number.POSITIVE_INFINITY)
    for (const job of claims.all()) {
      if (job.stopped) continue
      const end = Math.max(job.heldSince, outside) + lease * LAPSE
      if (end > now) next = Math.min(next, end)
      else this.stop(job)
    }
    this.#arm(next, now)
  }

  /** What a step claimed that was sent then: is it too late to begin it? */
  tooLate(since: number): boolean {
    const { clock, lease } = this.#options
    const now = clock.now()
    this.#arm(since + lease * LAPSE, now)
    return since + lease * LAPSE <= now
  }

  stop(job: Job): void {
    const why = `the lease of ${show(job.id)} was not renewed in time: it may soon run elsewhere`
    job.stop(new ConvoyError('LEASE_LAPSED', why))
  }

  /** The newest answer tells of what comes first, and takes the place of the one before. */
  callIn(ms: number): void {
    const { clock, call } = this.#options
    clock.clearTimer(this.#callTimer)
    this.#callTimer = clock.setTimer(call, ms)
  }

  close(): void {
    const { clock } = this.#options
    clock.clearTimer(this.#callTimer)
    clock.clearTimer(this.#timer)
    clock.clearTimer(this.#renewTimer)
  }

  #armRenewals(): void {
    const { clock, beat, claims, turn } = this.#options
    this.#renewTimer = clock.setTimer(() => {
      this.look()
      claims.renew()
      if (claims.pending > 0) turn.due()
      this.#armRenewals()
    }, beat)
  }

  /** Looks then; what is later than the next look anyway can wait for it. */
  #arm(at: number, now: number): void {
    const { clock, beat } = this.#options
    if (at >= Math.min(this.#armed, now + beat)) return
    clock.clearTimer(this.#timer)
    this.#timer = clock.setTimer(this.look, at - now)
    this.#armed = at
  }
}

function stall(number: number, ms: number): ConvoyError {
  return new ConvoyError('STALLED', `a worker makes no progress: step ${number} has had no answer for ${forPeople(ms)}`)
}
