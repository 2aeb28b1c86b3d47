import { ManualClock } from '../queue/manual-clock.js'

/** The timers of one process, which a test can wait for: time is let pass only once the process sleeps. */
export class SlowClock extends ManualClock {
  readonly #lookers = new Set<() => void>()

  override setTimer(run: () => void, ms: number): ReturnType<ManualClock['setTimer']> {
    const alarm = super.setTimer(run, ms)
    for (const look of [...this.#lookers]) look()
    return alarm
  }

  /** Resolves once so many timers are set. */
  async sleeps(count = 1): Promise<void> {
    if (this.pending >= count) return
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.pending < count) return
        this.#lookers.delete(look)
        resolve()
      }
      this.#lookers.add(look)
    })
  }
}
