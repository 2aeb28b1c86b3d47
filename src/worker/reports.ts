import { Buffer } from 'node:buffer'
import type { ConvoyError } from '../errors.js'
import type { Job } from '../job.js'
import type { Report, Store } from '../store.js'
import type { Claims } from './claims.js'
import type { Condition } from './condition.js'
import { known } from './steps.js'

export interface ReportsOptions {
  readonly store: Store
  readonly claims: Claims
  /** How long one report waits for a server that is away, ms. */
  readonly publishTimeout: number
  /** ms a log is kept after its last line. */
  readonly keepLog: number
  readonly onError: (error: ConvoyError) => void
  /** Nothing is on its way any more. */
  readonly ended: Condition
}

/** Bytes kept of a log, and of what waits to be sent of it. */
const MOST_LOG = 65_536

/** What goes out together. */
interface Fold {
  progress: string | undefined
  readonly lines: string[]
  bytes: number
  readonly kept: Promise<boolean>
  readonly tell: (kept: boolean) => void
}

/** One job's reports, while any is on its way. */
interface Stream {
  next: Fold | undefined
  /** Its run is over: nothing is taken any more, and this is called once all is out. */
  last: (() => void) | undefined
}

const REFUSED = Promise.resolve(false)

/**
 * What running jobs tell of themselves. One report of a job is on its way at most; what comes meanwhile is folded into the
 * next, so that a handler may tell as often as it likes. Nothing is made for a job that does not.
 */
export class Reports {
  readonly #options: ReportsOptions
  readonly #streams = new Map<Job, Stream>()

  constructor(options: ReportsOptions) {
    this.#options = options
  }

  /** Jobs with something on its way. */
  get size(): number {
    return this.#streams.size
  }

  report(job: Job, progress: string | undefined, lines: readonly string[]): Promise<boolean> {
    const stream = this.#streams.get(job)
    if (stream?.last || !this.#options.claims.holds(job)) return REFUSED
    if (!stream) return this.#begin(job, fold(emptyFold(), progress, lines))
    stream.next = fold(stream.next ?? emptyFold(), progress, lines)
    return stream.next.kept
  }

  /** Is anything of it on its way? */
  of(job: Job): boolean {
    return this.#streams.size > 0 && this.#streams.has(job)
  }

  /** Its run is over: takes no more, and calls `then` once all that is out. */
  finish(job: Job, then: () => void): void {
    const stream = this.#streams.get(job)
    if (stream) stream.last = then
  }

  #begin(job: Job, first: Fold): Promise<boolean> {
    const stream: Stream = { next: first, last: undefined }
    this.#streams.set(job, stream)
    // At the end of this tick, with all that it brings.
    process.nextTick(() => void this.#drain(job, stream))
    return first.kept
  }

  async #drain(job: Job, stream: Stream): Promise<void> {
    for (let fold = stream.next; fold; fold = stream.next) {
      stream.next = undefined
      fold.tell(await this.#send(job, fold))
    }
    this.#streams.delete(job)
    stream.last?.()
    if (this.#streams.size === 0) this.#options.ended.look()
  }

  async #send(job: Job, { progress, lines }: Fold): Promise<boolean> {
    const { store, claims, publishTimeout, keepLog, onError } = this.#options
    if (!claims.holds(job)) return false
    const report: Report = {
      id: job.id,
      token: job.token,
      ...(progress === undefined ? {} : { progress }),
      ...(lines.length === 0 ? {} : { log: { lines, most: MOST_LOG, ttl: keepLog } }),
    }
    try {
      return await store.report(report, { timeout: publishTimeout })
    } catch (error) {
      onError(known(error))
      return false
    }
  }
}

function emptyFold(): Fold {
  let tell: (kept: boolean) => void = () => undefined
  const kept = new Promise<boolean>((resolve) => {
    tell = resolve
  })
  return { progress: undefined, lines: [], bytes: 0, kept, tell }
}

/** The newest progress, and the newest lines that fit: the store would not keep more of them. */
function fold(into: Fold, progress: string | undefined, lines: readonly string[]): Fold {
  if (progress !== undefined) into.progress = progress
  for (const line of lines) {
    into.lines.push(line)
    into.bytes += Buffer.byteLength(line) + 1
  }
  let stale = 0
  while (into.bytes - 1 > MOST_LOG) into.bytes -= Buffer.byteLength(into.lines[stale++] as string) + 1
  if (stale > 0) into.lines.splice(0, stale)
  return into
}
