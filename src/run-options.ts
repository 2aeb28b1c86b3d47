import type { Rules } from './check.js'
import { checkLimit, type Limit } from './limits.js'
import type { StepPolicy } from './policy.js'
import { checkPresets, type Delivery, type Preset, presetsOf } from './presets.js'
import { ATTEMPTS, type RetryOptions, type RetryPolicy, retryPolicy } from './retries.js'
import type { Duration } from './time.js'

/** What may be said of a queue, and otherwise of one worker. */
export interface OwnRunOptions<Payload = unknown> extends RetryOptions<Payload> {
  /** How long what a handler returns is kept; `job.keep` says otherwise for one run. Default 0: it is not even encoded. */
  readonly keepResult?: Duration
}

/** How the jobs of a queue run: one definition for all of its processes. */
export interface RunOptions<Payload = unknown> extends OwnRunOptions<Payload> {
  /** How long what jobs log is kept after the last line of it. Default one day; of each ID at most 64 KiB, the newest. */
  readonly keepLog?: Duration
  /** What all workers may do together. Price: nothing can be claimed ahead. */
  readonly limit?: Limit
  /**
   * One run at a time over all processes, in strict order: whatever fails, jams or waits for its next attempt goes to the
   * head of the line and holds the line until it is done, has failed for good or is withdrawn. Default false.
   */
  readonly ordered?: boolean
  readonly delivery?: Delivery
}

/** The rows of `createQueue`: see OPTIONS. */
export const RUN_RULES: Rules = {
  attempts: {
    kind: 'other',
    fallback: 1,
    ...ATTEMPTS,
    about: 'tries until a failure is final, or a function of the job',
  },
  backoff: {
    kind: 'other',
    fallback: undefined,
    about:
      "wait before the next attempt: a duration, a function of attempt, error and job, or `{ type: 'exponential', delay, cap, jitter }`, which it is otherwise (1 s, 1 h, 0.5)",
  },
  retryIf: { kind: 'function', fallback: undefined, about: 'of error and job: false makes the failure final' },
  keepResult: {
    kind: 'duration',
    fallback: 0,
    least: 0,
    about: 'how long what a handler returns is kept; 0 = it is not',
  },
  keepLog: { kind: 'duration', fallback: 86_400_000, least: 1, about: 'how long what jobs log is kept' },
  limit: {
    kind: 'other',
    fallback: undefined,
    about: '`{ active, rate: { max, per } }`: what all workers may run, and claim in a window; shared',
  },
  ordered: { kind: 'boolean', fallback: false, about: 'one run at a time over all processes, in strict order; shared' },
  delivery: {
    kind: 'choice',
    choices: ['at-least-once', 'at-most-once'],
    fallback: 'at-least-once',
    about: 'at most once: what began is never begun again; shared',
  },
}

/** The rows of `process`. */
export const OWN_RUN_RULES: Rules = {
  attempts: { kind: 'other', fallback: undefined, ...ATTEMPTS, about: "else the queue's" },
  backoff: { kind: 'other', fallback: undefined, about: "else the queue's" },
  retryIf: { kind: 'function', fallback: undefined, about: "else the queue's" },
  keepResult: { kind: 'duration', fallback: undefined, least: 0, about: "else the queue's" },
}

/** What one worker goes by. */
export interface OwnRunSettings {
  readonly retries: RetryPolicy
  /** ms */
  readonly keepResult: number
}

/** `RunOptions` once checked. */
export interface RunSettings extends OwnRunSettings {
  readonly keepLog: number
  /** For each step; absent when nothing of it is asked for. */
  readonly policy?: StepPolicy
  readonly delivery: Delivery
  readonly presets: readonly Preset[]
}

/** As `check` gives them: durations in ms, the rest as it was given. */
export interface CheckedRunOptions extends Omit<RunOptions, 'keepResult' | 'keepLog'> {
  readonly keepResult: number
  readonly keepLog: number
  readonly ordered: boolean
  readonly delivery: Delivery
}

/** `given` is what the caller said himself: a default does not contradict a preset. Throws BAD_OPTION. */
export function runSettings(checked: CheckedRunOptions, given: object | undefined, memory: Memory): RunSettings {
  const { keepResult, keepLog, ordered, delivery } = checked
  const limit = checkLimit(checked.limit)
  const presets = presetsOf({ ordered, delivery, limited: Object.keys(limit).length > 0 })
  checkPresets('createQueue', { ...given, 'limit.active': limit.active }, presets)
  const policy = { ...remembering(memory), ...limit, ...(ordered ? { active: 1, ordered } : {}) }
  return {
    keepResult,
    keepLog,
    delivery,
    presets,
    retries: retryPolicy('createQueue', checked),
    ...(Object.keys(policy).length > 0 ? { policy } : {}),
  }
}

/** What a worker goes by: its own options, or else its queue's. Throws BAD_OPTION. */
export function ownRunSettings(checked: OwnRunOptions & { keepResult?: number }, queue: RunSettings): OwnRunSettings {
  checkPresets('process', checked, queue.presets)
  return {
    retries: retryPolicy('process', checked, queue.retries),
    keepResult: checked.keepResult ?? queue.keepResult,
  }
}

/** How long done IDs are remembered, ms, as `dedupe` says. */
type Memory = Required<Pick<StepPolicy, 'remember' | 'rememberFrom'>>

function remembering({ remember, rememberFrom }: Memory): Partial<Memory> {
  return remember > 0 ? { remember, ...(rememberFrom === 'publish' ? { rememberFrom } : {}) } : {}
}
