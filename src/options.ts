import { checkBy, type Rules, SIGNAL } from './check.js'
import type { Durability } from './durability.js'
import { jsonSerializer, type Serializer } from './payload.js'
import { TERMS_RULES, type TermsOptions } from './publish-options.js'
import type { Heartbeat } from './pulse.js'
import type { RetryOptions } from './retries.js'
import { OWN_RUN_RULES, type OwnRunOptions, RUN_RULES, type RunOptions } from './run-options.js'
import type { OpenStore } from './store.js'
import type { Clock, Duration } from './time.js'

/** The calls that take options. */
export type Call =
  | 'createQueue'
  | 'process'
  | 'jamGuard'
  | 'sweep'
  | 'logStats'
  | 'publishMany'
  | 'list'
  | 'ready'
  | 'idle'
  | 'close'

/**
 * Every option: default, bounds, what it is. One check reads this table, and the README's is held equal to it by a test.
 * Durations are in ms here; options take them as `Duration`.
 */
export const OPTIONS: Readonly<Record<Call, Rules>> = {
  createQueue: {
    store: {
      kind: 'other',
      fallback: undefined,
      about:
        'a URL, `memoryStore()` or `redisStore({ … })`; else `CONVOY_STORE`, else `REDIS_URL`, else `redis://localhost:6379`',
    },
    redis: {
      kind: 'other',
      fallback: undefined,
      about: 'your own node-redis client, cluster, sentinel, or a pool for publishing; borrowed, never closed',
    },
    prefix: { kind: 'other', fallback: 'convoy', about: 'first part of every key' },
    publishTimeout: {
      kind: 'duration',
      fallback: 10_000,
      least: 1,
      about: 'how long a call waits for a server that is away',
    },
    durability: { kind: 'other', fallback: 'memory', about: '`memory`, `disk` or `{ replicas, timeout }`, checked' },
    lease: {
      kind: 'duration',
      fallback: 30_000,
      least: 100,
      about: 'how long a claim holds without renewal; shared by all processes',
    },
    maxJams: {
      kind: 'integer',
      fallback: 3,
      least: 0,
      most: 1_000_000,
      about: 'jams after which the next one fails the ID; shared',
    },
    keepFailed: {
      kind: 'integer',
      fallback: 10_000,
      least: 0,
      most: 10_000_000,
      about: 'failed IDs remembered with their error; shared',
    },
    serializer: {
      kind: 'object',
      has: ['encode', 'decode'],
      fallback: jsonSerializer,
      about: 'how payloads become strings or bytes, and come back; else JSON',
    },
    resultSerializer: {
      kind: 'object',
      has: ['encode', 'decode'],
      fallback: jsonSerializer,
      about: 'the same of results',
    },
    ...TERMS_RULES,
    ...RUN_RULES,
    clock: {
      kind: 'object',
      has: ['now', 'setTimer', 'clearTimer'],
      fallback: undefined,
      about: 'timers of this process, for tests',
    },
  },
  process: {
    concurrency: { kind: 'integer', fallback: 1, least: 1, most: 100_000, about: 'handlers at once' },
    prefetch: { kind: 'integer', fallback: 0, least: 0, most: 100_000, about: 'IDs claimed ahead of a free slot' },
    lease: {
      kind: 'duration',
      fallback: undefined,
      least: 100,
      about: "this worker's lease, at least the queue's, which is its default; renewed at each third of the queue's",
    },
    jobTimeout: {
      kind: 'duration',
      fallback: 0,
      least: 0,
      about: 'aborts the signal of a job that runs longer; 0 = never',
    },
    abortGrace: {
      kind: 'duration',
      fallback: 30_000,
      least: 0,
      about: 'how long an aborted handler may take to return',
    },
    ...OWN_RUN_RULES,
    heartbeat: {
      kind: 'object',
      has: ['start'],
      fallback: undefined,
      about: '`heartbeat()` of `convoy-queue/heartbeat`: renews while the event loop stands still',
    },
  },
  jamGuard: {
    every: { kind: 'duration', fallback: 5_000, least: 10, about: 'time between sweeps' },
    maxJams: { kind: 'integer', fallback: undefined, least: 0, most: 1_000_000, about: "else the queue's" },
  },
  sweep: {
    maxJams: { kind: 'integer', fallback: undefined, least: 0, most: 1_000_000, about: "else the queue's" },
    signal: { kind: 'object', has: SIGNAL, fallback: undefined, about: 'ends the wait of a sweep that came late' },
  },
  logStats: {
    every: { kind: 'duration', fallback: 10_000, least: 10, about: 'time between lines' },
    logger: {
      kind: 'object',
      has: ['info'],
      fallback: undefined,
      about: "anything with pino's `info(object, text)`; else the console",
    },
  },
  publishMany: {
    onVerdicts: {
      kind: 'function',
      fallback: undefined,
      about: "gets each batch's verdicts, for an async iterable",
    },
  },
  list: {
    cursor: {
      kind: 'integer',
      fallback: 0,
      least: 0,
      most: Number.MAX_SAFE_INTEGER,
      about: 'where the page before ended',
    },
    limit: { kind: 'integer', fallback: 100, least: 1, most: 1_000, about: 'IDs in a page' },
  },
  ready: {
    timeout: { kind: 'duration', fallback: 10_000, least: 0, about: 'when to give up' },
    signal: { kind: 'object', has: SIGNAL, fallback: undefined, about: 'gives up sooner' },
  },
  idle: {
    signal: { kind: 'object', has: SIGNAL, fallback: undefined, about: 'gives up sooner' },
  },
  close: {
    timeout: {
      kind: 'duration',
      fallback: 30_000,
      least: 0,
      about: 'how long running jobs may take before they are aborted',
    },
  },
}

/**
 * Checks the options of one call and fills in defaults. Unknown names throw with a suggestion; the caller's object is
 * never touched. What comes back has every option of the table; `Settings` says how the caller reads it.
 */
export function check<Settings>(call: Call, given: object | undefined): Settings {
  return checkBy(OPTIONS[call], call, given)
}

export interface QueueOptions<Payload = void, Result = unknown> extends TermsOptions, RunOptions<Payload> {
  readonly store?: string | OpenStore
  readonly redis?: object
  readonly prefix?: string
  /**
   * How long a publish, or any other call but a worker's, waits for a server that is away. Default 10 s, least 1 ms.
   * Then it rejects: `UNAVAILABLE` when nothing was sent, `OUTCOME_UNKNOWN` when it may have happened.
   */
  readonly publishTimeout?: Duration
  /** What the answer to a publish is worth; checked at the start. Default `'memory'`, which costs nothing. */
  readonly durability?: Durability
  /**
   * How long a claim holds without renewal. Default 30 s, least 100 ms. The worker renews at a third of it. When it
   * lapses the next sweep returns the job: a crash delays a job by `lease + every` at most (half a lease more when nobody had swept before), and a process that stalls
   * that long can see it run twice (its settle answers `lost`).
   */
  readonly lease?: Duration
  /** A jam more than this fails the ID. Default 3; with 0 the first lapse is final. */
  readonly maxJams?: number
  /** Failed IDs remembered with their error, at most 4 KiB each; the oldest go first. Default 10,000. */
  readonly keepFailed?: number
  /**
   * How payloads become strings or bytes, and come back. Default JSON. The same in all processes: what a worker cannot
   * decode fails its job with BAD_PAYLOAD.
   */
  readonly serializer?: Serializer<Payload>
  readonly resultSerializer?: Serializer<Result>
  readonly clock?: Clock
}

export interface ProcessOptions<Payload = unknown> extends OwnRunOptions<Payload> {
  /** Handlers at once, in this worker. Default 1. */
  readonly concurrency?: number
  /**
   * IDs claimed ahead of a free slot, so that a round trip is never waited for. Default 0. Price: a crash delays that
   * many more, and other workers idle meanwhile. Claimed ahead and not started, a lapse counts nothing.
   */
  readonly prefetch?: number
  readonly lease?: Duration
  /** Aborts the signal of a job that runs longer; once the handler returns the try fails as JOB_TIMEOUT. Default 0: never. */
  readonly jobTimeout?: Duration
  /** How long an aborted handler may take to return before its slot is freed all the same. Default 30 s. */
  readonly abortGrace?: Duration
  /** Renews claims while handlers block the event loop; `heartbeat()` of `convoy-queue/heartbeat` makes one. Default none. */
  readonly heartbeat?: Heartbeat
}

/** `ProcessOptions` once checked, ms. */
export interface ProcessSettings extends RetryOptions {
  readonly keepResult?: number
  readonly concurrency: number
  readonly prefetch: number
  readonly lease?: number
  readonly jobTimeout: number
  readonly abortGrace: number
  readonly heartbeat?: Heartbeat
}

export interface JamGuardOptions {
  /** Time between sweeps. Default 5 s. Above half a lease, a recovery takes half a lease more. */
  readonly every?: Duration
  readonly maxJams?: number
}

export interface SweepOptions {
  readonly maxJams?: number
  readonly signal?: AbortSignal
}

export interface CloseOptions {
  readonly timeout?: Duration
}

export interface WaitOptions {
  readonly timeout?: Duration
  readonly signal?: AbortSignal
}
