import { ConvoyError } from '../errors.js'
import type { StepReply, StepRequest, Store } from '../store.js'
import { type Clock, pause } from '../time.js'

export interface StepsOptions {
  readonly store: Store
  readonly clock: Clock
  /** 1 to 32 of A-Z a-z 0-9, random: never used before. */
  readonly name: string
  readonly lease: number
  readonly keepFailed: number
  readonly onError: (error: ConvoyError) => void
}

/** What a worker wants of one step; the rest is the same for all. */
export type Wish = Pick<StepRequest, 'settle' | 'renew' | 'started' | 'claim' | 'slots'>

const NOTHING: Wish = { settle: [], renew: [], started: [], claim: 0, slots: 0 }
/** The store knows the last two steps of each worker. */
const IN_FLIGHT = 2
/** How long a closing worker tries to take its leave, ms: nothing depends on it. */
const LAST_WORDS = 500

/**
 * The numbered calls of one worker. Each goes out again under its number until it is answered, so that a lost answer
 * neither orphans a claim nor counts an end twice.
 */
export class Steps {
  readonly #options: StepsOptions
  readonly #stopped = new AbortController()
  #number = 0
  #claiming = 0
  /** Numbers on their way. */
  readonly #unanswered = new Set<number>()

  constructor(options: StepsOptions) {
    this.#options = options
  }

  get flying(): number {
    return this.#unanswered.size
  }

  /** IDs asked for and not answered yet. */
  get claiming(): number {
    return this.#claiming
  }

  /** The store knows the last two steps: n may go only once n - 2 was answered, whichever of the two that took longer. */
  get full(): boolean {
    return this.stopped || this.flying >= IN_FLIGHT || this.#unanswered.has(this.#number - 1)
  }

  get stopped(): boolean {
    return this.#stopped.signal.aborted
  }

  /**
   * `read` gets the answer in the same turn in which it is no longer counted as claimed for. Rejects only once stopped,
   * or when the store refuses for good: then the leases lapse, and a sweep returns what was claimed.
   */
  async send(wish: Wish, read: (reply: StepReply) => void): Promise<void> {
    const request = this.#request(wish, false)
    this.#unanswered.add(request.number)
    this.#claiming += wish.claim
    const landed = (): void => {
      this.#unanswered.delete(request.number)
      this.#claiming -= wish.claim
    }
    try {
      const reply = await this.#answered(request)
      landed()
      read(reply)
    } catch (error) {
      if (this.#unanswered.has(request.number)) landed()
      throw error
    }
  }

  async #answered(request: StepRequest): Promise<StepReply> {
    const { store, clock, onError } = this.#options
    const { signal } = this.#stopped
    for (;;) {
      try {
        return await store.step(request, { timeout: Number.POSITIVE_INFINITY, signal })
      } catch (error) {
        const trouble = known(error)
        if (!signal.aborted) onError(trouble)
        if (trouble.code === 'REFUSED' || trouble.code === 'UNSUPPORTED') throw trouble
        await pause(clock, 1_000, signal)
        if (signal.aborted) throw trouble
      }
    }
  }

  /** Forgets our record and hands the wake token on, if all is answered. Best effort: a sweep does it within the hour. */
  async leave(): Promise<void> {
    if (this.flying === 0 && this.#number > 0) {
      await this.#options.store.step(this.#request(NOTHING, true), { timeout: LAST_WORDS }).catch(() => undefined)
    }
    this.#stopped.abort()
  }

  #request(wish: Wish, leaving: boolean): StepRequest {
    const { name: worker, lease, keepFailed } = this.#options
    return { worker, number: ++this.#number, lease, keepFailed, ...wish, leaving }
  }
}

export function known(error: unknown): ConvoyError {
  if (error instanceof ConvoyError) return error
  return new ConvoyError('OUTCOME_UNKNOWN', error instanceof Error ? error.message : String(error), { cause: error })
}
