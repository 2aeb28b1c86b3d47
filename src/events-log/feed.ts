/** Characters of text held for a reader that is slow. */
const MOST = 16_777_216

/**
 * What was heard and is not read yet, in order; null stands where something may be missing. It holds so much and no more,
 * or a reader that stands still would fill the memory of the process: then there is a null in place of what comes.
 */
export class Feed {
  #heard: (string | null)[] = []
  #read = 0
  #size = 0
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
    if (this.#ended) return
    const fits = message !== null && this.#size + message.length <= this.#most
    // One is enough: whoever meets it reads everything from there on.
    if (!fits && this.#read < this.#heard.length && this.#heard.at(-1) === null) return
    this.#heard.push(fits ? message : null)
    if (fits) this.#size += message.length
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
    const next = this.#heard[this.#read++] ?? null
    if (next !== null) this.#size -= next.length
    return next
  }
}
