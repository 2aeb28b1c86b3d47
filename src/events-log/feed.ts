/** Characters of text held for a reader that is slow. */
const MOST = 16_777_216
/** Places of what was read that are kept before they are given back. */
const IDLE = 1_024

/**
 * What was heard and is not read yet, in order; null stands where something may be missing. It holds so much and no more,
 * or a reader that stands still would fill the memory of the process: then there is a null in place of what comes.
 */
export class Feed {
  #heard: (string | null)[] = []
  #read = 0
  #size = 0
  /** There is a null that was not read yet. */
  #missing = false
  #ended = false
  #wake: (() => void) | undefined
  readonly #most: number

  constructor(most: number = MOST) {
    this.#most = most
  }

  get ended(): boolean {
    return this.#ended
  }

  readonly hear = (message: string | null): void => {
    // Whoever meets a null reads everything from there on: what is heard until then would be there twice.
    if (this.#ended || this.#missing) return
    const fits = message !== null && this.#size + message.length <= this.#most
    this.#heard.push(fits ? message : null)
    if (fits) this.#size += message.length
    else this.#missing = true
    this.#wake?.()
  }

  /** What was heard before is still read. */
  readonly end = (): void => {
    this.#ended = true
    this.#wake?.()
  }

  /** Resolves once there is something; undefined at the end. For one reader. */
  async next(): Promise<string | null | undefined> {
    while (this.#read === this.#heard.length) {
      this.#heard = []
      this.#read = 0
      if (this.#ended) return undefined
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
      this.#wake = undefined
    }
    const next = this.#heard[this.#read] ?? null
    this.#pass()
    if (next === null) this.#missing = false
    else this.#size -= next.length
    return next
  }

  /** What was read is let go, also while there is always more; of the places half at once, so that each is moved once. */
  #pass(): void {
    this.#heard[this.#read++] = null
    if (this.#read < IDLE || this.#read * 2 < this.#heard.length) return
    this.#heard = this.#heard.slice(this.#read)
    this.#read = 0
  }
}
