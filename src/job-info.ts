import { type Failure, readFailure } from './failure.js'
import { readToken } from './job.js'
import type { Inspection, State } from './store.js'

/** What is known of an ID, as `inspect()` tells it. Times are the server's. */
export interface JobInfo {
  readonly id: string
  readonly state: State
  /** The try that is running or comes next, 1 for the first. */
  readonly attempt: number
  /** Jams since it entered. */
  readonly jams: number
  /** How often it failed since it last succeeded. */
  readonly failures: number
  /** The last failure, if it is still kept. */
  readonly error?: Failure & { readonly at: Date }
  /** delayed */
  readonly dueAt?: Date
  /** processing */
  readonly claim?: {
    readonly worker: string
    readonly epoch: number
    readonly startedAt: Date
    readonly leaseEnd: Date
    /** Claimed ahead, not started. */
    readonly ahead: boolean
    /** Withdrawn by hand: it ends when its handler returns, whatever that says. */
    readonly withdrawn: boolean
    /** Published again: one more run follows. */
    readonly owed: boolean
  }
}

export function jobInfo(seen: Inspection): JobInfo {
  const { id, state, attempts, jams, failures, dueAt, error, failedAt } = seen
  return {
    id,
    state,
    attempt: attempts + 1,
    jams,
    failures,
    ...(error === undefined ? {} : { error: { ...readFailure(error), at: new Date(failedAt ?? 0) } }),
    ...(dueAt === undefined ? {} : { dueAt: new Date(dueAt) }),
    ...(seen.token === undefined ? {} : { claim: claimOf(seen, seen.token) }),
  }
}

function claimOf(seen: Inspection, token: string): NonNullable<JobInfo['claim']> {
  const { worker, epoch, startedAt } = readToken(token)
  return {
    worker,
    epoch,
    startedAt: new Date(startedAt),
    leaseEnd: new Date(seen.leaseEnd ?? 0),
    ahead: seen.ahead === true,
    withdrawn: seen.withdrawn === true,
    owed: seen.owed === true,
  }
}
