import { ConvoyError } from '../errors.js'
import type { Patience, Place } from '../store.js'
import { type Clock, pause } from '../time.js'
import { Connection, type ConnectionOptions } from './connection.js'
import { keyOf } from './keys.js'
import { troubleOf } from './trouble.js'
import type { MakeWire, Wire } from './wire.js'

interface ListeningOptions {
  readonly place: Place
  readonly clock: Clock
  readonly replyTimeout: number
  readonly twin: () => MakeWire
  readonly vouch: ConnectionOptions['vouch']
  /** The one for all else: it leaves word that somebody listens. */
  readonly connection: Connection
}

interface Session {
  readonly connection: Connection
  readonly over: AbortController
  /** What the last word went over, and what was heard over then. */
  met?: { readonly wire: Wire; readonly ears: Wire | undefined }
}

type Hear = (message: string | null) => void

/** How long the word holds that somebody listens, and how often it is renewed, ms. */
const HOLDS = 30_000
const RENEWED = 10_000
/** ms until it is said again that was not answered. */
const AGAIN = 50

/**
 * Hears the queue's channel on a connection of its own, for all listeners of one queue in this process. While it does, a key
 * with an expiry says so: without it the scripts send nothing.
 */
export class Listening {
  readonly #options: ListeningOptions
  readonly #channel: string
  readonly #key: string
  readonly #hearers = new Set<Hear>()
  #session: Session | undefined
  #database: string | undefined

  constructor(options: ListeningOptions) {
    this.#options = options
    const { prefix, name } = options.place
    this.#channel = keyOf(prefix, name, 'events')
    this.#key = keyOf(prefix, name, 'listening')
  }

  /** Resolves once messages are heard; until `signal` is aborted. */
  async listen(hear: Hear, signal: AbortSignal, patience: Patience): Promise<void> {
    if (signal.aborted) return
    // One of this call alone: whoever has left may fail later, and takes no other's place with him, be it for the same function.
    const mine: Hear = (message) => hear(message)
    this.#hearers.add(mine)
    signal.addEventListener('abort', () => this.#leave(mine), { once: true })
    try {
      const { clock } = this.#options
      const until = clock.now() + patience.timeout
      this.#session ??= this.#open()
      // Each with his own patience, whoever came first.
      await this.#session.connection.ready(patience)
      await this.#announce({ ...patience, timeout: until - clock.now() })
    } catch (error) {
      this.#leave(mine)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#hearers.clear()
    await this.#end()
  }

  #leave(hear: Hear): void {
    if (this.#hearers.delete(hear) && this.#hearers.size === 0) void this.#end()
  }

  async #end(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    session?.over.abort()
    await session?.connection.close()
  }

  #open(): Session {
    const { clock, replyTimeout, twin, vouch } = this.#options
    const over = new AbortController()
    let again = false
    const connection = new Connection({
      make: twin(),
      clock,
      replyTimeout,
      // Its losses are not told: the other connection to the same server tells them.
      tell: () => {},
      vouch: async (wire, doubted) => {
        await vouch(wire, doubted)
        await this.#subscribe(wire, again)
        again = true
      },
    })
    void this.#renew(over.signal)
    void this.#probe(connection, over.signal)
    return { connection, over }
  }

  async #subscribe(wire: Wire, again: boolean): Promise<void> {
    if (!wire.hear)
      throw new ConvoyError('UNSUPPORTED', 'redis: a pool cannot listen; give a client, cluster or sentinel')
    if (this.#database === undefined) {
      // Channels know no database. It is never guessed: the scripts send where the last listener said, for all of them.
      const info = await wire.send(this.#key, ['CLIENT', 'INFO'])
      this.#database = /\bdb=(\d+)/.exec(String(info))?.[1] ?? '0'
    }
    // What was sent while there was no wire was missed: told before what comes on this one, which may come at once.
    let missed = again
    const tellMissed = (): void => {
      if (missed) this.#tell(null)
      missed = false
    }
    await wire.hear(`${this.#channel}:${this.#database}`, (message) => {
      tellMissed()
      this.#tell(message)
    })
    // It may be another server, where nobody has said that somebody listens. From here on that is what is heard over.
    if (again) await this.#announce({ timeout: this.#options.replyTimeout }, wire)
    tellMissed()
  }

  #tell(message: string | null): void {
    for (const hear of [...this.#hearers]) hear(message)
  }

  /** Said again until it is answered: a word that was said twice does no harm, so that its loss is no unknown outcome. */
  async #announce(patience: Patience, ears?: Wire): Promise<void> {
    const { connection, clock } = this.#options
    const args = ['SET', this.#key, this.#database ?? '0', 'PX', String(HOLDS)]
    for (const until = clock.now() + patience.timeout; ; ) {
      const wire = await connection.ready({ ...patience, timeout: until - clock.now() })
      try {
        await connection.send(wire, this.#key, args, until - clock.now())
        this.#compare(wire, ears)
        return
      } catch (thrown) {
        const { kind, error } = troubleOf(thrown)
        if (kind === 'fatal') throw error
        const left = until - clock.now()
        // A clear answer is not given up for one more try that cannot wait for its own.
        if (left < 2 * AGAIN || patience.signal?.aborted) throw kind === 'unknown' ? unheard(error) : error
        await pause(clock, AGAIN, patience.signal)
      }
    }
  }

  /** A subscription asks nothing, so that nobody would see a wire cut without a word: it is asked something all the same. */
  async #probe(connection: Connection, signal: AbortSignal): Promise<void> {
    const { clock, replyTimeout } = this.#options
    while (!signal.aborted) {
      const ears = connection.wire
      // Silence costs the wire; an error is an answer.
      if (ears?.probe) await connection.watch(ears, ears.probe(), replyTimeout).catch(() => {})
      await pause(clock, replyTimeout, signal)
    }
  }

  /**
   * Nor does anybody see when its server is master no more. But when the other connection was replaced since the last word
   * and this one was not, then it is now: that tells what was missed.
   */
  #compare(wire: Wire, subscribing: Wire | undefined): void {
    const session = this.#session
    if (!session) return
    const { met, connection } = session
    const ears = subscribing ?? connection.wire
    if (ears && met && met.wire !== wire && met.ears === ears) connection.lose(ears)
    session.met = { wire, ears }
  }

  /** While somebody listens. When the word may have lapsed, something may have been missed. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    let last = clock.now()
    for (;;) {
      await pause(clock, RENEWED, signal)
      if (signal.aborted) return
      try {
        await this.#announce({ timeout: RENEWED, signal })
        if (clock.now() - last > HOLDS - RENEWED) this.#tell(null)
        last = clock.now()
      } catch {
        // The next turn tries again.
      }
    }
  }
}

/** Nobody was told that somebody listens; whatever became of it, nothing has happened. */
function unheard(cause: ConvoyError): ConvoyError {
  return new ConvoyError('UNAVAILABLE', `nothing can be heard: ${cause.message}`, { cause })
}
