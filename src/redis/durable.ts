import { ConvoyError } from '../errors.js'
import type { DurabilityNeed, Patience } from '../store.js'
import type { Clock } from '../time.js'
import type { Answer, Arguments, Caller, PlainArguments } from './call.js'
import { byReplicas, bySync, type Confirmation, ConfirmedCaller } from './confirmed.js'
import { Connection, type ConnectionOptions } from './connection.js'
import type { Script } from './scripts.js'

interface DurableOptions extends ConnectionOptions {
  readonly need: Exclude<DurabilityNeed, 'memory'>
  /** Runs over the connection that all else goes over. */
  readonly plain: Caller
  readonly clock: Clock
}

/**
 * Runs scripts whose answer must be worth more than that the server has it. A server that syncs its log before it answers
 * proves that by the answer, and the call is like all others; everything else is confirmed, over a connection for that.
 */
export class DurableCaller {
  readonly #plain: Caller
  readonly #confirmed: ConfirmedCaller
  readonly #connection: Connection
  /** An answer alone proves nothing. */
  #lags: boolean

  constructor({ need, plain, ...options }: DurableOptions) {
    const by: Confirmation = need === 'disk' ? bySync : byReplicas(need)
    this.#plain = plain
    this.#connection = new Connection({ ...options, replyTimeout: options.replyTimeout + by.timeout })
    this.#confirmed = new ConfirmedCaller(this.#connection, options.clock, by)
    this.#lags = need !== 'disk'
  }

  /** There is a wire to a server that answers before it has synced: told before the wire is used, and kept in mind. */
  lag(): void {
    this.#lags = true
  }

  async run(script: Script, args: Arguments, patience: Patience, plain?: PlainArguments): Promise<Answer> {
    if (this.#lags) return this.#confirmed.run(script, args, patience, plain)
    const answer = await this.#plain.run(script, args, patience, plain)
    if (!this.#lags) return answer
    // Its connection was lost, and it went out again over the next, which proves nothing.
    throw new ConvoyError(
      'OUTCOME_UNKNOWN',
      'the server has it, but came back with appendfsync everysec meanwhile: a power cut may lose it',
    )
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}
