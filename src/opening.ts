import { createHash } from 'node:crypto'
import type { Patience, Store } from './store.js'

/** The options all processes of a queue must share; `meta` keeps their digest. */
export interface SharedOptions {
  readonly lease: number
  readonly maxJams: number
  readonly keepFailed: number
}

/** Once per queue and process: the server, the keys' types and the layout are checked before the first write. */
export class Opening {
  readonly #store: Store
  readonly #digest: string
  readonly #onOther: () => void
  #done = false

  constructor(store: Store, { lease, maxJams, keepFailed }: SharedOptions, onOther: () => void) {
    this.#store = store
    this.#digest = createHash('sha1')
      .update(JSON.stringify([lease, maxJams, keepFailed]))
      .digest('hex')
      .slice(0, 12)
    this.#onOther = onOther
  }

  /** Each caller with its own patience: checking twice at the start does no harm. */
  async open(patience: Patience): Promise<void> {
    if (this.#done) return
    const { digest } = await this.#store.control({ order: 'open', digest: this.#digest }, patience)
    if (this.#done) return
    this.#done = true
    if (digest !== '') this.#onOther()
  }
}
