import { ConvoyError } from '../errors.js'
import type { StepPolicy } from '../policy.js'
import type { StepReply, StepRequest } from '../step.js'
import type { Store } from '../store.js'
import { type Clock, pause } from '../time.js'

export interface StepsOptions {
  readonly store: Store
  readonly clock: Clock
  /** 1 to 32 of A-Z a-z 0-9, random: never used before. */
  readonly name: string
  readonly lease: number
  readonly keepFailed: number
  /** Absent when nothing of it is asked for: then no step carries it. */
  readonly policy?: StepPolicy
  readonly onError: (error: ConvoyError) => void
}

type Reader = (reply: StepReply, since: number) => void

/** What a worker wants of one step; the rest is the same for all. */
export type Wish = Pick<StepRequest, 'settle' | 'renew' | 'started' | 'claim' | 'slots'>

type Lane = StepRequest['lane']

/** A step on its way: when it went, and when its answer is due, by the clock of this process. */
interface Flight {
  readonly number: number
  readonly since: number
  readonly due: number
}

export const NOTHING: Wish = { settle: [], renew: [], started: [], claim: 0, slots: 0 }
/** Of a claim that was never made: there may be more. */
const UNASKED: StepReply = { settled: '', renewed: '', token: '', ids: [], tries: [], more: true, dueIn: -1 }
/** The store keeps an answer for each lane: two for the work, one for the step that rides with a wait. */
const WORKING = [0, 1] as const
const WAITING: Lane = 2
/** How long a closing worker tries to take its leave, ms: nothing depends on it. */
const LAST_WORDS = 500

/**
 * The numbered calls of one worker. Each goes out again under its number until it is answered, so that a lost answer
 * neither orphans a claim nor counts an end twice.
 */
export class Steps {
  readonly #options: StepsOptions
  readonly #stopped = new AbortController()
  readonly #patience = { timeout: Number.POSITIVE_INFINITY, signal: this.#stopped.signal }
  #number = 0
  #claiming = 0
  /** Lanes with a step on its way. */
  readonly #busy = new Map<Lane, Flight>()

  constructor(options: StepsOptions) {
    this.#options = options
  }

  /** Steps on their way, the one that rides with a wait left out. */
  get flying(): number {
    return this.#busy.size - (this.#busy.has(WAITING) ? 1 : 0)
  }

  get idle(): boolean {
    return this.#busy.size === 0
  }

  /** Steps on their way, those that ride with a wait as well. */
  get flights(): Iterable<Flight> {
    return this.#busy.values()
  }

  /** IDs asked for and not answered yet. */
  get claiming(): number {
    return this.#claiming
  }

  get full(): boolean {
    return this.stopped || this.flying === WORKING.length
  }

  get stopped(): boolean {
    return this.#stopped.signal.aborted
  }

  /**
   * `read` gets the answer, and when it was asked for, in the same turn in which it is no longer counted as claimed for.
   * Rejects only once stopped, or when the store refuses for good: then the leases lapse, and a sweep returns what was
   * claimed.
   */
  send(wish: Wish, read: Reader): Promise<void> {
    const request = this.#request(wish, this.#busy.has(WORKING[0]) ? WORKING[1] : WORKING[0], false)
    return this.#fly(request, () => this.#answered(request), read, 0)
  }

  /**
   * As `send`, for a claim alone: made once there may be work, or after `timeout` ms; not at all once `signal` is aborted,
   * but for what was claimed by then.
   */
  wait(wish: Wish, timeout: number, signal: AbortSignal, read: Reader): Promise<void> {
    const { store, clock } = this.#options
    const request = this.#request(wish, WAITING, false)
    const answered = async (): Promise<StepReply> => {
      try {
        const reply = await store.awaitWork(timeout, signal, request)
        if (reply) return reply
        if (signal.aborted) return UNASKED
      } catch (error) {
        // It may have run: then its number tells what it claimed. What is not wanted any more it does not claim, and where
        // it had not run nobody has looked: there may be more, and there may be a time to wake at.
        if (known(error).code === 'OUTCOME_UNKNOWN') {
          if (!signal.aborted) return this.#answered(request)
          return { ...(await this.#answered({ ...request, claim: 0 })), more: true }
        }
        // A store that cannot wait is asked again, only not in a loop without a pause.
        await pause(clock, 1_000, signal)
      }
      return this.#answered(request)
    }
    return this.#fly(request, answered, read, timeout)
  }

  /** Plain promises here and below: each `async` on the way of every step is three more of them. */
  #fly(request: StepRequest, answered: () => Promise<StepReply>, read: Reader, takes: number): Promise<void> {
    const { lane, claim, number } = request
    // Before it goes out: a lease may be younger than we think, never older.
    const since = this.#options.clock.now()
    this.#busy.set(lane, { number, since, due: since + takes })
    this.#claiming += claim
    const landed = (): void => {
      this.#busy.delete(lane)
      this.#claiming -= claim
    }
    return answered().then(
      (reply) => {
        landed()
        read(reply, since)
      },
      (error: unknown) => {
        landed()
        throw error
      },
    )
  }

  #answered(request: StepRequest): Promise<StepReply> {
    return this.#options.store.step(request, this.#patience).catch((error: unknown) => this.#insist(request, error))
  }

  async #insist(request: StepRequest, failed: unknown): Promise<StepReply> {
    const { store, clock, onError } = this.#options
    const { signal } = this.#patience
    for (let error = failed; ; ) {
      const trouble = known(error)
      if (!signal.aborted) onError(trouble)
      if (trouble.code === 'REFUSED' || trouble.code === 'UNSUPPORTED') throw trouble
      await pause(clock, 1_000, signal)
      if (signal.aborted) throw trouble
      try {
        return await store.step(request, this.#patience)
      } catch (again) {
        error = again
      }
    }
  }

  /** Bars late copies of our steps and hands the wake token on, if all is answered. Best effort. */
  async leave(): Promise<void> {
    if (this.idle && this.#number > 0) {
      await this.#options.store.step(this.#request(NOTHING, 0, true), { timeout: LAST_WORDS }).catch(() => undefined)
    }
    this.#stopped.abort()
  }

  #request(wish: Wish, lane: Lane, leaving: boolean): StepRequest {
    const { name: worker, lease, keepFailed, policy } = this.#options
    const { settle, renew, started, claim, slots } = wish
    const number = ++this.#number
    // Spelled out: two spreads in one literal cost ten microseconds, on each step.
    const request = { worker, number, lane, lease, keepFailed, settle, renew, started, claim, slots, leaving }
    return policy ? { ...request, policy } : request
  }
}

export function known(error: unknown): ConvoyError {
  if (error instanceof ConvoyError) return error
  return new ConvoyError('OUTCOME_UNKNOWN', error instanceof Error ? error.message : String(error), { cause: error })
}
