import { ConvoyError } from '../errors.js'
import type { Place } from '../store.js'
import type { Clock } from '../time.js'
import { pause } from '../time.js'
import { Connection } from './connection.js'
import { keyOf } from './keys.js'
import type { MakeWire } from './wire.js'

export interface BlockingOptions {
  readonly place: Place
  readonly clock: Clock
  readonly replyTimeout: number
  readonly twin: () => MakeWire
  /** Put the token back: it was taken for nobody. */
  readonly giveBack: () => Promise<unknown>
}

/** Longest single BLPOP, s: a token that a dying worker took is missed for no longer than this. */
const LONGEST = 5

/**
 * Waits for the wake token on a connection of its own, shared by all workers of one queue in this process: a blocking
 * call holds up whatever is behind it. One token wakes one waiter, the one that waits longest.
 */
export class Blocking {
  readonly #options: BlockingOptions
  readonly #key: string
  readonly #closing = new AbortController()
  readonly #waiters = new Set<() => void>()
  #connection: Connection | undefined
  #popping: Promise<void> | undefined

  constructor(options: BlockingOptions) {
    this.#options = options
    this.#key = keyOf(options.place.prefix, options.place.name, 'wake')
  }

  wait(timeout: number, signal: AbortSignal): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(new ConvoyError('CLOSED'))
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const { clock } = this.#options
      const end = (): void => {
        this.#waiters.delete(end)
        clock.clearTimer(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = clock.setTimer(end, timeout)
      signal.addEventListener('abort', end, { once: true })
      this.#waiters.add(end)
      this.#popping ??= this.#pop()
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const end of [...this.#waiters]) end()
    await this.#connection?.close()
    await this.#popping
  }

  /** Pops while somebody waits. */
  async #pop(): Promise<void> {
    const { clock, replyTimeout, twin } = this.#options
    const { signal } = this.#closing
    while (this.#waiters.size > 0 && !signal.aborted) {
      try {
        // Its losses are not told: the other connection to the same server tells them.
        this.#connection ??= new Connection({
          make: twin(),
          clock,
          replyTimeout: replyTimeout + LONGEST * 1_000,
          tell: () => {},
        })
        const wire = await this.#connection.ready({ timeout: Number.POSITIVE_INFINITY, signal })
        const popped = await this.#connection.send(
          wire,
          this.#key,
          ['BLPOP', this.#key, String(LONGEST)],
          Number.POSITIVE_INFINITY,
        )
        if (popped === null) continue
        const [first] = this.#waiters
        if (first) first()
        else await this.#options.giveBack()
      } catch {
        // Whatever it was, the waiters' own time-outs bound the harm.
        await pause(clock, 100, signal)
      }
    }
    // In the same breath as the last look at the waiters: one who comes later starts it anew.
    this.#popping = undefined
  }
}
