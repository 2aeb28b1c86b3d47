/**
 * Calls once at the end of this tick, with all that it brings, or when `later` says. A class, not a closure: machine code
 * made for the worker that came first then serves all others in the process as it is.
 */
export class Turn {
  readonly #call: () => void
  readonly #later: (call: () => void) => unknown
  #due = false

  constructor(call: () => void, later: (call: () => void) => unknown = process.nextTick) {
    this.#call = call
    this.#later = later
  }

  get isDue(): boolean {
    return this.#due
  }

  due(): void {
    if (this.#due) return
    this.#due = true
    this.#later(this.#come)
  }

  readonly #come = (): void => {
    this.#due = false
    this.#call()
  }
}
