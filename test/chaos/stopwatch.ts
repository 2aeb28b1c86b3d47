/** What a row's time goes into. */
export type Lap = 'set-up' | 'rounds' | 'drain' | 'check'

/** How long each part of a row took. */
export class Stopwatch {
  /** Seconds. */
  readonly laps: Record<Lap, number> = { 'set-up': 0, rounds: 0, drain: 0, check: 0 }
  #since = performance.now()

  /** This part is over, and the next begins. */
  lap(part: Lap): void {
    const now = performance.now()
    this.laps[part] += (now - this.#since) / 1_000
    this.#since = now
  }
}

export const total = (laps: Readonly<Record<Lap, number>>): number => Object.values(laps).reduce((a, b) => a + b, 0)
