import { createHash } from 'node:crypto'
import { ConvoyError } from './errors.js'
import type { StepPolicy } from './policy.js'
import type { Delivery } from './presets.js'
import type { Patience, Role, Store } from './store.js'

/** The options all processes of a queue must share; `meta` keeps their digest. */
export interface SharedOptions {
  readonly lease: number
  readonly maxJams: number
  readonly keepFailed: number
  /** 0 for any number. */
  readonly maxLength: number
  /** What workers and guards go by besides, where it is not the default. */
  readonly policy?: StepPolicy
  readonly delivery: Delivery
}

/** The server, the keys' types, the layout and our rights are checked before the first call of each role. */
export class Opening {
  readonly #store: Store
  readonly #digest: string
  readonly #onOther: () => void
  readonly #fit = new Set<Role | undefined>()
  #told = false

  constructor(store: Store, options: SharedOptions, onOther: () => void) {
    const { lease, maxJams, keepFailed, maxLength, policy, delivery } = options
    // What is at its default is left out: the digest of a queue that uses none of it is the one it always was.
    const rest = {
      ...policy,
      ...(maxLength > 0 ? { maxLength } : {}),
      ...(delivery === 'at-least-once' ? {} : { delivery }),
    }
    this.#store = store
    this.#digest = createHash('sha1')
      .update(JSON.stringify([lease, maxJams, keepFailed, ...(Object.keys(rest).length > 0 ? [rest] : [])]))
      .digest('hex')
      .slice(0, 12)
    this.#onOther = onOther
  }

  /** Each caller with its own patience: checking twice at the start does no harm. Nothing once it is done. */
  open(role: Role | undefined, patience: Patience): Promise<void> | undefined {
    return this.#fit.has(role) ? undefined : this.#open(role, patience)
  }

  async #open(role: Role | undefined, patience: Patience): Promise<void> {
    const order = { order: 'open', digest: this.#digest, ...(role ? { role } : {}) } as const
    const { digest } = await this.#store.control(order, patience).catch(unsent)
    this.#fit.add(role)
    if (digest === '' || this.#told) return
    this.#told = true
    this.#onOther()
  }
}

/** Whatever became of the check, the call that was to follow it has not happened. */
function unsent(cause: unknown): never {
  if (!(cause instanceof ConvoyError) || cause.code !== 'OUTCOME_UNKNOWN') throw cause
  throw new ConvoyError('UNAVAILABLE', `not sent, for the check before it had no answer: ${cause.message}`, { cause })
}
