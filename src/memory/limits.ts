import type { StepPolicy } from '../policy.js'
import { blocked, lineSize } from './line.js'
import type { QueueState, Window } from './state.js'

/** What a step may claim, by its policy. */
export class Limits {
  readonly #state: QueueState
  readonly #active: number
  readonly #rate: StepPolicy['rate']

  constructor(state: QueueState, { active = 0, rate }: StepPolicy) {
    this.#state = state
    this.#active = active
    this.#rate = rate
  }

  /** How many of `claim`. */
  allow(claim: number, ms: number): number {
    if (claim === 0 || blocked(this.#state, ms)) return 0
    let allowed = claim
    if (this.#active > 0) allowed = Math.min(allowed, this.#active - this.#state.processing.size)
    if (this.#rate !== undefined) allowed = Math.min(allowed, this.#rate.max - this.#window(ms).count)
    return Math.max(0, allowed)
  }

  count(claimed: number, ms: number): void {
    if (this.#rate === undefined || claimed === 0) return
    const { start, count } = this.#window(ms)
    this.#state.rate = { start, count: count + claimed }
  }

  /** There is a line, and one more of it may be claimed. */
  more(ms: number): boolean {
    return lineSize(this.#state) > 0 && this.allow(1, ms) > 0
  }

  /** When the next window begins, while this one holds no more. */
  spentUntil(ms: number): number | undefined {
    if (this.#rate === undefined) return undefined
    const { start, count } = this.#window(ms)
    return count < this.#rate.max ? undefined : start + this.#rate.per
  }

  #window(ms: number): Window {
    const { rate } = this.#state
    const per = this.#rate?.per ?? 0
    return rate === null || ms < rate.start || ms >= rate.start + per ? { start: ms, count: 0 } : rate
  }
}
