import { ConvoyError } from '../errors.js'
import type { StepRequest } from '../step.js'
import type { Place } from '../store.js'
import type { Clock, Timer } from '../time.js'
import { pause } from '../time.js'
import { Connection, type ConnectionOptions } from './connection.js'
import { keyOf } from './keys.js'
import { troubleOf } from './trouble.js'
import type { MakeWire, Wire } from './wire.js'

export interface BlockingOptions {
  readonly place: Place
  readonly clock: Clock
  readonly replyTimeout: number
  readonly twin: () => MakeWire
  /** A step as it is sent. */
  readonly command: (request: StepRequest) => readonly string[]
  readonly vouch: ConnectionOptions['vouch']
  /** Put the token back: it was taken for nobody. */
  readonly giveBack: () => Promise<unknown>
}

/** Longest single BLPOP, ms: a token that a dying worker took is missed for no longer than this. */
const LONGEST = 5_000
/** By then the server has seen a lost wire go, ms. */
const AFTERWARDS = 100

interface Waiter {
  /** By the clock of this process. */
  readonly until: number
  readonly next: StepRequest | undefined
  timer: Timer
  /** The wire its step rides on. */
  wire?: Wire
  end(reply?: unknown): void
  /** Its step may have run. */
  fail(cause: unknown): void
}

/**
 * Waits for the wake token on a connection of its own, shared by all workers of one queue in this process: a blocking
 * call holds up whatever is behind it. That is made use of: the step of the one that waits longest goes out right behind
 * the BLPOP, so that the server runs it as soon as the token comes, and the claim costs no round trip of its own.
 */
export class Blocking {
  readonly #options: BlockingOptions
  readonly #key: string
  readonly #closing = new AbortController()
  readonly #waiters = new Set<Waiter>()
  #connection: Connection | undefined
  #popping: Promise<void> | undefined
  /** The last wire that we gave up because a waiter was not to wait any more. */
  #cut: Wire | undefined

  constructor(options: BlockingOptions) {
    this.#options = options
    this.#key = keyOf(options.place.prefix, options.place.name, 'wake')
  }

  /** Resolves with the reply of `next`, or with nothing: then it has not run. */
  wait(timeout: number, signal: AbortSignal, next?: StepRequest): Promise<unknown> {
    if (this.#closing.signal.aborted) return Promise.reject(new ConvoyError('CLOSED'))
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const { clock } = this.#options
      const over = (): void => {
        this.#waiters.delete(waiter)
        clock.clearTimer(waiter.timer)
        signal.removeEventListener('abort', stop)
      }
      const end = (reply?: unknown): void => {
        over()
        resolve(reply)
      }
      const fail = (cause: unknown): void => {
        over()
        reject(new ConvoyError('OUTCOME_UNKNOWN', 'the wait was cut off', { cause }))
      }
      // A step that rides cannot be called back, only cut off; run or not, its number keeps it from harm.
      const stop = (): void => {
        if (waiter.wire) this.#cutOff(waiter.wire)
        else end()
      }
      const waiter: Waiter = { until: clock.now() + timeout, next, timer: clock.setTimer(end, timeout), end, fail }
      signal.addEventListener('abort', stop, { once: true })
      this.#waiters.add(waiter)
      this.#popping ??= this.#pop()
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const { end } of [...this.#waiters]) end()
    await this.#connection?.close()
    await this.#popping
  }

  #cutOff(wire: Wire): void {
    this.#cut = wire
    this.#connection?.lose(wire)
  }

  /** Pops while somebody waits. */
  async #pop(): Promise<void> {
    const { clock, replyTimeout, twin, vouch, giveBack } = this.#options
    const { signal } = this.#closing
    // Its losses are not told: the other connection to the same server tells them.
    const tell = (): void => {}
    while (this.#waiters.size > 0 && !signal.aborted) {
      let wire: Wire | undefined
      try {
        this.#connection ??= new Connection({ make: twin(), clock, replyTimeout: replyTimeout + LONGEST, tell, vouch })
        wire = await this.#connection.ready({ timeout: Number.POSITIVE_INFINITY, signal })
        const [first] = this.#waiters
        if (first) await this.#carry(this.#connection, wire, first)
      } catch (error) {
        const { kind, error: cause } = troubleOf(error)
        if (kind === 'elsewhere' && wire) this.#connection?.doubt(wire, cause)
        // Whatever it was, the waiters' own time-outs bound the harm. The wire may have taken a token with it: one that
        // was published just before the server saw it go.
        const afterwards = async (): Promise<void> => {
          await pause(clock, AFTERWARDS, signal)
          if (!signal.aborted) await giveBack()
        }
        if (!wire || wire !== this.#cut) await afterwards()
        else {
          // What we did ourselves is no reason for the others to wait.
          void afterwards()
          await giveBack()
        }
      }
    }
    // In the same breath as the last look at the waiters: one who comes later starts it anew.
    this.#popping = undefined
  }

  /** One BLPOP, and behind it the step of the one that waits longest. */
  async #carry(connection: Connection, wire: Wire, first: Waiter): Promise<void> {
    const { clock, command, giveBack } = this.#options
    const send = (args: readonly string[]): Promise<unknown> =>
      connection.send(wire, this.#key, args, Number.POSITIVE_INFINITY)
    // 0 would be for ever.
    const wait = Math.max(1, Math.min(LONGEST, first.next ? first.until - clock.now() : LONGEST))
    const popped = send(['BLPOP', this.#key, String(wait / 1_000)])
    if (first.next) {
      first.wire = wire
      this.#waiters.delete(first)
      clock.clearTimer(first.timer)
      send(command(first.next)).then(first.end, (error: unknown) => {
        const trouble = troubleOf(error)
        if (trouble.kind === 'unknown') first.fail(trouble.error)
        else first.end()
      })
    }
    if ((await popped) === null || first.next) return
    const [next] = this.#waiters
    if (next) next.end()
    else await giveBack()
  }
}
