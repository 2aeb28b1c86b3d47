/** What a test waits on instead of a sleep: opens once, after `count` countdowns, and stays open. */
export class Latch {
  readonly wait: Promise<void>
  #left: number
  #resolve: () => void = () => {}

  constructor(count = 1) {
    this.#left = count
    this.wait = new Promise((resolve) => {
      this.#resolve = resolve
    })
    if (count <= 0) this.open()
  }

  get isOpen(): boolean {
    return this.#left <= 0
  }

  /** Countdowns still missing. */
  get left(): number {
    return this.#left
  }

  countDown(): void {
    if (this.#left > 0 && --this.#left === 0) this.#resolve()
  }

  open(): void {
    this.#left = 0
    this.#resolve()
  }
}
