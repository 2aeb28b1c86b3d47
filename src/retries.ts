import { checkBy, checkOption, type Rule, type Rules } from './check.js'
import { ConvoyError } from './errors.js'
import type { Job } from './job.js'
import { type Duration, show } from './time.js'

/** Thrown by a handler that knows that no further attempt can help: the job fails for good, whatever attempts are left. */
export class UnrecoverableError extends Error {
  override readonly name = 'UnrecoverableError'
}

/** Whether a failed attempt is followed by another, and when. */
export interface RetryOptions<Payload = unknown> {
  /** How often an ID is tried at most, or what tells it of a job. Default 1: the first failure is final. Jams are not attempts. */
  readonly attempts?: number | ((job: Job<Payload>) => number)
  /**
   * How long a failed attempt waits for the next, at least. A duration is the same each time. Default: exponential from 1 s,
   * since what failed mostly needs time to come right: attempts made at once are spent on one and the same outage.
   */
  readonly backoff?: Backoff<Payload>
  /** False for what no further attempt can help. Default: all but an `UnrecoverableError` may be tried again. */
  readonly retryIf?: (error: unknown, job: Job<Payload>) => boolean
}

export type Backoff<Payload = unknown> =
  | Duration
  | ExponentialBackoff
  | ((attempt: number, error: unknown, job: Job<Payload>) => Duration)

/** `delay` after the first attempt, twice as long after each further one, up to `cap`. */
export interface ExponentialBackoff {
  readonly type: 'exponential'
  /** Default 1 s. */
  readonly delay?: Duration
  /** Default 1 h. */
  readonly cap?: Duration
  /**
   * 0 to 1, default 0.5: by up to this part it is shortened, as chance has it, so that what failed together does not come
   * back together.
   */
  readonly jitter?: number
}

/** What `retrying` tells of a failed attempt that is followed by another. */
export interface Retry {
  /** The one that failed, 1 for the first. */
  readonly attempt: number
  /** ms until the next, at the earliest. */
  readonly delay: number
}

/** `RetryOptions` once checked. */
export interface RetryPolicy {
  readonly attempts: number | ((job: Job) => number)
  /** ms. */
  readonly backoff: (attempt: number, error: unknown, job: Job, chance: () => number) => number
  readonly retryIf: ((error: unknown, job: Job) => boolean) | undefined
}

/** The bounds of `attempts`, whoever says them. */
export const ATTEMPTS: Pick<Rule, 'least' | 'most'> = { least: 1, most: 1_000_000 }
const ATTEMPTS_RULE: Rule = { kind: 'integer', fallback: 1, about: '', ...ATTEMPTS }
/** No server's clock of this century carries this past the year 9999. */
export const LONGEST = 250_000_000_000_000
/** The bounds of any delay. */
export const DELAY: Rule = { kind: 'duration', fallback: undefined, least: 0, most: LONGEST, about: '' }
const EXPONENTIAL: Rules = {
  type: { kind: 'choice', choices: ['exponential'], fallback: undefined, about: '' },
  delay: { kind: 'duration', fallback: 1_000, least: 0, most: LONGEST, about: '' },
  cap: { kind: 'duration', fallback: 3_600_000, least: 0, most: LONGEST, about: '' },
  jitter: { kind: 'other', fallback: 0.5, about: '' },
}

/** The policy of these options; what they leave open is as in `otherwise`. Throws BAD_OPTION. */
export function retryPolicy(call: string, given: RetryOptions, otherwise: RetryPolicy = DEFAULT): RetryPolicy {
  const { attempts, backoff, retryIf } = given
  return {
    attempts: attempts === undefined ? otherwise.attempts : checkAttempts(`${call}: attempts`, attempts),
    backoff: backoff === undefined ? otherwise.backoff : checkBackoff(`${call}: backoff`, backoff),
    retryIf: retryIf ?? otherwise.retryIf,
  }
}

/**
 * ms until the next attempt, or undefined when this failure is final. Throws what the caller's functions throw, and
 * BAD_OPTION when what they say is of no use.
 */
export function retryDelay(policy: RetryPolicy, job: Job, error: unknown, chance: () => number): number | undefined {
  const { attempts, backoff, retryIf } = policy
  const most = typeof attempts === 'number' ? attempts : said('attempts()', ATTEMPTS_RULE, attempts(job))
  if (job.attempt >= most || isUnrecoverable(error)) return undefined
  if (retryIf && !checkAnswer(retryIf(error, job))) return undefined
  return backoff(job.attempt, error, job, chance)
}

function checkAttempts(where: string, given: NonNullable<RetryOptions['attempts']>): RetryPolicy['attempts'] {
  return typeof given === 'function' ? given : (checkOption(where, ATTEMPTS_RULE, given) as number)
}

function checkBackoff(where: string, given: Backoff): RetryPolicy['backoff'] {
  if (typeof given === 'function') {
    return (attempt, error, job) => said('backoff()', DELAY, given(attempt, error, job))
  }
  if (typeof given === 'object' && given !== null && 'type' in given) return exponential(where, given)
  const delay = checkOption(where, DELAY, given) as number
  return () => delay
}

function exponential(where: string, given: ExponentialBackoff): RetryPolicy['backoff'] {
  const { delay, cap, jitter } = checkBy<{ delay: number; cap: number; jitter: unknown }>(EXPONENTIAL, where, given)
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    throw new ConvoyError('BAD_OPTION', `${where}: jitter: expected a number from 0 to 1, not ${show(jitter)}`)
  }
  return (attempt, _error, _job, chance) =>
    // 2 ** 1024 is Infinity, and no time at all as often is none.
    Math.round(Math.min(cap, delay * 2 ** Math.min(attempt - 1, 64)) * (jitter > 0 ? 1 - jitter * chance() : 1))
}

const DEFAULT: RetryPolicy = {
  attempts: 1,
  backoff: exponential('backoff', { type: 'exponential' }),
  retryIf: undefined,
}

/** What a function of the caller's says; it has no default. */
function said(where: string, rule: Rule, value: unknown): number {
  return checkOption(where, rule, value ?? null) as number
}

/** A promise would be taken for a yes, whatever it comes to. */
function checkAnswer(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer
  throw new ConvoyError('BAD_OPTION', `retryIf(): expected true or false, not ${show(answer)}`)
}

/** What was thrown may be an object that throws when it is looked at. */
function isUnrecoverable(error: unknown): boolean {
  try {
    return error instanceof UnrecoverableError
  } catch {
    return false
  }
}
