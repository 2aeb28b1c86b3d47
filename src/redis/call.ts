import { ConvoyError } from '../errors.js'
import type { Patience } from '../store.js'
import { type Clock, pause } from '../time.js'
import type { Connection } from './connection.js'
import type { Script } from './scripts.js'
import { troubleOf } from './trouble.js'
import type { Wire } from './wire.js'

export interface Answer {
  readonly reply: unknown
  /** An earlier sending may have run too; its answer was lost. */
  readonly repeated: boolean
}

/**
 * Runs scripts over one connection until they are answered or patience ends. Every script bears being run twice, so a
 * lost answer is simply asked for again; only when time is up is the caller told `OUTCOME_UNKNOWN` (it was sent) or
 * `UNAVAILABLE` (it never was).
 */
export class Caller {
  readonly #connection: Connection
  readonly #clock: Clock
  /** One SCRIPT LOAD per script for all who wait for it, however many calls met the empty cache. */
  readonly #loading = new Map<string, Promise<unknown>>()

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
  }

  async run(script: Script, args: readonly string[], patience: Patience): Promise<Answer> {
    const until = this.#clock.now() + patience.timeout
    const command = [...script.head, ...args]
    const key = script.head[3] as string
    let sent = false
    for (let attempt = 0; ; attempt++) {
      const left = until - this.#clock.now()
      const wire = await this.#connection.ready({ ...patience, timeout: left }).catch((error: unknown) => {
        throw sent ? unknown(error) : error
      })
      try {
        return { reply: await this.#connection.send(wire, key, command, left), repeated: sent }
      } catch (error) {
        const trouble = troubleOf(error)
        if (this.#connection.closed) throw sent || trouble.kind === 'unknown' ? unknown(trouble.error) : trouble.error
        if (trouble.kind === 'fatal') throw trouble.error
        const late = this.#clock.now() >= until || patience.signal?.aborted === true
        if (trouble.kind === 'unknown') {
          sent = true
          if (late) throw unknown(trouble.error)
          // A wire that failed under us is replaced; one that lives answers at once, so do not spin on it.
          await this.#pause(attempt, until, patience.signal)
        } else if (trouble.kind === 'load' && attempt < 3) {
          await this.#load(script, wire, left)
        } else {
          if (late) throw sent ? unknown(trouble.error) : trouble.error
          await this.#pause(attempt, until, patience.signal)
        }
      }
    }
  }

  #pause(attempt: number, until: number, signal?: AbortSignal): Promise<void> {
    const wait = Math.min(10 * 2 ** attempt, 500) * (0.75 + Math.random() / 2)
    return pause(this.#clock, Math.min(wait, Math.max(0, until - this.#clock.now())), signal)
  }

  async #load(script: Script, wire: Wire, limit: number): Promise<void> {
    const key = script.head[3] as string
    let loading = this.#loading.get(script.sha)
    if (!loading) {
      loading = this.#connection
        .send(wire, key, ['SCRIPT', 'LOAD', script.text], limit)
        .finally(() => this.#loading.delete(script.sha))
      this.#loading.set(script.sha, loading)
    }
    // Whether it worked shows at the next EVALSHA; what is wrong with the text or the rights shows here.
    await loading.catch((error: unknown) => {
      const trouble = troubleOf(error)
      if (trouble.kind === 'fatal') throw trouble.error
    })
  }
}

function unknown(cause: unknown): ConvoyError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new ConvoyError('OUTCOME_UNKNOWN', `the call was sent, but not answered in time${why}`, { cause })
}
