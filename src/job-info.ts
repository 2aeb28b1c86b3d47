import { type Failure, readFailure } from './failure.js'
import { readToken } from './job.js'
import { type Serializer, unpackPayload } from './payload.js'
import { type Progress, readProgress } from './report.js'
import type { Inspection, State } from './store.js'

/** What is known of an ID, as `inspect()` tells it. Times are the server's. */
export interface JobInfo<Payload = unknown> {
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
  /** What was published with it; absent when nothing was. */
  readonly payload?: Payload
  /** What is wrong with its payload, when it cannot be decoded. */
  readonly payloadError?: string
  /** -1,000 to 1,000; absent for 0. */
  readonly priority?: number
  /** delayed */
  readonly dueAt?: Date
  /** processing: what the handler last reported */
  readonly progress?: Progress
  /** remembered */
  readonly rememberedUntil?: Date
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

export function jobInfo(seen: Inspection, serializer: Serializer<unknown>): JobInfo {
  const { id, state, attempts, jams, failures, dueAt, error, failedAt, payload, priority, progress, forgetAt } = seen
  return {
    id,
    state,
    attempt: attempts + 1,
    jams,
    failures,
    ...(error === undefined ? {} : { error: { ...readFailure(error), at: new Date(failedAt ?? 0) } }),
    ...(payload === undefined ? {} : payloadOf(payload, serializer)),
    ...(priority === undefined ? {} : { priority }),
    ...(dueAt === undefined ? {} : { dueAt: new Date(dueAt) }),
    ...(progress === undefined ? {} : { progress: readProgress(progress) }),
    ...(forgetAt === undefined ? {} : { rememberedUntil: new Date(forgetAt) }),
    ...(seen.token === undefined ? {} : { claim: claimOf(seen, seen.token) }),
  }
}

/** One payload that cannot be read hides nothing of the others, nor of its ID. */
function payloadOf(text: string, serializer: Serializer<unknown>): Pick<JobInfo, 'payload' | 'payloadError'> {
  try {
    return { payload: unpackPayload(serializer, text) }
  } catch (error) {
    return { payloadError: (error as Error).message }
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
