import { ConvoyError } from '../errors.js'
import type { Patience } from '../store.js'
import { type Clock, chance, pause } from '../time.js'
import { type Connection, Silence } from './connection.js'
import type { Script } from './scripts.js'
import { mayBeElsewhere, type Trouble, troubleOf } from './trouble.js'
import type { Wire } from './wire.js'

export interface Answer {
  readonly reply: unknown
  /** An earlier sending may have run too; its answer was lost. */
  readonly repeated: boolean
}

/** With all keys; where a plain lane's will do, they are made only when it turns out that they do not. */
export type Arguments = readonly string[] | (() => readonly string[])

/** The arguments of a call that a plain lane's keys do for; nothing, where it asks for more. */
export type PlainArguments = () => readonly string[] | undefined

const full = ({ head }: Script, args: Arguments): readonly string[] =>
  head.concat(args instanceof Function ? args() : args)

interface Call {
  readonly script: Script
  readonly args: Arguments
  readonly patience: Patience
  readonly until: number
}

/** ms. */
const LONGEST_LOAD = 1_000
/** How long a queue is taken to be more than a plain lane, once a script has said so. */
const RICH = 30_000
const LEAST_WAIT = 50

/** How one sending goes out; `limit` is for how long its answer is waited for, ms. */
export type Sending = (wire: Wire, key: string, command: readonly string[], limit: number) => Promise<unknown>

/**
 * Runs scripts over one connection until they are answered or patience ends. Every script bears being run twice, so a
 * lost answer is simply asked for again; only when time is up is the caller told `OUTCOME_UNKNOWN` (it was sent) or
 * `UNAVAILABLE` (it never was).
 */
export class Caller {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #send: Sending
  /** One SCRIPT LOAD per script for all who wait for it, however many calls met the empty cache. */
  readonly #loading = new Map<string, Promise<unknown>>()

  #richUntil = Number.NEGATIVE_INFINITY

  constructor(connection: Connection, clock: Clock, send?: Sending) {
    this.#connection = connection
    this.#clock = clock
    this.#send = send ?? ((wire, key, command, limit) => connection.send(wire, key, command, limit))
  }

  /** How `script` is called: plainly, if the queue is a plain lane as far as we know. */
  command(script: Script, args: Arguments, plain?: PlainArguments): readonly string[] {
    const few = plain && this.#clock.now() >= this.#richUntil ? plain() : undefined
    return few ? script.plain.concat(few) : full(script, args)
  }

  async run(script: Script, args: Arguments, patience: Patience, plain?: PlainArguments): Promise<Answer> {
    const until = this.#clock.now() + patience.timeout
    const command = this.command(script, args, plain)
    const wire = (patience.timeout > 0 && this.#connection.wire) || (await this.#connection.ready(patience))
    // Apart from what follows a failure: the less there is of what each script goes through, the sooner it is fast.
    try {
      // A wire that had to be made has cost time.
      const rest = until - this.#clock.now()
      return { reply: await this.#send(wire, script.head[3] as string, command, rest), repeated: false }
    } catch (error) {
      return this.#insist({ script, args, patience, until }, command, wire, error)
    }
  }

  /** Again and again, after a first sending failed. */
  async #insist(call: Call, first: readonly string[], over: Wire, failure: unknown): Promise<Answer> {
    const { script, args, patience, until } = call
    let [command, wire, error, sent] = [first, over, failure, false]
    /** Since when every answer was a refusal that another server might not give. */
    let refusedSince: number | undefined
    for (let attempt = 0; ; attempt++) {
      let trouble: Trouble | undefined = troubleOf(error)
      let last: ConvoyError | undefined = trouble.error
      sent ||= trouble.kind === 'unknown'
      if (trouble.kind === 'more') {
        this.#richUntil = this.#clock.now() + RICH
        command = full(script, args)
        trouble = undefined
      } else if (trouble.kind === 'load') trouble = await this.#load(script, wire, until - this.#clock.now())
      if (trouble?.kind === 'fatal' || this.#connection.closed) throw sent ? unknown(last) : (trouble?.error ?? last)
      if (!trouble) last = undefined
      // An emptied script cache is filled at once. All else waits: a wire that failed under us is replaced, one that
      // lives answers at once, so do not spin on it.
      if (trouble || attempt >= 3) {
        refusedSince = trouble && mayBeElsewhere(trouble) ? (refusedSince ?? this.#clock.now()) : undefined
        const lasts = refusedSince !== undefined && this.#clock.now() - refusedSince >= this.#connection.replyTimeout
        if (trouble && (lasts || trouble.kind === 'elsewhere')) this.#connection.doubt(wire, trouble.error)
        await this.#pause(attempt, until, patience.signal)
      }
      const left = until - this.#clock.now()
      // A refusal is a clear answer: one more sending that cannot wait for its own would turn it into an unknown outcome.
      if (last && (left < (sent ? 1 : LEAST_WAIT) || patience.signal?.aborted)) throw sent ? unknown(last) : last
      try {
        wire = await this.#connection.ready({ ...patience, timeout: left })
      } catch (none) {
        throw sent ? unknown(none) : none
      }
      try {
        const rest = until - this.#clock.now()
        return { reply: await this.#send(wire, script.head[3] as string, command, rest), repeated: sent }
      } catch (again) {
        error = again
      }
    }
  }

  #pause(attempt: number, until: number, signal?: AbortSignal): Promise<void> {
    const wait = Math.min(10 * 2 ** attempt, 500) * (0.75 + chance(this.#clock) / 2)
    return pause(this.#clock, Math.min(wait, Math.max(0, until - this.#clock.now())), signal)
  }

  /** What was wrong, if anything. */
  async #load(script: Script, wire: Wire, left: number): Promise<Trouble | undefined> {
    const key = script.head[3] as string
    let loading = this.#loading.get(script.sha)
    if (!loading) {
      // A cluster's client asks every node, and one that is away would keep ours waiting: not for long, then.
      const limit = Math.min(left, LONGEST_LOAD)
      loading = this.#connection
        .send(wire, key, ['SCRIPT', 'LOAD', script.text], limit)
        .finally(() => this.#loading.delete(script.sha))
      this.#loading.set(script.sha, loading)
    }
    const loaded = loading.then(() => undefined, troubleOf)
    if (!Number.isFinite(left)) return loaded
    // Whoever shares it waits for no longer than his own patience.
    const over = new AbortController()
    const late = pause(this.#clock, left, over.signal).then(() => troubleOf(new Silence(left)))
    return Promise.race([loaded, late]).finally(() => over.abort())
  }
}

/** For `ConnectionOptions.vouch`: a writing script that does no harm. Whatever refuses our writes refuses it. */
export async function vouch({ head, text }: Script, wire: Wire): Promise<void> {
  const key = head[3] as string
  try {
    await wire.send(key, head)
  } catch (error) {
    const { kind } = troubleOf(error)
    // Who may not call it is answered by a server that would let others.
    if (kind === 'fatal') return
    if (kind !== 'load') throw error
    await wire.send(key, ['SCRIPT', 'LOAD', text])
    await vouch({ head, text } as Script, wire)
  }
}

function unknown(cause: unknown): ConvoyError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new ConvoyError('OUTCOME_UNKNOWN', `the call was sent, but not answered in time${why}`, { cause })
}
