import { ConvoyError } from '../errors.js'
import type { Store } from '../store.js'
import { groups } from '../worker/outbox.js'
import { ENDS, type Orders, RENEWED } from './orders.js'

/** IDs in one step at most. */
const MOST = 1_000

export interface RenewalsOptions {
  readonly store: Store
  /** Whose steps these are. */
  readonly worker: string
  /** ms. */
  readonly lease: number
  readonly shared: BigInt64Array
}

/** What the worker holds, as far as it has said so, and its renewal. */
export class Renewals {
  readonly #options: RenewalsOptions
  readonly #tokens = new Map<string, string>()
  #number = 0
  /** Ends that the worker has told of. */
  #ended = 0n
  /** Nothing that is held was ever known to the server: told once. */
  #told = false

  constructor(options: RenewalsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#tokens.size
  }

  take({ held, ended }: Orders): void {
    this.#ended += BigInt(ended.length)
    for (const [id, token] of ended) if (this.#tokens.get(id) === token) this.#tokens.delete(id)
    if (held) for (const id of held.ids) this.#tokens.set(id, held.token)
  }

  /** Throws what a step throws, and UNAVAILABLE where the server was never seen to know any of it. */
  async renew(): Promise<void> {
    const { store, worker, lease, shared } = this.#options
    const sent = process.hrtime.bigint()
    const all = Array.from(this.#tokens, ([id, token]) => ({ id, token }))
    let known = false
    for (let at = 0; at < all.length; at += MOST) {
      const renew = groups(all.slice(at, at + MOST))
      const rest = { keepFailed: 0, settle: [], started: [], claim: 0, slots: 0, leaving: false }
      const request = { worker, number: ++this.#number, lane: 0, lease, renew, ...rest } as const
      const { renewed } = await store.step(request, { timeout: lease })
      const held = renew.flatMap(({ token, ids }) => ids.map((id) => [id, token] as const))
      for (const [i, [id, token]] of held.entries()) {
        if (renewed[i] !== '0') known = true
        // What is not ours any more the worker hears from its own next renewal.
        else if (this.#tokens.get(id) === token) this.#tokens.delete(id)
      }
    }
    // Else the worker would take for held what nobody has renewed.
    if (known) Atomics.store(shared, RENEWED, sent)
    // What it ends it counts before it settles: where no end is untold, all of this was held.
    const untold = Atomics.load(shared, ENDS) > this.#ended
    if (known || untold || this.#told || Atomics.load(shared, RENEWED) !== 0n) return
    this.#told = true
    const why = 'is it the server, and the database, of the queue? Or all were recovered before the first renewal'
    throw new ConvoyError('UNAVAILABLE', `the server of its url knows no claim of this worker: ${why}`)
  }
}
