import { ConvoyError } from './errors.js'
import { isPlainPublish } from './policy.js'
import type { PublishRequest } from './store.js'
import { type Clock, pause } from './time.js'

/** Scripts of one publisher that are on their way, or wait for those before them. */
export class Flights {
  readonly #clock: Clock
  readonly #flying = new Set<Flight>()
  /** Those among them whose order matters. */
  #particular = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Runs `send`: at once, or after all that began before and share an ID. Where it is plain on both sides their order is all one,
   * and nobody looks. Two that are on their way together may change places: one of them is refused, or lost, and sent again.
   * Rejects with UNAVAILABLE, and nothing has been sent, when those before it take longer than `timeout` ms.
   */
  async send<Reply>(request: PublishRequest, timeout: number, send: () => Promise<Reply>): Promise<Reply> {
    const flight = new Flight(request)
    if (!flight.plain) this.#particular++
    const ahead = this.#particular === 0 ? [] : [...this.#flying].filter((one) => flight.meets(one))
    this.#flying.add(flight)
    try {
      if (ahead.length > 0) await this.#landed(ahead, timeout)
      return await send()
    } finally {
      this.#flying.delete(flight)
      if (!flight.plain) this.#particular--
      flight.land()
    }
  }

  async #landed(ahead: readonly Flight[], timeout: number): Promise<void> {
    const over = new AbortController()
    const late = pause(this.#clock, timeout, over.signal).then(() => {
      if (!over.signal.aborted) throw new ConvoyError('UNAVAILABLE', 'an earlier publish of the same ID had no answer')
    })
    await Promise.race([late, Promise.all(ahead.map(({ landed }) => landed))])
    over.abort()
  }
}

class Flight {
  readonly plain: boolean
  readonly #ids: readonly string[]
  #known: Set<string> | undefined
  #landed: Promise<void> | undefined
  #land = (): void => {}

  constructor(request: PublishRequest) {
    this.plain = isPlainPublish(request)
    this.#ids = request.ids
  }

  meets(other: Flight): boolean {
    if (this.plain && other.plain) return false
    this.#known ??= new Set(this.#ids)
    return other.#ids.some((id) => this.#known?.has(id))
  }

  get landed(): Promise<void> {
    this.#landed ??= new Promise((resolve) => {
      this.#land = resolve
    })
    return this.#landed
  }

  land(): void {
    this.#land()
  }
}
