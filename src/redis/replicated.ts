import { Buffer } from 'node:buffer'
import { ConvoyError } from '../errors.js'
import type { Patience } from '../store.js'
import type { Clock } from '../time.js'
import { type Answer, Caller } from './call.js'
import type { Connection } from './connection.js'
import type { Script } from './scripts.js'

/** How many replicas must have what a script wrote before its answer counts, and for how long they are waited for, ms. */
export interface Replicas {
  readonly replicas: number
  readonly timeout: number
}

/**
 * Runs scripts that write, and believes an answer only when so many replicas have the write. WAIT holds up whatever is
 * behind it, and tells of what its own connection wrote last: so this has a connection for itself, and a WAIT goes right
 * behind each script. It answers a number and never an error; the number is what counts.
 */
export class ReplicatedCaller {
  readonly #caller: Caller
  readonly #want: Replicas

  constructor(connection: Connection, clock: Clock, want: Replicas) {
    this.#want = want
    this.#caller = new Caller(connection, clock, (wire, key, command, limit) => {
      const timeout = Math.max(1, Math.round(Math.min(want.timeout, limit)))
      const wait = ['WAIT', String(want.replicas), String(timeout)]
      return connection.watch(wire, wire.pair(key, command, wait), limit + timeout)
    })
  }

  async run(script: Script, args: readonly string[], patience: Patience, plainly = false): Promise<Answer> {
    const { reply, repeated } = await this.#caller.run(script, args, patience, plainly)
    const [answer, count] = reply as readonly unknown[]
    const { replicas, timeout } = this.#want
    if (Number(count) >= replicas) return { reply: Buffer.isBuffer(answer) ? String(answer) : answer, repeated }
    const why = `the master has it, but ${count} of ${replicas} replicas confirmed it within ${timeout} ms`
    throw new ConvoyError('OUTCOME_UNKNOWN', `${why}: a failover may lose it`)
  }
}
