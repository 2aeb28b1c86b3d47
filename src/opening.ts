import { createHash } from 'node:crypto'
import type { Patience, Role, Store } from './store.js'

/** The options all processes of a queue must share; `meta` keeps their digest. */
export interface SharedOptions {
  readonly lease: number
  readonly maxJams: number
  readonly keepFailed: number
  readonly remember: number
  readonly rememberFrom: string
  readonly maxLength: number
}

/** The server, the keys' types, the layout and our rights are checked before the first call of each role. */
export class Opening {
  readonly #store: Store
  readonly #digest: string
  readonly #onOther: () => void
  readonly #fit = new Set<Role | undefined>()
  #told = false

  constructor(store: Store, options: SharedOptions, onOther: () => void) {
    const { lease, maxJams, keepFailed, remember, rememberFrom, maxLength } = options
    // What is at its default is left out: the digest of a queue that uses none of it is the one it always was.
    const rest = [...(remember > 0 ? [remember, rememberFrom] : []), ...(maxLength > 0 ? [{ maxLength }] : [])]
    this.#store = store
    this.#digest = createHash('sha1')
      .update(JSON.stringify([lease, maxJams, keepFailed, ...rest]))
      .digest('hex')
      .slice(0, 12)
    this.#onOther = onOther
  }

  /** Each caller with its own patience: checking twice at the start does no harm. */
  async open(role: Role | undefined, patience: Patience): Promise<void> {
    if (this.#fit.has(role)) return
    const order = { order: 'open', digest: this.#digest, ...(role ? { role } : {}) } as const
    const { digest } = await this.#store.control(order, patience)
    this.#fit.add(role)
    if (digest === '' || this.#told) return
    this.#told = true
    this.#onOther()
  }
}
