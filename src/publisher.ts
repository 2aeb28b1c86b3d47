import { Buffer } from 'node:buffer'
import { ConvoyError } from './errors.js'
import { checkId } from './job.js'
import type { DedupePolicy } from './policy.js'
import { publishStream } from './publish-stream.js'
import type { Patience, PublishReply, Store } from './store.js'
import type { Clock } from './time.js'
import { type Verdict, type VerdictCounts, verdictOn } from './verdict.js'

/** A batch ends at this many IDs, or at this many bytes: what one script may take without holding the server up. */
const MOST_IDS = 1_000
const MOST_BYTES = 1_048_576
/** Scripts of one publisher on their way at once: the next batch gathers meanwhile. */
const IN_FLIGHT = 2

const DEFAULT_POLICY: DedupePolicy = { processing: 'discard' }

interface Batch {
  readonly since: number
  readonly ids: string[]
  readonly settle: ((verdict: Verdict) => void)[]
  readonly refuse: ((error: unknown) => void)[]
  bytes: number
}

interface PublisherOptions {
  readonly store: Store
  readonly clock: Clock
  /** ms. */
  readonly publishTimeout: number
  /** Checks the server before the first write. */
  readonly opened: (patience: Patience) => Promise<void>
}

/**
 * Gathers the publishes of one tick, and those that come while two scripts are on their way, into one script each:
 * what makes a hundred publishers in one process cost little more than one.
 */
export class Publisher {
  readonly #options: PublisherOptions
  readonly #batches: Batch[] = []
  /** Scripts of gathered batches on their way. */
  #flying = 0
  /** Calls for many under way. */
  #calls = 0
  #scheduled = false
  readonly #closing = new AbortController()
  readonly #idle = new Set<() => void>()

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  publish(id: unknown): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.#closing.signal.aborted) throw new ConvoyError('CLOSED')
      const checked = checkId(id)
      const batch = this.#open(checked.length)
      batch.ids.push(checked)
      batch.settle.push(resolve)
      batch.refuse.push(reject)
      if (!this.#scheduled) {
        this.#scheduled = true
        process.nextTick(this.#flush)
      }
    })
  }

  /** A verdict each, in order. Every ID is checked before any is sent. */
  async publishMany(ids: Iterable<unknown>): Promise<Verdict[]> {
    if (this.#closing.signal.aborted) throw new ConvoyError('CLOSED')
    const checked = Array.from(ids, checkId)
    return this.#track(this.#sendAll(checked))
  }

  /** Two chunks at a time. When one fails the others still land, and the error says whether anything was stored. */
  async #sendAll(ids: readonly string[]): Promise<Verdict[]> {
    const verdicts: Verdict[] = []
    const chunks = chunksOf(ids)
    let trouble: { readonly error: unknown } | undefined
    let answered = 0
    const lane = async (): Promise<void> => {
      for (let next = chunks.next(); !next.done && !trouble; next = chunks.next()) {
        const { ids: some, first } = next.value
        try {
          const reply = await this.#send(some, this.#options.clock.now())
          for (let i = 0; i < some.length; i++) verdicts[first + i] = verdictOn(some[i] as string, reply, i)
          answered += some.length
        } catch (error) {
          // The one that tells of an unknown outcome says more than the one that tells of none.
          if (!trouble || (error instanceof ConvoyError && error.code === 'OUTCOME_UNKNOWN')) trouble = { error }
        }
      }
    }
    await Promise.all([lane(), lane()])
    if (!trouble) return verdicts
    const cause = trouble.error
    if (answered === 0) throw cause
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    throw new ConvoyError(
      'OUTCOME_UNKNOWN',
      `${answered} of ${ids.length} IDs were published before this went wrong${why}`,
      { cause },
    )
  }

  /** As they come, in constant memory: see `publishStream`. */
  async publishStream(
    ids: AsyncIterable<unknown>,
    onVerdicts?: (verdicts: readonly Verdict[]) => unknown,
  ): Promise<VerdictCounts> {
    if (this.#closing.signal.aborted) throw new ConvoyError('CLOSED')
    const send = (some: readonly string[]): Promise<PublishReply> => this.#send(some, this.#options.clock.now())
    return this.#track(publishStream({ ids, send, onVerdicts, closing: this.#closing.signal }))
  }

  /** Lets what was taken go out, then takes no more. */
  async close(): Promise<void> {
    this.#closing.abort()
    if (this.#busy) await new Promise<void>((resolve) => this.#idle.add(resolve))
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#calls++
    try {
      return await work
    } finally {
      this.#calls--
      this.#settled()
    }
  }

  /** The batch that is gathering. */
  #open(size: number): Batch {
    const last = this.#batches.at(-1)
    // 3 bytes a UTF-16 unit is the most; a batch that ends early costs a script, one that ends late a refusal.
    // Nor may one who comes late be given the little patience that an old batch has left.
    const now = this.#options.clock.now()
    const young = last !== undefined && now - last.since <= this.#options.publishTimeout / 10
    if (last && young && last.ids.length < MOST_IDS && last.bytes + 3 * size <= MOST_BYTES) {
      last.bytes += 3 * size
      return last
    }
    const batch: Batch = { since: now, ids: [], settle: [], refuse: [], bytes: 3 * size }
    this.#batches.push(batch)
    return batch
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    while (this.#flying < IN_FLIGHT) {
      const batch = this.#batches.shift()
      if (!batch) return
      this.#flying++
      this.#send(batch.ids, batch.since).then(
        (reply) => {
          for (let i = 0; i < batch.ids.length; i++) batch.settle[i]?.(verdictOn(batch.ids[i] as string, reply, i))
          this.#landed()
        },
        (error: unknown) => {
          for (const refuse of batch.refuse) refuse(error)
          this.#landed()
        },
      )
    }
  }

  #landed(): void {
    this.#flying--
    this.#flush()
    this.#settled()
  }

  get #busy(): boolean {
    return this.#flying + this.#calls + this.#batches.length > 0
  }

  #settled(): void {
    if (this.#busy) return
    for (const resolve of this.#idle) resolve()
    this.#idle.clear()
  }

  /** One script. Its patience runs from when its first ID was taken, so that nobody waits longer than promised. */
  async #send(ids: readonly string[], since: number): Promise<PublishReply> {
    const { store, clock, publishTimeout, opened } = this.#options
    const patience = (): Patience => ({ timeout: Math.max(0, publishTimeout - (clock.now() - since)) })
    await opened(patience())
    return store.publish({ ids, policy: DEFAULT_POLICY }, patience())
  }
}

/** Batches of at most 1,000 IDs or 1 MiB. */
export function* chunksOf(
  ids: readonly string[],
): Generator<{ readonly ids: readonly string[]; readonly first: number }> {
  let first = 0
  let bytes = 0
  for (let i = 0; i < ids.length; i++) {
    const size = Buffer.byteLength(ids[i] as string)
    if (i - first === MOST_IDS || bytes + size > MOST_BYTES) {
      yield { ids: ids.slice(first, i), first }
      first = i
      bytes = 0
    }
    bytes += size
  }
  if (first < ids.length) yield { ids: ids.slice(first), first }
}
