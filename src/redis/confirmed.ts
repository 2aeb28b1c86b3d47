import { Buffer } from 'node:buffer'
import { ConvoyError } from '../errors.js'
import type { Patience } from '../store.js'
import { type Clock, pause } from '../time.js'
import { type Answer, type Arguments, Caller, type PlainArguments } from './call.js'
import { type Connection, Silence } from './connection.js'
import type { Script } from './scripts.js'
import type { Wire } from './wire.js'

/** What else must be so before the answer of a script that writes counts. */
export interface Confirmation {
  /** For how long it is waited for at most, ms. */
  readonly timeout: number
  /** Waits for so long. */
  command(ms: number): readonly string[]
  /** Why what it answered is not enough, if it is not. */
  lack(reply: unknown, ms: number): string | undefined
}

/** So many replicas have it in memory. */
export function byReplicas({
  replicas,
  timeout,
}: {
  readonly replicas: number
  readonly timeout: number
}): Confirmation {
  return {
    timeout,
    command: (ms) => ['WAIT', String(replicas), String(ms)],
    lack(count, ms) {
      if (Number(count) >= replicas) return undefined
      return `the master has it, but ${count} of ${replicas} replicas confirmed it within ${ms} ms: a failover may lose it`
    },
  }
}

/** ms. A cluster's client asks every node, and one that is away would keep us waiting. */
const LONGEST_LOAD = 1_000

/** A server that syncs each second answers within two, unless its disk cannot keep up. */
const SYNC = 5_000

/** The server has synced its append-only file since. */
export const bySync: Confirmation = {
  timeout: SYNC,
  command: (ms) => ['WAITAOF', '1', '0', String(ms)],
  lack(reply, ms) {
    if (Number((reply as readonly unknown[])[0]) >= 1) return undefined
    return `the server has it, but did not sync its append-only file within ${ms} ms: a power cut may lose it`
  },
}

/**
 * Runs scripts that write, and believes an answer only once it is confirmed. What waits for that holds up whatever is
 * behind it, and tells of what its own connection wrote last: so this has a connection for itself, and the command goes
 * right behind each script. It answers numbers, never an error; they are what counts.
 *
 * Behind a script that is not there it would wait for what others have written, and keep the script from being loaded: so
 * each is loaded over each wire before it is first called.
 */
export class ConfirmedCaller {
  readonly #caller: Caller
  readonly #by: Confirmation
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #texts = new Map<string, string>()
  readonly #loads = new WeakMap<Wire, Map<string, Promise<unknown>>>()

  constructor(connection: Connection, clock: Clock, by: Confirmation) {
    this.#by = by
    this.#connection = connection
    this.#clock = clock
    this.#caller = new Caller(connection, clock, async (wire, key, command, limit) => {
      const until = clock.now() + limit
      await this.#load(wire, key, command[1] as string, limit)
      const left = until - clock.now()
      if (left <= 0 || connection.closed) throw new Error('nothing was sent: its script was not loaded in time')
      const ms = Math.max(1, Math.round(Math.min(by.timeout, left)))
      return [...(await connection.watch(wire, wire.pair(key, command, by.command(ms)), left + ms)), ms]
    })
  }

  async run(script: Script, args: Arguments, patience: Patience, plain?: PlainArguments): Promise<Answer> {
    this.#texts.set(script.sha, script.text)
    const { reply, repeated } = await this.#caller.run(script, args, patience, plain)
    const [answer, confirmation, ms] = reply as readonly [unknown, unknown, number]
    const lack = this.#by.lack(confirmation, ms)
    if (lack !== undefined) throw new ConvoyError('OUTCOME_UNKNOWN', lack)
    return { reply: unmapped(answer), repeated }
  }

  /** Once for all who wait for it, for as long as each may. What came of it, the script's call will tell. */
  #load(wire: Wire, key: string, sha: string, limit: number): Promise<unknown> {
    const loads = this.#loads.get(wire) ?? new Map<string, Promise<unknown>>()
    this.#loads.set(wire, loads)
    let load = loads.get(sha)
    if (!load) {
      // A cluster's client would ask every node, also one that is away: behind a key it asks that key's.
      const asked = wire.pair(key, ['EXISTS', key], ['SCRIPT', 'LOAD', this.#texts.get(sha) as string])
      load = this.#connection.watch(wire, asked, Math.min(limit, LONGEST_LOAD)).catch((error: unknown) => {
        if (!(error instanceof Silence)) loads.delete(sha)
      })
      loads.set(sha, load)
    }
    const over = new AbortController()
    return Promise.race([load, pause(this.#clock, limit, over.signal)]).finally(() => over.abort())
  }
}

/** The nodes of a cluster may map texts to other types, and a pipeline takes no word against it, as single commands do. */
const unmapped = (answer: unknown): unknown =>
  Buffer.isBuffer(answer) ? String(answer) : Array.isArray(answer) ? answer.map(unmapped) : answer
