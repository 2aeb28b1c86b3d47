/** Chance that a seed repeats: mulberry32 over a hash of the seed's text. */
export class Random {
  readonly #seed: string
  #state: number

  constructor(seed: string | number) {
    this.#seed = String(seed)
    this.#state = 2_166_136_261
    for (const char of this.#seed) this.#state = Math.imul(this.#state ^ char.charCodeAt(0), 16_777_619) >>> 0
  }

  /** Another stream, which depends on the seed and this name alone, however much of this one was used. */
  branch(name: string): Random {
    return new Random(`${this.#seed}/${name}`)
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(all: readonly T[]): T {
    if (all.length === 0) throw new Error('nothing to pick from')
    return all[this.between(0, all.length - 1)] as T
  }
}
