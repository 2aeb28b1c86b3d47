/**
 * Calls once at the end of this tick, with all that it brings. A class, not a closure: machine code made for the worker
 * that came first then serves all others in the process as it is.
 */
export class Turn {
  readonly #call: () => void
  #due = false

  constructor(call: () => void) {
    this.#call = call
  }

  due(): void {
    if (this.#due) return
    this.#due = true
    process.nextTick(this.#come)
  }

  readonly #come = (): void => {
    this.#due = false
    this.#call()
  }
}
