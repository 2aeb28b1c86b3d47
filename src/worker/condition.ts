import type { Clock } from '../time.js'

/** Waiting until something holds, without polling: whoever may have made it true calls `look`. */
export class Condition {
  readonly #clock: Clock
  readonly #lookers = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  look(): void {
    if (this.#lookers.size > 0) for (const look of [...this.#lookers]) look()
  }

  /** Resolves once `holds()`, or after `ms`; leaves no timer behind. */
  async until(holds: () => boolean, ms: number): Promise<void> {
    const over = this.#clock.now() + ms
    while (!holds() && this.#clock.now() < over) {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#clock.clearTimer(timer)
          this.#lookers.delete(look)
          resolve()
        }
        const timer = this.#clock.setTimer(look, over - this.#clock.now())
        this.#lookers.add(look)
      })
    }
  }
}
