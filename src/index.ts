/** The public names; no logic. */
export { createQueue } from './create-queue.js'
export type { CallDedupe, Dedupe, DedupeOptions } from './dedupe.js'
export type { Durability } from './durability.js'
export { ConvoyError, ERROR_CODES, type ErrorCode } from './errors.js'
export type { QueueEvents } from './events.js'
export type { Failure } from './failure.js'
export type { Totals } from './figures.js'
export type { Handler, JammedJob, Job } from './job.js'
export type { JobInfo } from './job-info.js'
export type { Background } from './life.js'
export type { Limit } from './limits.js'
export type { KeptResult } from './looking.js'
export { memoryStore } from './memory/store.js'
export type { Met } from './operator.js'
export type {
  CloseOptions,
  JamGuardOptions,
  ProcessOptions,
  QueueOptions,
  SweepOptions,
  WaitOptions,
} from './options.js'
export type { Serializer } from './payload.js'
export type { Delivery } from './presets.js'
export { PRIORITIES, type Priority } from './priority.js'
export type { PublishItem, PublishOptions } from './publish-options.js'
export type { AnyQueue, Queue } from './queue.js'
export { type RedisStoreOptions, redisStore } from './redis/store.js'
export type { Progress } from './report.js'
export {
  type Backoff,
  type ExponentialBackoff,
  type Retry,
  type RetryOptions,
  UnrecoverableError,
} from './retries.js'
export type { OwnRunOptions, RunOptions } from './run-options.js'
export type { Logger, Stats } from './stats.js'
export { type SteppedClock, steppedClock } from './stepped-clock.js'
export type { ListedState, OpenStore, State, Store } from './store.js'
export type { Clock, Duration, DurationParts, PointInTime } from './time.js'
export type { Outcome, Verdict, VerdictCounts } from './verdict.js'
export type { Worker } from './worker/worker.js'
