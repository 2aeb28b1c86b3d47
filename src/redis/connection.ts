import { ConvoyError } from '../errors.js'
import type { Patience, StoreNews } from '../store.js'
import { type Clock, chance, pause } from '../time.js'
import { discreet, type Trouble, troubleOf } from './trouble.js'
import type { MakeWire, Wire } from './wire.js'

export interface ConnectionOptions {
  readonly make: MakeWire
  readonly clock: Clock
  /** ms without an answer after which a wire is given up: node-redis itself never notices a hung server. */
  readonly replyTimeout: number
  readonly tell: (news: StoreNews) => void
}

const FIRST_BACKOFF = 20
const LAST_BACKOFF = 1_000

/**
 * Keeps one wire to the server: makes it on first use, replaces it when it is lost or hangs, tells when that happens.
 * What was in flight then has an unknown outcome; repeating it is the caller's business (`call.ts`).
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #closing = new AbortController()
  #wire: Wire | undefined
  #trouble: Trouble | undefined
  #keeping: Promise<void> | undefined
  readonly #waiting = new Set<() => void>()

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  get closed(): boolean {
    return this.#closing.signal.aborted
  }

  /** A ready wire, at once when there is one. Rejects with UNAVAILABLE after `patience`, AUTH_FAILED at once, CLOSED. */
  async ready(patience: Patience): Promise<Wire> {
    const { clock } = this.#options
    const until = clock.now() + patience.timeout
    for (;;) {
      if (this.closed) throw new ConvoyError('CLOSED')
      const left = until - clock.now()
      // A call without any time left is not sent: what was never sent has no unknown outcome.
      if (this.#wire && left > 0) return this.#wire
      this.#keeping ??= this.#keep()
      if (this.#trouble?.kind === 'fatal') throw this.#trouble.error
      if (left <= 0 || patience.signal?.aborted) throw this.#unavailable(patience)
      await this.#change(left, patience.signal)
    }
  }

  /**
   * One command on one wire, with our own deadlines: `limit` ms end the wait, `replyTimeout` ms the wire. The second is
   * kept also when nobody waits any longer: with calls of little patience alone, a hung server would never be noticed.
   */
  send(wire: Wire, key: string, args: readonly string[], limit: number): Promise<unknown> {
    const { clock, replyTimeout } = this.#options
    return new Promise((resolve, reject) => {
      const first = Math.min(limit, replyTimeout)
      let timer = clock.setTimer(() => {
        reject(new Silence(first))
        if (first >= replyTimeout) this.lose(wire)
        else timer = clock.setTimer(() => this.lose(wire), replyTimeout - first)
      }, first)
      wire.send(key, args).then(
        (reply) => {
          clock.clearTimer(timer)
          resolve(reply)
        },
        (error: unknown) => {
          clock.clearTimer(timer)
          reject(error)
        },
      )
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#wire?.cut()
    this.#changed()
    await this.#keeping
  }

  /** Gives a wire up: the loop below makes another. */
  lose(wire: Wire): void {
    if (this.#wire === wire) this.#wire = undefined
    wire.cut()
  }

  async #keep(): Promise<void> {
    const { make, clock, tell, replyTimeout } = this.#options
    const { signal } = this.#closing
    let suspended = false
    const suspend = (cause: ConvoyError): void => {
      if (!suspended && !signal.aborted) tell({ kind: 'suspended', cause })
      suspended = true
    }
    for (let attempt = 0; !signal.aborted; ) {
      const giveUp = new AbortController()
      const stop = (): void => giveUp.abort()
      const timer = clock.setTimer(stop, replyTimeout)
      signal.addEventListener('abort', stop, { once: true })
      try {
        const wire = await make(giveUp.signal, signal)
        clock.clearTimer(timer)
        if (signal.aborted) {
          wire.cut()
          break
        }
        this.#wire = wire
        this.#trouble = undefined
        if (suspended) tell({ kind: 'resumed' })
        suspended = false
        attempt = 0
        this.#changed()
        const cause = await wire.lost
        if (this.#wire === wire) this.#wire = undefined
        wire.cut()
        suspend(
          new ConvoyError(
            'UNAVAILABLE',
            `the connection to ${make.to} was lost`,
            cause instanceof Error ? { cause: discreet(cause) } : {},
          ),
        )
      } catch (error) {
        this.#trouble = troubleOf(error)
        suspend(this.#trouble.error)
        this.#changed()
      } finally {
        clock.clearTimer(timer)
        signal.removeEventListener('abort', stop)
      }
      const backoff = Math.min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** attempt++)
      await pause(clock, backoff * (0.75 + chance(clock) / 2), signal)
    }
  }

  /** Resolves at the next change, after `ms`, or on abort. */
  #change(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiting.delete(end)
        if (timer !== undefined) this.#options.clock.clearTimer(timer)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = Number.isFinite(ms) ? this.#options.clock.setTimer(end, ms) : undefined
      signal?.addEventListener('abort', end, { once: true })
      this.#waiting.add(end)
    })
  }

  #changed(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #unavailable(patience: Patience): ConvoyError {
    if (patience.signal?.aborted) return new ConvoyError('ABORTED')
    const why = this.#trouble ? `: ${this.#trouble.error.message}` : ''
    const options = this.#trouble ? { cause: this.#trouble.error } : {}
    return new ConvoyError(
      'UNAVAILABLE',
      `no connection to ${this.#options.make.to} within ${Math.max(0, Math.round(patience.timeout))} ms${why}`,
      options,
    )
  }
}

/** The server said nothing in time. */
class Silence extends Error {
  override readonly name = 'Silence'

  constructor(ms: number) {
    super(`no answer within ${Math.round(ms)} ms`)
  }
}
