import type { Clock } from '../../src/time.js'

interface Alarm {
  readonly at: number
  readonly run: () => void
}

/** The timers of a process whose time passes only when told. It does not begin at 0, which code may take for "never". */
export class ManualClock implements Clock {
  #now = 1_000
  readonly #alarms = new Set<Alarm>()

  now(): number {
    return this.#now
  }

  setTimer(run: () => void, ms: number): Alarm {
    const alarm = { at: this.#now + Math.max(0, ms), run }
    this.#alarms.add(alarm)
    return alarm
  }

  clearTimer(alarm: unknown): void {
    this.#alarms.delete(alarm as Alarm)
  }

  /** Timers that have not fired yet. */
  get pending(): number {
    return this.#alarms.size
  }

  /** Lets time pass and fires what falls due on the way, in order. */
  pass(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#alarms].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#alarms.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
    }
    this.#now = end
  }
}
