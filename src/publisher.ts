import { Buffer } from 'node:buffer'
import { ConvoyError } from './errors.js'
import { checkId } from './job.js'
import type { DedupePolicy, Patience, PublishReply, Store } from './store.js'
import type { Clock } from './time.js'
import { type Outcome, type Verdict, type VerdictCounts, verdictOn } from './verdict.js'

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
  #flying = 0
  #scheduled = false
  #closed = false
  readonly #idle = new Set<() => void>()

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  publish(id: unknown): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new ConvoyError('CLOSED')
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
    if (this.#closed) throw new ConvoyError('CLOSED')
    const checked = Array.from(ids, checkId)
    const verdicts: Verdict[] = []
    const chunks = chunksOf(checked)
    const lane = async (): Promise<void> => {
      for (const { ids: some, first } of chunks) {
        const reply = await this.#send(some, this.#options.clock.now())
        for (let i = 0; i < some.length; i++) verdicts[first + i] = verdictOn(some[i] as string, reply, i)
      }
    }
    await this.#track(Promise.all([lane(), lane()]))
    return verdicts
  }

  /**
   * As they come, in constant memory: at most two batches are on their way while a third gathers; then the source is
   * not asked for more. A source that pauses does not hold back what it gave.
   */
  async publishStream(
    ids: AsyncIterable<unknown>,
    onVerdicts?: (verdicts: readonly Verdict[]) => void,
  ): Promise<VerdictCounts> {
    if (this.#closed) throw new ConvoyError('CLOSED')
    const counts: Record<Outcome, number> = { queued: 0, delayed: 0, updated: 0, rerun: 0, duplicate: 0, full: 0 }
    const flying = new Set<Promise<void>>()
    let trouble: { error: unknown } | undefined
    let batch: string[] = []
    const flush = (): void => {
      if (batch.length === 0) return
      const some = batch
      batch = []
      const flight = this.#send(some, this.#options.clock.now())
        .then((reply) => {
          const verdicts = some.map((id, i) => verdictOn(id, reply, i))
          for (const { outcome } of verdicts) counts[outcome]++
          onVerdicts?.(verdicts)
        })
        .catch((error: unknown) => {
          trouble ??= { error }
        })
        .finally(() => {
          flying.delete(flight)
          if (!trouble) flush()
        })
      flying.add(flight)
    }
    const run = async (): Promise<void> => {
      try {
        for await (const id of ids) {
          batch.push(checkId(id))
          // The first of a batch sets its flush for the end of this turn of the loop, if a flight is free.
          if (batch.length === 1) setImmediate(() => flying.size < IN_FLIGHT && flush())
          if (batch.length >= MOST_IDS) {
            if (flying.size >= IN_FLIGHT) await Promise.race(flying)
            flush()
          }
          if (trouble) break
        }
      } finally {
        flush()
        await Promise.all(flying)
      }
    }
    await this.#track(run())
    if (trouble) throw trouble.error
    return counts
  }

  /** Lets what was taken go out, then takes no more. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#flying > 0 || this.#batches.length > 0) await new Promise<void>((resolve) => this.#idle.add(resolve))
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#flying++
    try {
      return await work
    } finally {
      this.#landed()
    }
  }

  /** The batch that is gathering. */
  #open(size: number): Batch {
    const last = this.#batches.at(-1)
    // 3 bytes a UTF-16 unit is the most; a batch that ends early costs a script, one that ends late a refusal.
    if (last && last.ids.length < MOST_IDS && last.bytes + 3 * size <= MOST_BYTES) {
      last.bytes += 3 * size
      return last
    }
    const batch: Batch = { since: this.#options.clock.now(), ids: [], settle: [], refuse: [], bytes: 3 * size }
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
    if (this.#flying > 0 || this.#batches.length > 0) return
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
