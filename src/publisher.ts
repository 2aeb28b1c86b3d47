import { setMaxListeners } from 'node:events'
import { Batch, mostBytes } from './batch.js'
import { ConvoyError } from './errors.js'
import { Flights } from './flights.js'
import { checkId } from './job.js'
import { afterSome, gravest, type Trouble } from './partial.js'
import { type Part, Parts, type Sent } from './parts.js'
import type { DedupePolicy } from './policy.js'
import type { PublishTerms, Wish } from './publish-options.js'
import { publishStream } from './publish-stream.js'
import { Room } from './room.js'
import type { Patience, PublishReply, Store } from './store.js'
import type { Clock } from './time.js'
import type { Verdict, VerdictCounts } from './verdict.js'

/** Scripts of one publisher on their way at once: the next batch gathers meanwhile. */
const IN_FLIGHT = 2

/** A batch that gathers, and who waits for it. */
class Gathering extends Batch {
  readonly since: number
  readonly settle: ((verdict: Verdict) => void)[] = []
  readonly refuse: ((error: unknown) => void)[] = []

  constructor(policy: DedupePolicy, since: number) {
    super(policy)
    this.since = since
  }
}

interface PublisherOptions {
  readonly store: Store
  readonly clock: Clock
  /** ms. */
  readonly publishTimeout: number
  readonly terms: PublishTerms
  readonly verdictOn: (id: string, reply: PublishReply, i: number) => Verdict
  /** Checks the server before the first write. */
  readonly opened: (patience: Patience) => Promise<void> | undefined
}

/**
 * Gathers the publishes of one tick, and those that come while two scripts are on their way, into one script each:
 * what makes a hundred publishers in one process cost little more than one.
 *
 * A publish never overtakes an earlier one of the same ID: batches go out in the order in which they were begun, one
 * whose policy is another ends the one before, and of two that share an ID the second waits for the first,
 * but for plain ones, whose order is all one.
 */
export class Publisher {
  readonly #options: PublisherOptions
  readonly #batches: Gathering[] = []
  readonly #room: Room
  readonly #flights: Flights
  /** Scripts of gathered batches on their way. */
  #flying = 0
  /** Calls for many, or for room, under way. */
  #calls = 0
  #scheduled = false
  readonly #closing = new AbortController()
  readonly #idle = new Set<() => void>()

  constructor(options: PublisherOptions) {
    this.#options = options
    const { clock, verdictOn } = options
    this.#flights = new Flights(clock)
    // Any number of streams may be under way.
    setMaxListeners(0, this.#closing.signal)
    const send = (batch: Batch): Promise<PublishReply> => this.#send(batch, clock.now())
    this.#room = new Room({ clock, verdictOn, send, closing: this.#closing.signal })
  }

  publish(id: unknown, options?: unknown): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.#closing.signal.aborted) throw new ConvoyError('CLOSED')
      const checked = checkId(id)
      const { terms } = this.#options
      const wish = options === undefined ? terms.plain : terms.read('publish', options)
      if (wish.room > 0) return resolve(this.#track(this.#room.wait(checked, wish)))
      const bytes = mostBytes(checked, wish)
      const batch = this.#open(wish.policy, bytes)
      batch.add(checked, wish.traits, bytes)
      batch.settle.push(resolve)
      batch.refuse.push(reject)
      if (!this.#scheduled) {
        this.#scheduled = true
        process.nextTick(this.#flush)
      }
    })
  }

  /** A verdict each, in order. Everything is checked before anything is sent. */
  async publishMany(items: Iterable<unknown>): Promise<Verdict[]> {
    if (this.#closing.signal.aborted) throw new ConvoyError('CLOSED')
    const parts = new Parts(this.#options.terms)
    for (const item of items) parts.add(item)
    return this.#track(this.#sendAll(parts))
  }

  /** Two parts at a time. When one fails the others still land, and the error says whether anything was stored. */
  async #sendAll({ list, count }: Parts): Promise<Verdict[]> {
    const verdicts: Verdict[] = []
    const rest = list.values()
    const troubles: Trouble[] = []
    let answered = 0
    const lane = async (): Promise<void> => {
      for (let next = rest.next(); !next.done && troubles.length === 0; next = rest.next()) {
        const part = next.value
        const sent = await this.#sendPart(part)
        for (const [i, verdict] of sent.verdicts.entries()) {
          if (verdict === undefined) continue
          verdicts[part.first + i] = verdict
          answered++
        }
        if (sent.trouble) troubles.push(sent.trouble)
      }
    }
    await Promise.all([lane(), lane()])
    const trouble = gravest(troubles)
    if (trouble) throw afterSome(trouble, answered, `of ${count} IDs were published`)
    return verdicts
  }

  /** As they come, in constant memory: see `publishStream`. */
  async publishStream(
    items: AsyncIterable<unknown>,
    onVerdicts?: (verdicts: readonly Verdict[]) => unknown,
  ): Promise<VerdictCounts> {
    if (this.#closing.signal.aborted) throw new ConvoyError('CLOSED')
    const parts = new Parts(this.#options.terms)
    const send = (part: Part): Promise<Sent> => this.#sendPart(part)
    return this.#track(publishStream({ items, parts, send, onVerdicts, closing: this.#closing.signal }))
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
  #open(policy: DedupePolicy, bytes: number): Gathering {
    const last = this.#batches.at(-1)
    // A batch that ends early costs a script, one that ends late a refusal, so bytes are not measured but bounded.
    // Nor may one who comes late be given the little patience that an old batch has left.
    const now = this.#options.clock.now()
    const young = last !== undefined && now - last.since <= this.#options.publishTimeout / 10
    if (last && young && last.takes(policy, bytes)) return last
    const batch = new Gathering(policy, now)
    this.#batches.push(batch)
    return batch
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    while (this.#flying < IN_FLIGHT) {
      const batch = this.#batches.shift()
      if (!batch) return
      this.#flying++
      void this.#send(batch, batch.since)
        .then((reply) => {
          const { verdictOn } = this.#options
          for (let i = 0; i < batch.ids.length; i++) batch.settle[i]?.(verdictOn(batch.ids[i] as string, reply, i))
        })
        // Also of an answer that nobody can read: whoever waits is told, and close() does not wait for ever.
        .catch((error: unknown) => {
          for (const refuse of batch.refuse) refuse(error)
        })
        .then(() => this.#landed())
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

  async #sendPart({ batch, wishes }: Part): Promise<Sent> {
    if (wishes) {
      const ends = await Promise.allSettled(batch.ids.map((id, i) => this.#room.wait(id, wishes[i] as Wish)))
      const troubles = ends.flatMap((end) => (end.status === 'rejected' ? [{ error: end.reason }] : []))
      const verdicts = ends.map((end) => (end.status === 'fulfilled' ? end.value : undefined))
      return { verdicts, trouble: gravest(troubles) }
    }
    try {
      const reply = await this.#send(batch, this.#options.clock.now())
      return { verdicts: batch.ids.map((id, i) => this.#options.verdictOn(id, reply, i)) }
    } catch (error) {
      return { verdicts: [], trouble: { error } }
    }
  }

  /** One script. Its patience runs from when its first ID was taken, so that nobody waits longer than promised. */
  #send({ request }: Batch, since: number): Promise<PublishReply> {
    const { store, clock, publishTimeout, opened } = this.#options
    const patience = (): Patience => ({ timeout: Math.max(0, publishTimeout - (clock.now() - since)) })
    return this.#flights.send(request, patience().timeout, async () => {
      // Not even a turn of the microtasks, once it is.
      const opening = opened(patience())
      if (opening !== undefined) await opening
      return store.publish(request, patience())
    })
  }
}
