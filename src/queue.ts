import { randomBytes } from 'node:crypto'
import { ConvoyError } from './errors.js'
import { Events, type QueueEvents } from './events.js'
import { jamGuard, type Sweeping, sweepOnce } from './jam-guard.js'
import { checkId, type Handler, type JammedJob } from './job.js'
import { type JobInfo, jobInfo } from './job-info.js'
import { type Background, background } from './life.js'
import { Opening } from './opening.js'
import {
  type CloseOptions,
  check,
  type JamGuardOptions,
  type ProcessOptions,
  type ProcessSettings,
  type SweepOptions,
  type WaitOptions,
} from './options.js'
import { checkPresets } from './presets.js'
import { chunksOf, Publisher } from './publisher.js'
import type { Inside, QueueSettings } from './queue-settings.js'
import { ownRunSettings } from './run-options.js'
import { consoleLogger, type Logger, logStats, type Stats, statsOf } from './stats.js'
import type { ListedState, ListRequest, Page, Patience, Role, State, Store } from './store.js'
import { type Duration, pause, show } from './time.js'
import type { Verdict, VerdictCounts } from './verdict.js'
import { Worker } from './worker/worker.js'

/** For optional entries alone: they see the queue, and it sees none of them. */
export let insideOf: (queue: Queue) => Inside

/** One queue, as one process sees it. Making it does no I/O; the first call connects. See `createQueue`. */
export class Queue<Payload = void, Result = unknown> {
  static {
    insideOf = (queue) => ({
      settings: queue.#settings,
      store: queue.#store,
      call: (role, verb) => queue.#call(role, (patience) => verb(queue.#store, patience)),
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
  readonly #workers = new Set<Worker>()
  readonly #background = new Set<Background>()
  readonly #opening: Opening
  #closing: Promise<void> | undefined

  /** @internal Use `createQueue`. */
  constructor(settings: QueueSettings) {
    const { name, prefix, durability, openStore, clock, publishTimeout } = settings
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
    this.#opening = new Opening(this.#store, settings, () => this.#events.emit('optionsDiffer'))
    const opened = (patience: Patience): Promise<void> => this.#opening.open('publisher', patience)
    this.#publisher = new Publisher({ store: this.#store, clock, publishTimeout, opened })
  }

  /** Listens to one event of this process; returns the function that stops listening. See `QueueEvents`. */
  on<Name extends keyof QueueEvents>(name: Name, listener: (...args: QueueEvents[Name]) => unknown): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * Puts an ID in, unless it is there already: the verdict tells. A string of at most 1,024 bytes, or a safe integer,
   * taken as its decimal text. Publishes of one tick go out as one script. Waits up to `publishTimeout` for a server
   * that is away, then rejects with UNAVAILABLE (nothing happened) or OUTCOME_UNKNOWN (it may have).
   */
  publish(id: string | number): Promise<Verdict> {
    return this.#publisher.publish(id)
  }

  /** Many at once: a verdict each, in order. Every ID is checked before the first is sent; each 1,000 are atomic. */
  publishMany(ids: Iterable<string | number>): Promise<Verdict[]>
  /** As they come, in constant memory: verdicts by callback, one call per batch, and counts at the end. */
  publishMany(
    ids: AsyncIterable<string | number>,
    options?: { readonly onVerdicts?: (verdicts: readonly Verdict[]) => unknown },
  ): Promise<VerdictCounts>
  async publishMany(ids: unknown, options?: object): Promise<Verdict[] | VerdictCounts> {
    const { onVerdicts } = check<{ onVerdicts?: (verdicts: readonly Verdict[]) => unknown }>('publishMany', options)
    if (typeof ids === 'object' && ids !== null) {
      if (Symbol.asyncIterator in ids) return this.#publisher.publishStream(ids as AsyncIterable<unknown>, onVerdicts)
      if (Symbol.iterator in ids) return this.#publisher.publishMany(ids as Iterable<unknown>)
    }
    throw new ConvoyError('BAD_ID', `publishMany: expected an iterable of IDs, not ${show(ids)}`)
  }

  /** Starts a worker: claim → run → settle, until it or the queue is closed. */
  process(handler: Handler<Payload, Result>, options?: ProcessOptions<Payload>): Worker {
    this.#refuseClosed()
    if (typeof handler !== 'function')
      throw new ConvoyError('BAD_HANDLER', `process: expected a function, not ${show(handler)}`)
    const settings = check<ProcessSettings>('process', options)
    const own = ownRunSettings(settings, this.#settings)
    const { lease, prefix, publishTimeout } = this.#settings
    // The guard goes by the queue's lease: below it, an outage that the guard thinks short could cost a living job its claim.
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
    const { every, maxJams } = check<{ every: number; maxJams?: number }>('jamGuard', options)
    if (onJammed !== undefined && typeof onJammed !== 'function') {
      throw new ConvoyError('BAD_HANDLER', `jamGuard: expected a function, not ${show(onJammed)}`)
    }
    const timeout = Math.max(every, this.#settings.publishTimeout)
    const sweeping = this.#sweeping('jamGuard', maxJams)
    return this.#run((signal) =>
      jamGuard({
        ...sweeping,
        signal,
        every,
        id: randomName(),
        events: this.#events,
        timeout,
        opened: () => this.#opening.open('guard', { timeout, signal }),
        ...(onJammed ? { onJammed } : {}),
      }),
    )
  }

  /** One pass of the guard, for cron: resolves with what it recovered. May wait half a lease: see `sweepOnce`. */
  async sweep(options?: SweepOptions): Promise<JammedJob[]> {
    const given = check<{ maxJams?: number; signal?: AbortSignal }>('sweep', options)
    const { maxJams, signal = new AbortController().signal } = given
    const timeout = this.#settings.publishTimeout
    const sweeping = this.#sweeping('sweep', maxJams)
    await this.#opening.open('guard', { timeout, signal })
    const jammed = await sweepOnce({ ...sweeping, signal }, timeout)
    if (jammed.length > 0) this.#events.emit('jammed', jammed)
    return jammed
  }

  /** The numbers of the queue, in constant time whatever it holds. */
  async stats(): Promise<Stats> {
    return statsOf(await this.#call('dashboard', (patience) => this.#store.counts(patience)))
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
  async inspect(id: string | number): Promise<JobInfo> {
    const [info] = await this.inspectMany([id])
    return info as JobInfo
  }

  async inspectMany(ids: Iterable<string | number>): Promise<JobInfo[]> {
    const seen = await this.#inChunks('dashboard', checkIds(ids), (some, patience) =>
      this.#store.inspect(some, patience),
    )
    return seen.map(jobInfo)
  }

  /** A page of the IDs in one state; `failed` oldest first. `cursor` is null on the last page. */
  async list(state: ListedState, options?: Partial<Pick<ListRequest, 'cursor' | 'limit'>>): Promise<Page> {
    const { cursor, limit } = check<{ cursor: number; limit: number }>('list', options)
    if (!['queued', 'delayed', 'processing', 'failed'].includes(state)) {
      throw new ConvoyError('BAD_OPTION', `list: expected queued, delayed, processing or failed, not ${show(state)}`)
    }
    return this.#call('dashboard', (patience) => this.#store.list({ state, cursor, limit }, patience))
  }

  /**
   * Takes IDs out by hand, wherever they are; tells the state each was met in. A processing one's signal is aborted at
   * its next renewal (within a third of the lease), and it ends, uncounted, when its handler returns; published again meanwhile, it runs after that.
   */
  async withdraw(ids: Iterable<string | number>): Promise<{ readonly id: string; readonly was: State }[]> {
    const checked = checkIds(ids)
    const states = await this.#inChunks('operator', checked, (some, patience) => this.#store.withdraw(some, patience))
    return checked.map((id, i) => ({ id, was: states[i] as State }))
  }

  /** Withdraws all that waits and forgets all failures; what is processing goes on. Tells how many IDs that were. */
  async clear(): Promise<number> {
    return (await this.#call('operator', (patience) => this.#store.control({ order: 'clear' }, patience))).count
  }

  /** Resolves once nothing is committed: nothing queued, delayed or processing. Looks up to five times a second. */
  async idle(options?: { readonly signal?: AbortSignal }): Promise<void> {
    const { signal } = check<{ signal?: AbortSignal }>('idle', options)
    for (let wait = 5; ; wait = Math.min(200, wait * 2)) {
      const { committed } = await this.stats()
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
    const { timeout, signal } = check<{ timeout: number; signal?: AbortSignal }>('ready', options)
    await this.#opening.open(undefined, signal ? { timeout, signal } : { timeout })
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

  #sweeping(call: string, maxJams = this.#settings.maxJams): Omit<Sweeping, 'signal'> {
    const { clock, keepFailed, lease, policy, presets } = this.#settings
    checkPresets(call, { maxJams }, presets)
    return { store: this.#store, clock, keepFailed, lease, maxJams, ordered: policy?.ordered === true }
  }

  /** A verb of the store, once the server has been checked, with the patience of a publish. */
  async #call<T>(role: Role, verb: (patience: Patience) => Promise<T>): Promise<T> {
    const { clock, publishTimeout } = this.#settings
    const until = clock.now() + publishTimeout
    await this.#opening.open(role, { timeout: publishTimeout })
    return verb({ timeout: Math.max(0, until - clock.now()) })
  }

  async #inChunks<T>(
    role: Role,
    ids: readonly string[],
    verb: (ids: readonly string[], patience: Patience) => Promise<readonly T[]>,
  ): Promise<T[]> {
    const all: T[] = []
    for (const { ids: some } of chunksOf(ids)) all.push(...(await this.#call(role, (patience) => verb(some, patience))))
    return all
  }
}

/** One ID, or any number of them. */
function checkIds(ids: Iterable<string | number> | number): string[] {
  if (typeof ids === 'string' || typeof ids === 'number') return [checkId(ids)]
  if (typeof ids === 'object' && ids !== null && Symbol.iterator in ids) return Array.from(ids, checkId)
  throw new ConvoyError('BAD_ID', `expected an iterable of IDs, not ${show(ids)}`)
}

/** 32 of a-f 0-9: 128 random bits. */
function randomName(): string {
  return randomBytes(16).toString('hex')
}
