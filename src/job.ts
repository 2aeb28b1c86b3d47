import { Buffer } from 'node:buffer'
import { ConvoyError } from './errors.js'
import { type Serializer, unpackPayload } from './payload.js'
import { logLines, progressText } from './report.js'
import type { Jammed } from './step.js'
import { type Duration, milliseconds, show } from './time.js'

/** Bytes of UTF-8 an ID may have at most. */
const LONGEST_ID = 1_024

/**
 * The check on IDs: a well-formed, non-empty string of at most 1,024 bytes, or a safe integer, taken as its decimal
 * text (1 and '1' are the same ID). Lone surrogates are refused because two different ones would encode to the same
 * bytes: a false duplicate is a lost job.
 */
export function checkId(id: unknown): string {
  if (typeof id === 'string') {
    // Three bytes are the most a UTF-16 unit can need: short IDs pass without being measured.
    const fits = id.length <= LONGEST_ID / 3 || (id.length <= LONGEST_ID && Buffer.byteLength(id) <= LONGEST_ID)
    if (id.length > 0 && fits && id.isWellFormed()) return id
    if (id.length === 0) throw new ConvoyError('BAD_ID', 'an ID cannot be empty')
    if (!fits)
      throw new ConvoyError(
        'BAD_ID',
        `an ID has at most 1,024 bytes of UTF-8, not ${Buffer.byteLength(id)}: ${show(id)}`,
      )
    throw new ConvoyError('BAD_ID', 'an ID must be well-formed: this one has a lone surrogate')
  }
  if (Number.isSafeInteger(id)) return String(id)
  throw new ConvoyError('BAD_ID', `an ID is a string or a safe integer, not ${show(id)}`)
}

/** What a token tells: `epoch:startedAt:worker:step`. */
export interface TokenParts {
  readonly epoch: number
  readonly startedAt: number
  readonly worker: string
}

export function readToken(token: string): TokenParts {
  const [epoch = '0', startedAt = '0', worker = ''] = token.split(':')
  return { epoch: Number(epoch), startedAt: Number(startedAt), worker }
}

/** One ID a sweep recovered, as listeners get it. */
export interface JammedJob extends TokenParts {
  readonly id: string
  /** Jams since the ID entered; it fails once they exceed `maxJams`. */
  readonly jams: number
  /** False when it had been claimed ahead and never begun: then no jam was counted. */
  readonly started: boolean
  /** Where the ID is now; `absent` when it had been withdrawn. */
  readonly now: Jammed['now']
}

export function jammedJob({ token, ...rest }: Jammed): JammedJob {
  return { ...rest, ...readToken(token) }
}

/** The worker's end of its jobs: one for all, so that a job that asks for nothing costs nothing. */
export interface Desk {
  readonly serializer: Serializer<unknown>
  /** Resolves to whether it was kept; never rejects. */
  report(job: Job, progress: string | undefined, lines: readonly string[]): Promise<boolean>
}

/** What most jobs never have. */
interface Luggage {
  /** As it is stored; once opened, what that says. */
  payload?: unknown
  /** ms, as the handler said. */
  keep?: number
  owed?: true
  controller?: AbortController
  reason?: ConvoyError
}

/** What a handler gets. */
export class Job<Payload = unknown> {
  readonly id: string
  /** 1 for the first try of this ID since it entered the queue. */
  readonly attempt: number
  /** How often a worker died or stalled with this ID since it entered. */
  readonly jams: number
  /** @internal When the step was sent that claimed it or last renewed it, by this process's clock. */
  heldSince: number
  /** @internal Claimed before there was a slot for it. */
  readonly ahead: boolean
  readonly #token: string
  readonly #desk: Desk
  #luggage: Luggage | undefined

  /** @internal */
  constructor(
    id: string,
    token: string,
    tries: string,
    payload: string | undefined,
    ahead: boolean,
    heldSince: number,
    desk: Desk,
  ) {
    this.id = id
    this.ahead = ahead
    this.heldSince = heldSince
    this.#token = token
    this.#desk = desk
    this.#luggage = payload === undefined ? undefined : { payload }
    const colon = tries.indexOf(':')
    this.attempt = colon < 0 ? 1 : Number(tries.slice(0, colon)) + 1
    this.jams = colon < 0 ? 0 : Number(tries.slice(colon + 1))
  }

  /** What was published with the ID; undefined when nothing was. */
  get payload(): Payload {
    return this.#luggage?.payload as Payload
  }

  /** The fencing number: rises with every claim. Hand it to whatever the job writes, and let that refuse smaller ones. */
  get epoch(): number {
    return readToken(this.#token).epoch
  }

  /**
   * Aborted when the job should stop. Its `reason` is a ConvoyError: JOB_TIMEOUT, CLOSED (the queue closes), SUPERSEDED (a
   * newer publish takes its place), ABORTED (the ID was withdrawn, or the claim was lost), or LEASE_LAPSED: nothing was
   * heard of a server for nine tenths of a lease, and in the tenth that is left it may give the ID to another worker. What
   * ends all the same may still count. Made when first read: a handler that does not look pays nothing.
   */
  get signal(): AbortSignal {
    const luggage = Job.#carry(this)
    if (!luggage.controller) {
      luggage.controller = new AbortController()
      if (luggage.reason) luggage.controller.abort(luggage.reason)
    }
    return luggage.controller.signal
  }

  /** Published again since it began, and one more run follows: this one is out of date. Heard at each third of a lease. */
  get owed(): boolean {
    return this.#luggage?.owed === true
  }

  /**
   * Tells how far it has come, for `inspect()` and for whoever listens; forgotten when the run ends. One report at a time
   * is on its way, and of those that come meanwhile the newest goes: say it as often as you like. Resolves to whether it,
   * or a newer one in its place, was kept; it never rejects. Throws BAD_REPORT beyond 4 KiB of JSON.
   */
  progress(done: number, total?: number, data?: unknown): Promise<boolean> {
    return this.#desk.report(this, progressText(done, total, data), [])
  }

  /**
   * Puts a text into the ID's log, line by line. Kept for the queue's `keepLog` after the last one, of all that its runs
   * logged the newest 64 KiB. Resolves as `progress` does. Throws BAD_REPORT beyond 4 KiB.
   */
  log(text: string): Promise<boolean> {
    return this.#desk.report(this, undefined, logLines(text))
  }

  /** How long what this run returns is to be kept, in place of `keepResult`; 0 for not at all. Throws BAD_OPTION. */
  keep(duration: Duration): void {
    Job.#carry(this).keep = milliseconds(duration, 'keep')
  }

  /** @internal Reads the payload. Throws BAD_PAYLOAD. */
  open(): void {
    const luggage = this.#luggage
    if (luggage?.payload === undefined) return
    luggage.payload = unpackPayload(this.#desk.serializer, luggage.payload as string)
  }

  /** @internal ms, if the handler said so. */
  get kept(): number | undefined {
    return this.#luggage?.keep
  }

  /** @internal Published again. */
  outdate(): void {
    Job.#carry(this).owed = true
  }

  /** @internal Abort the signal; only the first reason counts. */
  stop(reason: ConvoyError): void {
    const luggage = Job.#carry(this)
    if (luggage.reason) return
    luggage.reason = reason
    luggage.controller?.abort(reason)
  }

  /** @internal */
  get stopped(): ConvoyError | undefined {
    return this.#luggage?.reason
  }

  /** @internal */
  get token(): string {
    return this.#token
  }

  /** Static: a private method costs each job a mark that it has it. */
  static #carry(job: Job): Luggage {
    job.#luggage ??= {}
    return job.#luggage
  }
}

/** Turns a job into its result. Returning or resolving ends it; throwing or rejecting fails it. */
export type Handler<Payload = unknown, Result = unknown> = (job: Job<Payload>) => Result | PromiseLike<Result>
