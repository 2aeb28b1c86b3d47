import { ConvoyError } from '../errors.js'
import type { Patience, StoreNews } from '../store.js'
import { type Clock, chance, pause } from '../time.js'
import { discreet, type Trouble, troubleOf } from './trouble.js'
import { abortable, type MakeWire, type Wire } from './wire.js'

export interface ConnectionOptions {
  readonly make: MakeWire
  readonly clock: Clock
  /** ms without an answer after which a wire is given up: node-redis itself never notices a hung server. */
  readonly replyTimeout: number
  readonly tell: (news: StoreNews) => void
  /** Asked of every new wire: rejects unless its server is fit. After one that was `doubted`: unless it takes our writes. */
  readonly vouch: (wire: Wire, doubted: boolean) => Promise<unknown>
}

const FIRST_BACKOFF = 20
const LAST_BACKOFF = 1_000
/** How long a wire that was given up waits for what is on its way, ms. */
const LAST_ANSWERS = 250

/**
 * Keeps one wire to the server: makes it on first use, replaces it when it is lost or hangs, tells when that happens.
 * What was in flight then has an unknown outcome; repeating it is the caller's business (`call.ts`).
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #closing = new AbortController()
  #wire: Wire | undefined
  #trouble: Trouble | undefined
  /** Why the last server was given up that answered, until another has been vouched for. */
  #doubt: ConvoyError | undefined
  /** Ends the wait for the loss of the wire there is. */
  #giveUp: () => void = () => {}
  #keeping: Promise<void> | undefined
  readonly #waiting = new Set<() => void>()

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  get closed(): boolean {
    return this.#closing.signal.aborted
  }

  /** ms. */
  get replyTimeout(): number {
    return this.#options.replyTimeout
  }

  /** The one there is, if it is ready. */
  get wire(): Wire | undefined {
    return this.closed ? undefined : this.#wire
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
    return this.watch(wire, wire.send(key, args), limit)
  }

  /** As `send`, of an answer that `wire` has been asked for. */
  watch<T>(wire: Wire, answer: Promise<T>, limit: number): Promise<T> {
    const { clock, replyTimeout } = this.#options
    return new Promise((resolve, reject) => {
      const first = Math.min(limit, replyTimeout)
      let timer = clock.setTimer(() => {
        // What has not gone out never will, and tells so itself.
        if (!wire.takeBack?.(answer)) reject(new Silence(first))
        if (first >= replyTimeout) this.lose(wire)
        else timer = clock.setTimer(() => this.lose(wire), replyTimeout - first)
      }, first)
      answer.then(
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

  /** Its server answers, but takes no writes: behind a name or a proxy the master may be another by now. */
  doubt(wire: Wire, cause: ConvoyError): void {
    if (this.#wire !== wire) return
    this.#doubt = cause
    this.#trouble = { kind: 'elsewhere', error: cause }
    this.#wire = undefined
    this.#giveUp()
    // What else is on its way will be refused as well, which is an answer; cut off now, it would be unknown.
    void pause(this.#options.clock, LAST_ANSWERS, this.#closing.signal).then(() => wire.cut())
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
      let began = clock.now()
      const giveUp = new AbortController()
      const stop = (): void => giveUp.abort()
      const timer = clock.setTimer(stop, replyTimeout)
      signal.addEventListener('abort', stop, { once: true })
      try {
        const wire = await make(giveUp.signal, signal)
        await this.#vouched(wire, giveUp.signal)
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
        const cause = await Promise.race([wire.lost, this.#givenUp()])
        began = clock.now()
        if (this.#wire === wire) this.#wire = undefined
        if (!this.#doubt) wire.cut()
        suspend(this.#doubt ?? lostTo(make.to, cause))
      } catch (error) {
        this.#trouble = troubleOf(error)
        const why = this.#trouble.error
        // Of a call it would be unknown what became of it; a dial carries none.
        suspend(why.code === 'OUTCOME_UNKNOWN' ? new ConvoyError('UNAVAILABLE', why.message, { cause: why }) : why)
        this.#changed()
      } finally {
        clock.clearTimer(timer)
        signal.removeEventListener('abort', stop)
      }
      // A dial that hung was a pause itself: TCP repeats its first packet only once a second, a new dial sends one at once.
      const hung = clock.now() - began
      const backoff = Math.max(FIRST_BACKOFF, Math.min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** attempt++) - hung)
      await pause(clock, backoff * (0.75 + chance(clock) / 2), signal)
    }
  }

  #givenUp(): Promise<undefined> {
    return new Promise((resolve) => {
      this.#giveUp = () => resolve(undefined)
    })
  }

  async #vouched(wire: Wire, signal: AbortSignal): Promise<void> {
    try {
      await abortable(this.#options.vouch(wire, this.#doubt !== undefined), signal)
      this.#doubt = undefined
    } catch (error) {
      wire.cut()
      throw error
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
    // A refusal is a clear answer, also when it was given to the one before us.
    const refused = this.#doubt && this.#trouble?.error.code === 'REFUSED'
    return new ConvoyError(
      refused ? 'REFUSED' : 'UNAVAILABLE',
      `no connection to ${this.#options.make.to} within ${Math.max(0, Math.round(patience.timeout))} ms${why}`,
      options,
    )
  }
}

function lostTo(where: string, cause: unknown): ConvoyError {
  const options = cause instanceof Error ? { cause: discreet(cause) } : {}
  return new ConvoyError('UNAVAILABLE', `the connection to ${where} was lost`, options)
}

/** The server said nothing in time. */
export class Silence extends Error {
  override readonly name = 'Silence'

  constructor(ms: number) {
    super(`no answer within ${Math.round(ms)} ms`)
  }
}
