import { createHash } from 'node:crypto'
import type { Patience, Role, Store } from './store.js'

/** The options all processes of a queue must share; `meta` keeps their digest. */
export interface SharedOptions {
  readonly lease: number
  readonly maxJams: number
  readonly keepFailed: number
  /** All others that are not the default, by name: a queue without them has the digest it always had. */
  readonly shared: Readonly<Record<string, unknown>>
}

/** The server, the keys' types, the layout and our rights are checked before the first call of each role. */
export class Opening {
  readonly #store: Store
  readonly #digest: string
  readonly #onOther: () => void
  readonly #fit = new Set<Role | undefined>()
  #told = false

  constructor(store: Store, { lease, maxJams, keepFailed, shared }: SharedOptions, onOther: () => void) {
    this.#store = store
    this.#digest = createHash('sha1')
      .update(JSON.stringify([lease, maxJams, keepFailed, ...(Object.keys(shared).length > 0 ? [shared] : [])]))
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
