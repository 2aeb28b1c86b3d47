import { Calls, randomName } from './calls.js'
import { oneOf } from './check.js'
import { ConvoyError } from './errors.js'
import { Events, type QueueEvents } from './events.js'
import type { Handler, JammedJob } from './job.js'
import type { JobInfo } from './job-info.js'
import { type Background, background } from './life.js'
import { type KeptResult, Looking } from './looking.js'
import { Opening } from './opening.js'
import { type Met, Operator } from './operator.js'
import {
  type CloseOptions,
  check,
  type JamGuardOptions,
  type ProcessOptions,
  type ProcessSettings,
  type SweepOptions,
  type WaitOptions,
} from './options.js'
import { unpackResult } from './payload.js'
import type { PublishArgs, PublishItem } from './publish-options.js'
import { Publisher } from './publisher.js'
import type { Inside, QueueSettings } from './queue-settings.js'
import { ownRunSettings } from './run-options.js'
import { consoleLogger, type Logger, logStats, type Stats } from './stats.js'
import { LISTED, type ListedState, type ListRequest, type Page, type Patience, type Store } from './store.js'
import { Sweeper } from './sweeper.js'
import { type Duration, pause, show, unlessAborted } from './time.js'
import { type Verdict, type VerdictCounts, verdictOn } from './verdict.js'
import { Worker } from './worker/worker.js'

/** A queue, whatever its jobs carry. */
// biome-ignore lint/suspicious/noExplicitAny: what an optional entry does is the same for all payloads and results
export type AnyQueue = Queue<any, any>

/** For optional entries alone: they see the queue, and it sees none of them. */
export let insideOf: (queue: AnyQueue) => Inside

/** One ID, or any number of them. */
type Ids = string | number | Iterable<string | number>

/** One queue, as one process sees it. Making it does no I/O; the first call connects. See `createQueue`. */
export class Queue<Payload = void, Result = unknown> {
  static {
    insideOf = (queue) => ({
      settings: queue.#settings,
      store: queue.#store,
      call: (role, verb) => queue.#calls.call(role, verb),
      run: (loop) => {
        queue.#refuseClosed()
        return queue.#run(loop)
      },
      wrong: (error) => queue.#events.emit('error', error),
    })
  }

  readonly name: string
  readonly #settings: QueueSettings
  readonly #store: Store
  readonly #events = new Events()
  readonly #publisher: Publisher
  readonly #calls: Calls
  readonly #looking: Looking
  readonly #operator: Operator
  readonly #sweeper: Sweeper
  readonly #workers = new Set<Worker>()
  readonly #background = new Set<Background>()
  readonly #opening: Opening
  #closing: Promise<void> | undefined

  /** @internal Use `createQueue`. */
  constructor(settings: QueueSettings) {
    const { name, prefix, durability, openStore, clock, publishTimeout, terms, resultSerializer } = settings
    this.name = name
    this.#settings = settings
    this.#store = openStore({
      name,
      prefix,
      durability,
      tell: (news) => {
        if (news.kind === 'suspended') return this.#events.emit('suspended', news.cause)
        for (const worker of this.#workers) worker.refresh()
        this.#events.emit('resumed')
      },
    })
    const store = this.#store
    this.#opening = new Opening(store, settings, () => this.#events.emit('optionsDiffer'))
    const opened = (patience: Patience): Promise<void> | undefined => this.#opening.open('publisher', patience)
    const result = (text: string): unknown => unpackResult(resultSerializer, text)
    this.#publisher = new Publisher({
      ...{ store, clock, publishTimeout, terms, opened },
      verdictOn: (id, reply, i) => verdictOn(id, reply, i, result),
    })
    this.#calls = new Calls(store, this.#opening, clock, publishTimeout)
    this.#looking = new Looking({ ...settings, calls: this.#calls })
    this.#operator = new Operator(this.#calls)
    this.#sweeper = new Sweeper({ settings, store, opening: this.#opening, events: this.#events })
  }

  /** Listens to one event of this process; returns the function that stops listening. See `QueueEvents`. */
  on<Name extends keyof QueueEvents>(name: Name, listener: (...args: QueueEvents[Name]) => unknown): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * Puts an ID in, unless it is there already: the verdict tells. A string of at most 1,024 bytes, or a safe integer,
   * taken as its decimal text. Publishes of one tick go out as one script. Waits up to `publishTimeout` for a server
   * that is away, then rejects with UNAVAILABLE (nothing happened) or OUTCOME_UNKNOWN (it may have). What is wrong with
   * an option or the payload rejects with BAD_OPTION or BAD_PAYLOAD, and nothing of it is stored.
   */
  publish(id: string | number, ...[options]: PublishArgs<Payload>): Promise<Verdict<Result>> {
    return this.#publisher.publish(id, options) as Promise<Verdict<Result>>
  }

  /**
   * Many at once, IDs or `{ id, payload, … }`: a verdict each, in order. Everything is checked before anything is sent;
   * each 1,000, or 1 MiB, are atomic.
   */
  publishMany(items: Iterable<PublishItem<Payload>>): Promise<Verdict<Result>[]>
  /**
   * As they come, in constant memory: verdicts by callback, one call per batch, and counts at the end. What the callback
   * returns is waited for, also by `close()`: so it must not wait for that.
   */
  publishMany(
    items: AsyncIterable<PublishItem<Payload>>,
    options?: { readonly onVerdicts?: (verdicts: readonly Verdict<Result>[]) => unknown },
  ): Promise<VerdictCounts>
  async publishMany(items: unknown, options?: object): Promise<Verdict[] | VerdictCounts> {
    const { onVerdicts } = check<{ onVerdicts?: (verdicts: readonly Verdict[]) => unknown }>('publishMany', options)
    if (typeof items === 'object' && items !== null) {
      if (Symbol.asyncIterator in items)
        return this.#publisher.publishStream(items as AsyncIterable<unknown>, onVerdicts)
      if (Symbol.iterator in items) return this.#publisher.publishMany(items as Iterable<unknown>)
    }
    throw new ConvoyError('BAD_ID', `publishMany: expected an iterable of IDs, not ${show(items)}`)
  }

  /** Starts a worker: claim → run → settle, until it or the queue is closed. */
  process(handler: Handler<Payload, Result>, options?: ProcessOptions<Payload>): Worker {
    this.#refuseClosed()
    if (typeof handler !== 'function')
      throw new ConvoyError('BAD_HANDLER', `process: expected a function, not ${show(handler)}`)
    const settings = check<ProcessSettings>('process', options)
    const own = ownRunSettings(settings, this.#settings)
    const { lease, prefix, publishTimeout } = this.#settings
    // The guard goes by the queue's lease: below it, or renewed less often, an outage that the guard thinks short, or a clock
    // that is set, could cost a living job its claim.
    if (settings.lease !== undefined && settings.lease < lease) {
      throw new ConvoyError(
        'BAD_OPTION',
        `process: lease: expected at least the queue's lease, ${lease} ms, not ${settings.lease}`,
      )
    }
    const { heartbeat, ...rest } = { ...settings, ...own, lease: settings.lease ?? lease }
    const worker: Worker = new Worker({
      ...this.#settings,
      ...rest,
      beat: lease / 3,
      pulse: heartbeat?.start({ name: this.name, prefix, lease: rest.lease, jobTimeout: rest.jobTimeout }),
      handler: handler as Handler,
      store: this.#store,
      events: this.#events,
      opened: () => this.#opening.open('worker', { timeout: publishTimeout }),
      name: randomName(),
      closed: () => this.#workers.delete(worker),
    })
    this.#workers.add(worker)
    return worker
  }

  /**
   * Sweeps every `every` until closed. Any number may run, anywhere: one per interval does the work. `onJammed` hears of
   * what this process recovered, but not of what a sweep did whose answer was lost on the way: `totals.jammed` of
   * `stats()` counts that as well.
   */
  jamGuard(options?: JamGuardOptions, onJammed?: (jobs: readonly JammedJob[]) => unknown): Background {
    this.#refuseClosed()
    return this.#run(this.#sweeper.guard(options, onJammed))
  }

  /** One pass of the guard, for cron: resolves with what it recovered. May wait half a lease: see `sweepOnce`. */
  sweep(options?: SweepOptions): Promise<JammedJob[]> {
    return this.#sweeper.sweep(options)
  }

  /** The numbers of the queue, in constant time whatever it holds. */
  stats(): Promise<Stats> {
    return this.#looking.stats()
  }

  /** One line every `every`, with rates per second, until closed. */
  logStats(options?: { readonly every?: Duration; readonly logger?: Logger }): Background {
    this.#refuseClosed()
    const { every, logger = consoleLogger } = check<{ every: number; logger?: Logger }>('logStats', options)
    const { name } = this
    const onError = (error: ConvoyError): void => this.#events.emit('error', error)
    return this.#run((signal) =>
      logStats({ name, every, logger, clock: this.#settings.clock, signal, read: () => this.stats(), onError }),
    )
  }

  /** What is known of one ID. */
  async inspect(id: string | number): Promise<JobInfo<Payload>> {
    const [info] = await this.inspectMany([id])
    return info as JobInfo<Payload>
  }

  async inspectMany(ids: Iterable<string | number>): Promise<JobInfo<Payload>[]> {
    return (await this.#looking.inspect(ids)) as JobInfo<Payload>[]
  }

  /** A page of the IDs in one state; `failed` oldest first. `cursor` is null on the last page. */
  async list(state: ListedState, options?: Partial<Pick<ListRequest, 'cursor' | 'limit'>>): Promise<Page> {
    const { cursor, limit } = check<{ cursor: number; limit: number }>('list', options)
    if (!LISTED.includes(state)) {
      throw new ConvoyError('BAD_OPTION', `list: expected ${oneOf(LISTED)}, not ${show(state)}`)
    }
    return this.#looking.list({ state, cursor, limit })
  }

  /**
   * What the last run of an ID returned, where it was kept and its time is not over. Rejects with BAD_RESULT for one that
   * cannot be decoded.
   */
  async result(id: string | number): Promise<KeptResult<Result>> {
    return (await this.#looking.result(id)) as KeptResult<Result>
  }

  /** The lines its last runs logged, the oldest first, where they are still kept. */
  logOf(id: string | number): Promise<readonly string[]> {
    return this.#looking.logOf(id)
  }

  /**
   * Takes IDs out by hand, wherever they are; tells the state each was met in. A processing one's signal is aborted at
   * its next renewal (within a third of the lease), and it ends, uncounted, when its handler returns; published again
   * meanwhile, it runs after that. With `{ state }` all that are in it, a thousand at a time: tells how many that were; one
   * that has left the state by then, as it began or was published anew, is left alone. Where an answer was lost and the call
   * was sent again, what it tells is what the second sending met: each is marked `repeated`, and a number has only those.
   */
  withdraw(ids: Ids): Promise<Met[]>
  withdraw(all: { readonly state: ListedState }): Promise<number>
  async withdraw(ids: unknown): Promise<Met[] | number> {
    return this.#operator.withdraw(ids)
  }

  /**
   * Puts failed IDs in line again, attempts from zero, payload and priority as they were; tells the state each was met in:
   * one that is not failed is left where it is. A lost answer is told as by `withdraw`. With `'all'` every one, a thousand at
   * a time: tells how many that were. An ID named `all` is given as `['all']`.
   */
  retry(all: 'all'): Promise<number>
  retry(ids: Ids): Promise<Met[]>
  async retry(ids: unknown): Promise<Met[] | number> {
    return this.#operator.move('failed', ids)
  }

  /** The same of delayed ones: in line now, whatever they waited for, a backoff too. Attempts stay. */
  promote(all: 'all'): Promise<number>
  promote(ids: Ids): Promise<Met[]>
  async promote(ids: unknown): Promise<Met[] | number> {
    return this.#operator.move('delayed', ids)
  }

  /** Nothing is claimed any more, by no worker anywhere, until `resume()`. What runs goes on; publishes are taken. */
  async pause(): Promise<void> {
    await this.#operator.control('pause')
  }

  async resume(): Promise<void> {
    await this.#operator.control('resume')
  }

  /**
   * Withdraws all that waits and forgets all failures; what is processing goes on. Tells how many IDs that were: by the
   * answer of the last sending, if an earlier one's was lost.
   */
  clear(): Promise<number> {
    return this.#operator.control('clear')
  }

  /** Resolves once nothing is committed: nothing queued, delayed or processing. Looks up to five times a second. */
  async idle(options?: { readonly signal?: AbortSignal }): Promise<void> {
    const { signal } = check<{ signal?: AbortSignal }>('idle', options)
    for (let wait = 5; ; wait = Math.min(200, wait * 2)) {
      const { committed } = await unlessAborted(this.stats(), signal)
      if (committed === 0) return
      await pause(this.#settings.clock, wait, signal)
      if (signal?.aborted) throw new ConvoyError('ABORTED')
    }
  }

  /**
   * Resolves once the server has been reached and found fit; rejects with what is wrong with it. A right that the user
   * lacks is told by the first call that needs it, before it has written anything.
   */
  async ready(options?: WaitOptions): Promise<void> {
    this.#refuseClosed()
    const { timeout, signal } = check<{ timeout: number; signal?: AbortSignal }>('ready', options)
    const open = async (): Promise<void> => this.#opening.open(undefined, signal ? { timeout, signal } : { timeout })
    await unlessAborted(open(), signal)
  }

  /**
   * Claims nothing more, lets running jobs end (see `Worker.close`) and publishes go out, stops guards and logs, and
   * closes the connections we made: the process ends by itself. Later calls reject with CLOSED.
   */
  close(options?: CloseOptions): Promise<void> {
    const { timeout } = check<{ timeout: number }>('close', options)
    this.#closing ??= this.#close(timeout)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(timeout: number): Promise<void> {
    await Promise.all([
      this.#publisher.close(),
      ...Array.from(this.#background, (one) => one.close()),
      ...Array.from(this.#workers, (worker) => worker.close({ timeout })),
    ])
    await this.#store.close()
  }

  #run(loop: (signal: AbortSignal) => Promise<void>): Background {
    const one = background(loop, (it) => this.#background.delete(it))
    this.#background.add(one)
    return one
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new ConvoyError('CLOSED')
  }
}
